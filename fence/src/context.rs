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
//!    anything below a `detached` frame. Below a shield fences are not seen, but what is bound is.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::asking::ask_users;
use crate::cleanup::{Batch, Job};
use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::live::Live;
use crate::own::Own;
use crate::shared::Shared;
use crate::source::Kind;
use crate::stack::{Running, Stack};
use crate::surroundings::{Answer, Question};
use crate::timer::next_number;
use crate::times::earliest;

thread_local! {
    static STACK: RefCell<Stack> = const {
        RefCell::new(Stack::new())
    };
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

/// Runs `f` where no enclosing fence is seen.
pub(crate) fn within_shield<R>(f: impl FnOnce() -> R) -> R {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            with(Stack::pop_shield);
        }
    }
    let Some(()) = with(Stack::push_shield) else {
        return f();
    };
    let _restore = Restore;
    f()
}

/// The bound set, empty without any.
pub(crate) fn current() -> Fencing {
    with(|stack| stack.bound().cloned())
        .flatten()
        .unwrap_or_default()
}

/// The sources of the scopes of plain code right around this, if there are any.
pub(crate) fn around() -> Option<Fencing> {
    with(|stack| stack.around()).flatten()
}

/// Whether an enclosing fence cuts. Time that nobody saw pass yet does not count.
pub(crate) fn is_interrupted() -> bool {
    ask_all(Question::Cuts, false)
}

/// The same with a look at the clock, if an enclosing fence has a deadline. A fence whose deadline
/// is seen to have passed is told so.
pub(crate) fn is_interrupted_now() -> bool {
    ask_all(Question::Cuts, true)
}

/// Whether an enclosing fence has fired, even if it does not cut yet.
#[inline]
pub(crate) fn has_fired() -> bool {
    ask_all(Question::Fired, true)
}

#[inline]
fn ask_all(question: Question, timed: bool) -> bool {
    match with(|stack| stack.ask(question, timed)) {
        Some(Answer::Yes) => true,
        Some(Answer::AskUsers) => ask_users(question),
        Some(Answer::No) | None => false,
    }
}

/// The earliest deadline of the bound set and of all enclosing fences (rule D20).
pub(crate) fn deadline() -> Option<Instant> {
    with(|stack| stack.deadline()).flatten()
}

/// The time to [`deadline`]; zero once an enclosing fence has fired.
pub(crate) fn remaining() -> Option<Duration> {
    if has_fired() {
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
            running.live.epoch = next_number();
        }
        running.live.epoch
    };
    with(|stack| stack.running(host.frame).map_or(0, ask)).unwrap_or(0)
}

/// Holds the innermost enclosing fence up, unless that is `known`, which is held up already: the
/// number of the fence, 0 if there is none.
pub(crate) fn hold(known: u64) -> u64 {
    with(|stack| {
        let innermost = stack.enclosing().next().map(|(frame, _)| frame);
        let Some(Running { live, .. }) = innermost.and_then(|frame| stack.running(frame)) else {
            return 0;
        };
        if live.id == 0 {
            live.id = next_number();
        }
        live.holds += u32::from(live.id != known);
        live.id
    })
    .unwrap_or(0)
}

/// Lets a fence go; `false` if it is not around this code.
pub(crate) fn let_go(fence: u64) -> bool {
    with(|stack| {
        for frame in (0..stack.depth()).rev() {
            if let Some(running) = stack.running(frame).filter(|f| f.live.id == fence) {
                running.live.holds = running.live.holds.saturating_sub(1);
                return true;
            }
        }
        false
    })
    .unwrap_or(false)
}

/// Registers a cleanup with the innermost fence; `false` if there is none.
pub(crate) fn register(job: &Arc<Job>) -> bool {
    let register = |stack: &mut Stack| {
        let jobs = &mut stack.innermost()?.extra().jobs;
        if jobs.len() == jobs.capacity() {
            jobs.retain(|job| job.is_armed());
        }
        jobs.push(job.clone());
        Some(())
    };
    with(register).flatten().is_some()
}

/// Leaves cleanups to the fence that is being cut around this code; gives them back if none is.
pub(crate) fn leave_to_ending(batches: Vec<Batch>) -> Option<Vec<Batch>> {
    let mut batches = Some(batches);
    with(|stack| {
        let ending = stack.innermost().filter(|live| live.is_ending)?;
        ending.extra().batches.extend(batches.take()?);
        Some(())
    });
    batches
}

/// The enclosing fences as sources for what is spawned here, outermost first (D27).
pub(crate) fn lineage() -> Fencing {
    let mut fencing = Fencing::new();
    let frames = with(|stack| {
        stack
            .enclosing()
            .map(|(frame, _)| frame)
            .collect::<Vec<_>>()
    });
    for frame in frames.unwrap_or_default().into_iter().rev() {
        with(|stack| stack.adopt(frame, &mut fencing));
    }
    fencing
}

/// The enclosing fences, and those around the place where this task was spawned, ready to tell.
pub(crate) fn families() -> Vec<Arc<Shared>> {
    let mut entries = lineage().entries().to_vec();
    let mut families = Vec::new();
    while let Some(entry) = entries.pop() {
        if let Kind::Lineage(parent) = &entry.source.0 {
            entries.extend_from_slice(parent.entries());
            families.push(parent.clone());
        }
    }
    families
}

/// Borrows the stack; `None` while the thread is being torn down, when nothing is bound any more.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&mut Stack) -> R) -> Option<R> {
    STACK.try_with(|stack| f(&mut stack.borrow_mut())).ok()
}
