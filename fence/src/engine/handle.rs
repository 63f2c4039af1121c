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
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.shared.fire(Firing::new(ReasonKind::Handle))
    }

    /// Cancels it under a code of your own.
    #[track_caller]
    pub fn cancel_as(&self, code: impl Into<Cow<'static, str>>) -> bool {
        self.shared
            .fire(Firing::new(ReasonKind::Handle).with_code(code.into()))
    }

    /// Cancels it under a code of your own, with the error (or the text) behind it.
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
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        self.shared.reasons()
    }

    /// What fired and was declined by a guard so far, in the order of asking.
    #[must_use]
    pub fn declined(&self) -> Vec<Reason> {
        self.shared.declined()
    }

    /// The time left to the fence; zero once cancelled, `None` without a limit or before its
    /// first poll.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        if self.is_cancelled() {
            return Some(Duration::ZERO);
        }
        let deadline = self.shared.deadline();
        deadline.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// A guard that cancels the fence when it is dropped.
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
