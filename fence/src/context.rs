//! The task-local context: what is bound, and which fences are being polled around this code.
//!
//! A thread-local stack with a frame for each bind and each fence whose body is being polled (or
//! dropped) right now, outermost first. "Enclosing" is therefore decided at each poll, by who
//! polls (rule D14).
//!
//! 1. A frame is pushed by `within` and popped by its guard, on return and on unwinding.
//! 2. The stack is borrowed for a few instructions only: never while user code runs, and nothing
//!    with a destructor of the user's is dropped or asked under the borrow (D26).
//! 3. Frames of another task (a `LocalSet` polled inside a fence) are not seen (D16), nor is
//!    anything below a `detached` frame.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::handle::Shared;
use crate::own::Own;
use crate::source::Entry;
use crate::stack::{Interrupted, Running, Stack};
use crate::timer::next_epoch;
use crate::times::earliest;

thread_local! {
    static STACK: RefCell<Stack> = const {
        RefCell::new(Stack::new())
    };
}

/// What a running fence shows to the code inside it. It lives in the fence, and on the stack
/// while the body is polled.
#[derive(Default)]
pub(crate) struct Live {
    pub(crate) fencing: Fencing,
    pub(crate) handle: Option<Arc<Shared>>,
    pub(crate) deadline: Option<Instant>,
    /// The deadline was seen to have passed; stays so.
    pub(crate) timed_out: bool,
    /// Somebody inside saw a trigger of another make fire.
    pub(crate) told: bool,
    /// As a host: a number for those who asked it since its timer last went off; 0 if nobody did.
    pub(crate) epoch: u64,
}

/// The fence that watches for all fences of one task and one waker.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    pub(crate) frame: usize,
    pub(crate) epoch: u64,
    /// Whether its set is the very one of the fence inside.
    pub(crate) covers: bool,
}

/// What a step of the body taught its fence about the surroundings.
#[derive(Default)]
pub(crate) struct Around {
    /// Its host, if another fence is it.
    pub(crate) host: Option<Host>,
    /// As a host: the earliest deadline that a fence inside asked for.
    pub(crate) wanted: Option<Instant>,
}

/// How a body is polled.
#[derive(Clone, Copy, Default)]
pub(crate) struct Step {
    pub(crate) waker: Fingerprint,
    /// The clock when the fence's own timer went off, if it just did.
    pub(crate) expired: Option<Instant>,
}

impl Live {
    /// Fired as far as loads can tell.
    pub(crate) fn is_latched(&self) -> bool {
        self.timed_out
            || self
                .handle
                .as_ref()
                .is_some_and(|handle| handle.latch.is_fired())
            || self.fencing.entries().iter().any(Entry::is_latched)
    }
}

/// Runs `f` inside a fence's frame.
#[inline]
pub(crate) fn within<S: Own, R>(
    live: &mut Live,
    own: &mut S,
    step: Step,
    f: impl FnOnce() -> R,
) -> (R, Around) {
    struct Restore<'a, S: Own>(&'a mut Live, &'a mut S);
    impl<S: Own> Restore<'_, S> {
        #[inline]
        fn restore(&mut self) -> Option<Instant> {
            with(|stack| stack.pop_fence(self.0, |lent| self.1.reclaim(lent))).flatten()
        }
    }
    impl<S: Own> Drop for Restore<'_, S> {
        fn drop(&mut self) {
            self.restore();
        }
    }
    let Some(host) = with(|stack| stack.push_fence(live, step, |lent| own.lend(lent))) else {
        return (f(), Around::default());
    };
    let mut restore = Restore(live, own);
    let value = f();
    let wanted = restore.restore();
    std::mem::forget(restore);
    (value, Around { host, wanted })
}

/// Runs `f` with a set bound.
pub(crate) fn within_bound<R>(fencing: &mut Fencing, detached: bool, f: impl FnOnce() -> R) -> R {
    struct Restore<'a>(&'a mut Fencing);
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            with(|stack| stack.pop_bound(self.0));
        }
    }
    let Some(()) = with(|stack| stack.push_bound(fencing, detached)) else {
        return f();
    };
    let _restore = Restore(fencing);
    f()
}

/// The bound set, empty without any.
pub(crate) fn current() -> Fencing {
    with(|stack| stack.bound().cloned())
        .flatten()
        .unwrap_or_default()
}

/// Whether an enclosing fence has fired. Time that nobody saw pass yet does not count.
pub(crate) fn is_interrupted() -> bool {
    match with(|stack| stack.interrupted()) {
        Some(Interrupted::Yes) => true,
        Some(Interrupted::AskTriggers) => ask_triggers(),
        Some(Interrupted::No) | None => false,
    }
}

/// The same with a look at the clock, if an enclosing fence has a deadline. A fence whose deadline
/// is seen to have passed is told so.
pub(crate) fn is_interrupted_now() -> bool {
    let has_deadline = with(|stack| stack.enclosing().any(|(_, live)| live.deadline.is_some()));
    if has_deadline == Some(true) {
        let now = Instant::now();
        with(|stack| stack.expire(now));
    }
    is_interrupted()
}

/// The earliest deadline of the bound set and of all enclosing fences (rule D20).
pub(crate) fn deadline() -> Option<Instant> {
    with(|stack| {
        let bound = stack.bound().and_then(Fencing::bound_deadline);
        stack
            .enclosing()
            .filter_map(|(_, live)| live.deadline)
            .chain(bound)
            .min()
    })
    .flatten()
}

/// The time to [`deadline`]; zero once an enclosing fence has fired.
pub(crate) fn remaining() -> Option<Duration> {
    if is_interrupted() {
        return Some(Duration::ZERO);
    }
    deadline().map(|at| at.saturating_duration_since(Instant::now()))
}

/// Asks the host, which is polling the caller, to wake the task by `deadline` and whenever a
/// source fires that it covers: the epoch that this holds for.
pub(crate) fn ask(host: Host, deadline: Option<Instant>) -> u64 {
    let ask = |running: &mut Running| {
        running.wanted = earliest(running.wanted, deadline);
        if running.live.epoch == 0 {
            running.live.epoch = next_epoch();
        }
        running.live.epoch
    };
    with(|stack| stack.running(host.frame).map_or(0, ask)).unwrap_or(0)
}

/// `None` while the thread is being torn down, when nothing is bound any more.
#[inline]
fn with<R>(f: impl FnOnce(&mut Stack) -> R) -> Option<R> {
    STACK.try_with(|stack| f(&mut stack.borrow_mut())).ok()
}

/// Asks the triggers of other makes around this code, one at a time, with the stack let go.
fn ask_triggers() -> bool {
    for nth in 0.. {
        let Some((frame, trigger)) = with(|stack| stack.trigger(nth)).flatten() else {
            break;
        };
        if trigger.fired().is_some() {
            with(|stack| stack.tell(frame));
            return true;
        }
    }
    false
}
