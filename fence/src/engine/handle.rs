//! Cancelling one fence from elsewhere, and seeing what became of it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::state::shared::{Shared, State};
use crate::outcome::{Cancelled, Firing, Reason, ReasonKind};

/// Cancels one fence, and tells what became of it.
///
/// Made by [`Fence::handle`](crate::Fence::handle). It keeps nothing of the body alive. Dropping it
/// is not a firing; [`drop_guard`](Self::drop_guard) is for those who want one.
///
/// # Examples
///
/// ```
/// use fence::{Fencing, State};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut fence = Fencing::new().run(std::future::pending::<()>());
/// let handle = fence.handle();
/// let task = tokio::spawn(fence);
///
/// assert!(handle.cancel_because("quota", "87 of 80 calls used"));
/// assert!(!handle.cancel(), "it is cancelled already");
/// let why = task.await.unwrap().cancelled().unwrap();
/// assert_eq!(why.to_string(), "cancelled: quota: 87 of 80 calls used");
/// assert_eq!(handle.state(), State::Cancelled);
/// # }
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The handle of work that was never started, for these reasons.
    pub(crate) fn of_refused(why: &Cancelled) -> Self {
        let shared = Shared::new();
        shared.finish(State::Cancelled, why.reasons().to_vec());
        Self::new(Arc::new(shared))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Why it ended, for a task that was aborted.
    pub(crate) fn why_dropped(&self) -> Cancelled {
        let fired = || self.shared.reason().into_iter().collect();
        Cancelled::of_drop(match self.reasons() {
            [] => fired(),
            reasons => reasons.to_vec(),
        })
    }

    /// Whether anybody has cancelled it through a handle.
    pub(crate) fn has_fired(&self) -> bool {
        self.shared.latch.is_fired()
    }

    /// Cancels the fence under the code `"handle"`.
    ///
    /// `true` if this call is the one that did: `false` if it was cancelled through a handle
    /// before, or has ended. A body that finishes in the poll it is in is completed all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut fence = Fencing::new().run(std::future::pending::<()>());
    /// let handle = fence.handle();
    /// let (outcome, was_first) = tokio::join!(fence, async move { handle.cancel() });
    /// assert!(was_first);
    /// assert!(outcome.cancelled_by("handle"));
    /// # }
    /// ```
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.shared.fire(Firing::new(ReasonKind::Handle))
    }

    /// Cancels it under a code of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut fence = Fencing::new().run(std::future::pending::<()>());
    /// fence.handle().cancel_as("superseded");
    /// assert!(fence.await.cancelled_by("superseded"));
    /// # }
    /// ```
    #[track_caller]
    pub fn cancel_as(&self, code: impl Into<Cow<'static, str>>) -> bool {
        self.shared
            .fire(Firing::new(ReasonKind::Handle).with_code(code.into()))
    }

    /// Cancels it under a code of your own, with the error (or the text) behind it.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut fence = Fencing::new().run(std::future::pending::<()>());
    /// fence.handle().cancel_because("superseded", "query 8 is newer");
    /// let why = fence.await.cancelled().unwrap();
    /// assert_eq!(why.primary().to_string(), "superseded: query 8 is newer");
    /// # }
    /// ```
    #[track_caller]
    pub fn cancel_because(
        &self,
        code: impl Into<Cow<'static, str>>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> bool {
        let firing = Firing::new(ReasonKind::Handle).because(cause);
        self.shared.fire(firing.with_code(code.into()))
    }

    /// Whether a handle has cancelled the fence, or a trigger has and it has resolved.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut fence = Fencing::new().run(std::future::pending::<()>());
    /// let handle = fence.handle();
    /// assert!(!handle.is_cancelled());
    /// handle.cancel();
    /// assert!(handle.is_cancelled());
    /// # }
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.has_fired() || self.state() == State::Cancelled
    }

    /// How far the fence has come.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Everything that had fired when the fence ended, in firing order; empty before.
    ///
    /// If it [completed](State::Completed), these fired too late to matter. What a guard declined
    /// is not among them.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing, State};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let mut fence = Fencing::new().on("stop", &stop).run(async { stop.set() });
    /// let handle = fence.handle();
    /// assert!(fence.await.is_completed());
    /// assert_eq!(handle.state(), State::Completed);
    /// assert_eq!(handle.reasons()[0].code(), "stop", "too late to matter");
    /// # }
    /// ```
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        self.shared.reasons()
    }

    /// What fired and was declined by a guard so far, in the order of asking.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    /// use tokio::time::{Duration, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let left = Event::new();
    /// left.set();
    /// let answering = Fencing::new().on("disconnect", &left).unless("disconnect", || true);
    /// let mut fence = answering.run(sleep(Duration::from_secs(1)));
    /// let handle = fence.handle();
    /// assert!(fence.await.is_completed());
    /// assert_eq!(handle.declined()[0].code(), "disconnect");
    /// # }
    /// ```
    #[must_use]
    pub fn declined(&self) -> Vec<Reason> {
        self.shared.declined()
    }

    /// The time left to the fence; zero once cancelled, `None` without a limit or before its
    /// first poll.
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
    /// let limit = Fencing::new().timeout(Duration::from_secs(5));
    /// let mut fence = limit.run(std::future::pending::<()>());
    /// let handle = fence.handle();
    /// let watching = async {
    ///     sleep(Duration::from_secs(2)).await;
    ///     assert_eq!(handle.remaining(), Some(Duration::from_secs(3)));
    /// };
    /// let (outcome, ()) = tokio::join!(fence, watching);
    /// assert!(outcome.is_cancelled());
    /// assert_eq!(handle.remaining(), Some(Duration::ZERO));
    /// # }
    /// ```
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        if self.is_cancelled() {
            return Some(Duration::ZERO);
        }
        let deadline = self.shared.deadline();
        deadline.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// A guard that cancels the fence when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut fence = Fencing::new().run(std::future::pending::<()>());
    /// let guard = fence.handle().drop_guard();
    /// let scope = async move { let _guard = guard; };
    /// let (outcome, ()) = tokio::join!(fence, scope);
    /// assert!(outcome.is_cancelled());
    /// # }
    /// ```
    #[must_use = "dropping the guard cancels the fence"]
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { handle: Some(self) }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("state", &self.state())
            .field("reasons", &self.reasons())
            .finish()
    }
}

/// Cancels a fence when it is dropped, with a reason of the kind
/// [`Dropped`](ReasonKind::Dropped); made by [`Handle::drop_guard`].
///
/// # Examples
///
/// ```
/// use fence::{Fencing, ReasonKind};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut fence = Fencing::new().run(std::future::pending::<()>());
/// let guard = fence.handle().drop_guard();
/// let task = tokio::spawn(fence);
///
/// drop(guard);
/// assert_eq!(task.await.unwrap().reasons()[0].kind(), ReasonKind::Dropped);
/// # }
/// ```
#[derive(Debug)]
pub struct DropGuard {
    handle: Option<Handle>,
}

impl DropGuard {
    /// Disarms the guard and gives the handle back.
    ///
    /// # Panics
    ///
    /// Never: a guard holds its handle until it is consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut fence = Fencing::new().run(async { "done" });
    /// let guard = fence.handle().drop_guard();
    /// let handle = guard.disarm();
    /// assert_eq!(fence.await.unwrap(), "done");
    /// assert!(!handle.is_cancelled());
    /// # }
    /// ```
    #[must_use]
    pub fn disarm(mut self) -> Handle {
        self.handle
            .take()
            .expect("a guard holds its handle until it is consumed")
    }
}

impl Drop for DropGuard {
    #[track_caller]
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.shared.fire(Firing::new(ReasonKind::Dropped));
        }
    }
}
