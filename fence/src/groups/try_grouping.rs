//! Tasks that stand and fall together.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Mutex;

use crate::fencing::Fencing;
use crate::groups::errors::Errors;
use crate::groups::group::Group;
use crate::groups::options::Options;
use crate::groups::run::run_host;
use crate::outcome::Cancelled;

/// A group of tasks in which the first error ends all.
///
/// Like [`group`](crate::group()) in everything else: [`run`](TryGrouping::run) returns once the
/// host and all children have ended, cleanups included. When a child or the host returns an error,
/// or panics, host and children are cut, with a reason of the kind
/// [`Failed`](crate::ReasonKind::Failed). All errors are collected, those included that others run
/// into while they stop. A cancellation is never one of them: a child that was cancelled through
/// its own handle, or by a fence of its own, has not failed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let failed = fence::try_group()
///     .run(async |group| {
///         group.spawn(async { Err::<(), _>("no such host") });
///         sleep(Duration::from_secs(60)).await; // cut
///         Ok(())
///     })
///     .await
///     .unwrap_err();
/// assert_eq!(failed.errors(), ["no such host"]);
/// # }
/// ```
pub fn try_group<E>() -> TryGrouping<E> {
    TryGrouping {
        options: Options::default(),
        errors: PhantomData,
    }
}

/// A [`try_group`](crate::try_group()) that has not started.
///
/// # Examples
///
/// ```
/// use fence::{TryGrouping, try_group};
///
/// fn workers() -> TryGrouping<std::io::Error> {
///     try_group().limit(8.try_into().unwrap())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(workers().run(async |_| Ok(7)).await.unwrap(), 7);
/// # }
/// ```
#[must_use = "a group does nothing until it is run"]
pub struct TryGrouping<E> {
    options: Options,
    errors: PhantomData<fn() -> E>,
}

impl<E: fmt::Display + Send + 'static> TryGrouping<E> {
    /// Fences the group by this set: it cancels host and children. Policies count as well; an
    /// error goes up no [link](Fencing::linked).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let limit = Fencing::new().timeout(Duration::from_secs(5));
    /// let failed = fence::try_group::<&str>()
    ///     .fenced(&limit)
    ///     .run(async |group| Ok(drop(group.spawn(std::future::pending::<()>()))))
    ///     .await
    ///     .unwrap_err();
    /// assert!(failed.cancelled().unwrap().is_timeout());
    /// # }
    /// ```
    pub fn fenced(mut self, fencing: &Fencing) -> Self {
        self.options.fencing = fencing.clone();
        self
    }

    /// Lets at most so many children run at once: see [`Group::reserve`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (start, two) = (Instant::now(), 2.try_into().unwrap());
    /// let outcome = fence::try_group::<&str>().limit(two).run(async |group| {
    ///     for _ in 0..6 {
    ///         group.spawn(async { sleep(Duration::from_secs(1)).await });
    ///     }
    ///     Ok(())
    /// });
    /// assert!(outcome.await.is_ok());
    /// assert_eq!(start.elapsed().as_secs(), 3);
    /// # }
    /// ```
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.options.limit = Some(limit);
        self
    }

    /// Runs the host, and waits for everything that it spawned.
    ///
    /// # Errors
    ///
    /// What the host and the children failed with, or why the group was cancelled. If a fence
    /// around the group cuts it, [`Cleanup::errors`](crate::Cleanup::errors) of that fence has the
    /// errors as texts.
    ///
    /// # Panics
    ///
    /// With the panic of the host, or of the first child that panicked, once all have ended.
    ///
    /// # Cancel safety
    ///
    /// A fence that cuts it waits for the children; if it is dropped otherwise, they are aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::ParseIntError;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let check = |numbers: [&'static str; 2]| {
    ///     fence::try_group::<ParseIntError>().run(async move |group| {
    ///         for text in numbers {
    ///             group.spawn(async { text.parse::<u32>() });
    ///         }
    ///         Ok("all spawned")
    ///     })
    /// };
    /// assert_eq!(check(["1", "2"]).await.unwrap(), "all spawned");
    /// let failed = check(["1", "x"]).await.unwrap_err();
    /// assert_eq!(failed.to_string(), "invalid digit found in string");
    /// # }
    /// ```
    pub async fn run<H, F, T>(self, host: H) -> Result<T, GroupError<E>>
    where
        H: FnOnce(Group<E>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        let errors = Errors::Collect(Mutex::default(), ToString::to_string);
        let group = Group::new(&self.options, errors);
        let settle = |result: Result<T, E>| result.map_err(|error| group.failed(error)).ok();
        let outcome = run_host(&self.options, &group, host, settle).await;
        if let Some(panic) = group.take_panic() {
            resume_unwind(panic);
        }
        let errors = group.take_errors();
        match outcome.into_result() {
            Ok(Some(value)) if errors.is_empty() => Ok(value),
            outcome => Err(GroupError {
                errors,
                cancelled: outcome.err(),
            }),
        }
    }
}

impl<E> fmt::Debug for TryGrouping<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGrouping")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Why a [`try_group`](crate::try_group()) has no value: errors of its host and children, or a
/// cancellation, or both.
///
/// `Display` joins the errors with `"; "`.
///
/// # Examples
///
/// ```
/// use fence::{GroupError, try_group};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let failed: GroupError<&str> = try_group()
///     .run(async |group| {
///         group.spawn(async { Err::<(), _>("disk full") });
///         group.spawn(async { Err::<(), _>("no such host") });
///         Ok(())
///     })
///     .await
///     .unwrap_err();
/// assert_eq!(failed.errors(), ["disk full", "no such host"]);
/// assert_eq!(failed.to_string(), "disk full; no such host");
/// # }
/// ```
#[derive(Debug)]
pub struct GroupError<E> {
    errors: Vec<E>,
    cancelled: Option<Cancelled>,
}

impl<E> GroupError<E> {
    /// The errors, the one first that came first; empty if the group was only cancelled.
    #[must_use]
    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// The errors themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let failed = fence::try_group().run(async |group| {
    ///     group.spawn(async { Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)) });
    ///     Ok(())
    /// });
    /// let errors: Vec<io::Error> = failed.await.unwrap_err().into_errors();
    /// assert_eq!(errors[0].kind(), io::ErrorKind::NotFound);
    /// # }
    /// ```
    #[must_use]
    pub fn into_errors(self) -> Vec<E> {
        self.errors
    }

    /// Why the group was cut; `None` if host and children had ended before.
    ///
    /// If only an error cancelled the group, there is one reason, of the kind
    /// [`Failed`](crate::ReasonKind::Failed).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, ReasonKind};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let failed = fence::try_group::<&str>().run(async |group| {
    ///     group.spawn(async { Err::<(), _>("disk full") });
    ///     std::future::pending().await
    /// });
    /// let failed: Result<(), _> = failed.await;
    /// let failed = failed.unwrap_err();
    /// assert_eq!(failed.cancelled().unwrap().primary().kind(), ReasonKind::Failed);
    ///
    /// let limit = Fencing::new().timeout(Duration::from_secs(5));
    /// let slow = fence::try_group::<&str>().fenced(&limit).run(async |_| std::future::pending().await);
    /// let slow: Result<(), _> = slow.await;
    /// assert!(slow.unwrap_err().cancelled().unwrap().is_timeout());
    /// # }
    /// ```
    #[must_use]
    pub fn cancelled(&self) -> Option<&Cancelled> {
        self.cancelled.as_ref()
    }
}

/// So that `?` works in a function with `#[fenced(try)]`.
impl<E> From<Cancelled> for GroupError<E> {
    fn from(why: Cancelled) -> Self {
        Self {
            errors: Vec::new(),
            cancelled: Some(why),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        match &self.cancelled {
            Some(why) if self.errors.is_empty() => write!(f, "{why}"),
            _ => Ok(()),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for GroupError<E> {}
