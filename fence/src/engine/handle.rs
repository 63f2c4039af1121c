//! Cancelling one fence from elsewhere, and seeing what became of it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

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
/// assert_eq!(handle.reasons()[0].code(), "quota");
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
        let shared = Shared::of(None);
        shared.finish(State::Cancelled, why.reasons().to_vec());
        Self::new(Arc::new(shared))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Why it ended, for a task that was aborted.
    pub(crate) fn why_dropped(&self) -> Cancelled {
        Cancelled::of_drop(self.reasons().to_vec())
    }

    /// Whether it was cancelled through a handle, by a link or for a failed child.
    pub(crate) fn has_fired(&self) -> bool {
        self.shared.has_fired()
    }

    /// Cancels the fence under the code `"handle"`.
    ///
    /// `true` if this call is the one that did: `false` if it was cancelled through a handle
    /// before, or has ended. A body that finishes in the poll it is in is completed all the same.
    ///
    /// A fence with a [guard](crate::Fencing::guard) is not cancelled before that has been asked:
    /// until then, and once it has declined, `true` says that nobody else has used the code.
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

    /// Whether a handle has cancelled the fence, at once, or a trigger has and it has resolved.
    ///
    /// Not while a guard has yet to be asked, nor once it has declined, nor if the body completed
    /// after all.
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
        match self.state() {
            State::Completed => false,
            State::Cancelled => true,
            State::Waiting | State::Running | State::Dropped => self.has_fired(),
        }
    }

    /// How far the fence has come.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Everything that had fired when the fence ended, in firing order. Before that, what a handle
    /// has cancelled it with.
    ///
    /// If it [completed](State::Completed), these are the triggers that fired too late to matter;
    /// what a handle did is not among them. Neither is what a guard declined, or has yet to be
    /// asked about.
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
        self.shared.inbox.declined()
    }

    /// The time left to this fence, whatever is around it: to its limits or, once it has fired, to
    /// the end of its [grace](crate::Fencing::grace).
    ///
    /// Zero once it is cancelled and cuts; `None` without a limit, before its first poll, for a
    /// [cooperative](crate::Fencing::cooperative) one that has fired, and after a completion.
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
        self.shared.remaining()
    }

    /// A guard that cancels the fence when it is dropped.
    ///
    /// The calling line becomes the [`location`](Reason::location) of the reason: where the guard
    /// is dropped is no line of the program.
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
    #[track_caller]
    pub fn drop_guard(self) -> DropGuard {
        DropGuard {
            handle: Some(self),
            location: Location::caller(),
        }
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
    /// Where it was made.
    location: &'static Location<'static>,
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
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            let firing = Firing::new(ReasonKind::Dropped).located(self.location);
            handle.shared.fire(firing);
        }
    }
}
