//! What became of the cleanups.

use std::fmt::{self, Write};

use crate::util::OneLine;

/// What became of the cleanups of a fence that cancelled, and of the fences and groups inside it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let limits = Fencing::new().timeout(Duration::from_secs(1)).cleanup_within(Duration::from_secs(2));
/// let body = async {
///     fence::on_cancel(sleep(Duration::from_secs(60))); // much too slow, but the last to run
///     fence::on_cancel(async { panic!("no such lock") });
///     fence::on_cancel(async { println!("seat released") });
///     std::future::pending::<()>().await
/// };
/// let why = limits.run(body).await.cancelled().unwrap();
/// let cleanup = why.cleanup();
/// assert!(!cleanup.is_clean());
/// assert_eq!((cleanup.ran(), cleanup.overran()), (1, 1));
/// assert_eq!(cleanup.panics(), ["no such lock"]);
/// assert_eq!(cleanup.to_string(), "1 cleaned up, 1 overran, 1 panicked: no such lock");
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    pub(crate) ran: usize,
    pub(crate) overran: usize,
    pub(crate) panics: Vec<String>,
    pub(crate) errors: Vec<String>,
}

impl Cleanup {
    /// Whether none overran, panicked or failed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.overran == 0 && self.panics.is_empty() && self.errors.is_empty()
    }

    /// How many ran to their end.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.ran
    }

    /// How many were dropped because their time was up; children of a group count as well.
    #[must_use]
    pub fn overran(&self) -> usize {
        self.overran
    }

    /// The messages of those that panicked, and of the first child of each group that did.
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.panics
    }

    /// What children of a [`try_group`](crate::try_group()) failed with that the fence cut, so
    /// that nobody else learns of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let upload = fence::try_group().run(async |group| {
    ///     group.spawn(async {
    ///         fence::shield(tokio::time::sleep(Duration::from_secs(2))).await;
    ///         Err::<(), _>("disk full")
    ///     });
    ///     Ok(())
    /// });
    /// let outcome = Fencing::new().timeout(Duration::from_secs(1)).run(upload).await;
    /// assert_eq!(outcome.cancelled().unwrap().cleanup().errors(), ["disk full"]);
    /// # }
    /// ```
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.ran += other.ran;
        self.overran += other.overran;
        self.panics.extend(other.panics);
        self.errors.extend(other.errors);
    }
}

impl fmt::Display for Cleanup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cleaned up", self.ran)?;
        if self.overran > 0 {
            write!(f, ", {} overran", self.overran)?;
        }
        for (texts, verb) in [(&self.panics, "panicked"), (&self.errors, "failed")] {
            if !texts.is_empty() {
                let (count, texts) = (texts.len(), texts.join("; "));
                write!(OneLine(&mut *f), ", {count} {verb}: {texts}")?;
            }
        }
        Ok(())
    }
}
