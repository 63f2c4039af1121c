//! Cancelling one fence from elsewhere, and seeing what became of it.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::latch::Latch;
use crate::reason::{Firing, Reason, ReasonKind};

/// The default code of a handle.
pub(crate) const CODE: &str = "handle";

/// Cancels one fence, and tells what became of it.
///
/// Made by [`Fence::handle`](crate::Fence::handle). It keeps nothing of the body alive. Dropping
/// it is not a firing (rule D11); [`drop_guard`](Self::drop_guard) is for those who want one.
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

/// How far a fence has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Not polled yet, or waiting for an enclosing fence that has fired.
    Waiting,
    /// The body was polled and has not ended.
    Running,
    /// The body ran to its end.
    Completed,
    /// The fence cut the body.
    Cancelled,
    /// The fence was dropped midway: aborted, or lost a `select!`, or cut by an enclosing fence.
    Dropped,
}

const STATES: [State; 5] = [
    State::Waiting,
    State::Running,
    State::Completed,
    State::Cancelled,
    State::Dropped,
];

/// What a fence shares with its handles.
pub(crate) struct Shared {
    pub(crate) latch: Latch,
    state: AtomicU8,
    deadline: OnceLock<Option<Instant>>,
    reasons: OnceLock<Vec<Reason>>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            latch: Latch::new(),
            state: AtomicU8::new(State::Waiting as u8),
            deadline: OnceLock::new(),
            reasons: OnceLock::new(),
        }
    }

    pub(crate) fn start(&self, deadline: Option<Instant>) {
        // A fence starts once, so this is the first value.
        let _ = self.deadline.set(deadline);
        self.state.store(State::Running as u8, Ordering::Release);
    }

    pub(crate) fn finish(&self, state: State, reasons: Vec<Reason>) {
        // A fence ends once, so this is the first value.
        let _ = self.reasons.set(reasons);
        self.state.store(state as u8, Ordering::Release);
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        let firing = self.latch.firing()?;
        Some(Reason::new(Cow::Borrowed(CODE), firing.clone()))
    }

    fn state(&self) -> State {
        STATES[usize::from(self.state.load(Ordering::Acquire))]
    }

    fn fire(&self, firing: Firing) -> bool {
        matches!(self.state(), State::Waiting | State::Running) && self.latch.fire(firing)
    }
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
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
        self.shared.latch.is_fired() || self.state() == State::Cancelled
    }

    /// How far the fence has come.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Everything that had fired when the fence ended, in firing order; empty before.
    ///
    /// If it [completed](State::Completed), these fired too late to matter.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        self.shared.reasons.get().map_or(&[], Vec::as_slice)
    }

    /// The time left to the fence; zero once cancelled, `None` without a limit or before its
    /// first poll.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        if self.is_cancelled() {
            return Some(Duration::ZERO);
        }
        let deadline = self.shared.deadline.get().copied().flatten();
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
