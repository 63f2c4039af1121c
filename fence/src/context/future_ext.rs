//! The verbs of `Fencing`, as methods of futures.

use crate::context::bound::Bound;
use crate::context::shield::{Shield, shield};
use crate::engine::Fence;
use crate::fencing::Fencing;

/// Fences and binds, with the future written first.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, FutureExt};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let request = Fencing::new().budget(Duration::from_secs(3));
/// let outcome = async { std::future::pending::<()>().fenced(&Fencing::current()).await }
///     .bound(&request)
///     .await;
/// assert!(outcome.cancelled_by("budget"));
/// # }
/// ```
pub trait FutureExt: Future + Sized {
    /// Fences the future: what [`Fencing::run`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, FutureExt};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let second = Fencing::new().timeout(Duration::from_secs(1));
    /// let outcome = std::future::pending::<()>().fenced(&second).await;
    /// assert!(outcome.cancelled_by("timeout"));
    /// # }
    /// ```
    fn fenced(self, fencing: &Fencing) -> Fence<Self> {
        fencing.run(self)
    }

    /// Binds a set for the time of the future: what [`Fencing::bind`] does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, FutureExt};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let left = async { fence::remaining() }.bound(&request).await;
    /// assert_eq!(left, Some(Duration::from_secs(3)));
    /// # }
    /// ```
    fn bound(self, fencing: &Fencing) -> Bound<Self> {
        fencing.bind(self)
    }

    /// Binds what is bound at the call, for a task of its own: `tokio::spawn(f.in_context())`.
    ///
    /// The fences around the call are left behind; [`spawn`](crate::spawn) takes those along too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, FutureExt};
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let task = request.bind_sync(|| {
    ///     tokio::spawn(async { fence::current().run(sleep(Duration::from_secs(4))).await }.in_context())
    /// });
    /// assert!(task.await.unwrap().cancelled_by("budget"));
    /// # }
    /// ```
    fn in_context(self) -> Bound<Self> {
        Fencing::current().bind(self)
    }

    /// Shields the future: what [`shield`](crate::shield) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, FutureExt};
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let second = Fencing::new().timeout(Duration::from_secs(1));
    /// let commit = sleep(Duration::from_secs(3)).shielded();
    /// assert!(second.run(commit).await.is_completed());
    /// # }
    /// ```
    fn shielded(self) -> Shield<Self> {
        shield(self)
    }
}

impl<F: Future> FutureExt for F {}
