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

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::Id;
use tokio::time::Instant;

use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::handle::Shared;
use crate::own::{Lent, Own};
use crate::source::Entry;
use crate::trigger::Trigger;

thread_local! {
    static STACK: RefCell<Stack> = const {
        RefCell::new(Stack { frames: Vec::new(), lent: Lent(Vec::new()) })
    };
}

struct Stack {
    frames: Vec<Frame>,
    lent: Lent,
}

struct Frame {
    task: Option<Id>,
    part: Part,
    /// Where the entries that its fence lent begin.
    lent: usize,
}

enum Part {
    Bound { fencing: Fencing, detached: bool },
    Fence(Running),
}

struct Running {
    live: Live,
    waker: Fingerprint,
    /// The frame of the outermost fence with this waker.
    host: usize,
    /// As a host: the clock when the timer went off, in this very poll.
    expired: Option<Instant>,
    /// As a host: the earliest deadline that a fence inside asked for in this poll.
    wanted: Option<Instant>,
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
    /// As a host: names this fence and how often its timer went off.
    pub(crate) epoch: u64,
}

/// The fence that watches for all fences of one task and one waker.
#[derive(Clone, Copy)]
pub(crate) struct Host {
    frame: usize,
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
pub(crate) fn within<S: Own, R>(
    live: &mut Live,
    own: &mut S,
    step: Step,
    f: impl FnOnce() -> R,
) -> (R, Around) {
    struct Restore<'a, S: Own>(&'a mut Live, &'a mut S, Around);
    impl<S: Own> Restore<'_, S> {
        fn restore(&mut self) {
            let popped = with(|stack| stack.pop(|lent| self.1.reclaim(lent)));
            if let Some(Some(Part::Fence(running))) = popped {
                *self.0 = running.live;
                self.2.wanted = running.wanted;
            }
        }
    }
    impl<S: Own> Drop for Restore<'_, S> {
        fn drop(&mut self) {
            self.restore();
        }
    }
    let shown = std::mem::take(live);
    let Some(host) = with(|stack| stack.push_fence(shown, step, |lent| own.lend(lent))) else {
        return (f(), Around::default());
    };
    let mut restore = Restore(live, own, Around { host, wanted: None });
    let value = f();
    restore.restore();
    let around = std::mem::take(&mut restore.2);
    std::mem::forget(restore);
    (value, around)
}

/// Runs `f` with a set bound.
pub(crate) fn within_bound<R>(fencing: &mut Fencing, detached: bool, f: impl FnOnce() -> R) -> R {
    struct Restore<'a>(&'a mut Fencing);
    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            if let Some(Some(Part::Bound { fencing, .. })) = with(|stack| stack.pop(|_| ())) {
                *self.0 = fencing;
            }
        }
    }
    let shown = Part::Bound {
        fencing: std::mem::take(fencing),
        detached,
    };
    let Some(()) = with(|stack| stack.push(shown)) else {
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

/// Asks the host, which is polling the caller, to wake the task by `deadline`.
pub(crate) fn ask(host: Host, deadline: Instant) {
    with(|stack| {
        if let Some(Running { wanted, .. }) = stack.running(host.frame) {
            *wanted = earliest(*wanted, Some(deadline));
        }
    });
}

pub(crate) fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    one.into_iter().chain(other).min()
}

pub(crate) fn has_passed(deadline: Option<Instant>, now: Option<Instant>) -> bool {
    matches!((deadline, now), (Some(deadline), Some(now)) if deadline <= now)
}

/// A number that no other epoch in the process has.
pub(crate) fn next_epoch() -> u64 {
    const BLOCK: u64 = 1 << 20;
    static BLOCKS: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NEXT: Cell<u64> = const { Cell::new(0) };
    }
    NEXT.with(|next| {
        let fresh = match next.get() {
            used if used % BLOCK == 0 => BLOCKS.fetch_add(1, Ordering::Relaxed) * BLOCK,
            used => used,
        };
        next.set(fresh + 1);
        fresh
    })
}

/// `None` while the thread is being torn down, when nothing is bound any more.
fn with<R>(f: impl FnOnce(&mut Stack) -> R) -> Option<R> {
    STACK.try_with(|stack| f(&mut stack.borrow_mut())).ok()
}

enum Interrupted {
    Yes,
    No,
    AskTriggers,
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

impl Stack {
    fn push(&mut self, part: Part) {
        let (task, lent) = (tokio::task::try_id(), self.lent.0.len());
        self.frames.push(Frame { task, part, lent });
    }

    /// Shows a fence, which learns from its host what time has passed, and who that is.
    fn push_fence(
        &mut self,
        mut live: Live,
        Step { waker, expired }: Step,
        lend: impl FnOnce(&mut Lent),
    ) -> Option<Host> {
        let frame = self.host_frame(waker);
        let mut host = None;
        if let Some(Running {
            live: above,
            expired,
            ..
        }) = frame.and_then(|f| self.running(f))
        {
            let covers = above.fencing.is_same(&live.fencing);
            host = frame.map(|frame| Host {
                frame,
                epoch: above.epoch,
                covers,
            });
            live.timed_out |= has_passed(live.deadline, *expired);
        }
        let host_frame = frame.unwrap_or(self.frames.len());
        let running = Running {
            live,
            waker,
            host: host_frame,
            expired,
            wanted: None,
        };
        self.push(Part::Fence(running));
        lend(&mut self.lent);
        host
    }

    fn pop(&mut self, reclaim: impl FnOnce(&mut Lent)) -> Option<Part> {
        reclaim(&mut self.lent);
        self.frames.pop().map(|frame| frame.part)
    }

    fn running(&mut self, frame: usize) -> Option<&mut Running> {
        match self.frames.get_mut(frame).map(|frame| &mut frame.part) {
            Some(Part::Fence(running)) => Some(running),
            _ => None,
        }
    }

    /// The frames that this code is in, innermost first (invariant 3).
    fn visible(&self) -> impl Iterator<Item = (usize, &Frame)> {
        let task = tokio::task::try_id();
        let mut hidden = false;
        self.frames
            .iter()
            .enumerate()
            .rev()
            .take_while(move |(_, frame)| {
                let is_visible = !hidden && frame.task == task;
                hidden = matches!(frame.part, Part::Bound { detached: true, .. });
                is_visible
            })
    }

    fn bound(&self) -> Option<&Fencing> {
        self.visible().find_map(|(_, frame)| match &frame.part {
            Part::Bound { fencing, .. } => Some(fencing),
            Part::Fence(_) => None,
        })
    }

    fn enclosing(&self) -> impl Iterator<Item = (usize, &Live)> {
        self.visible()
            .filter_map(|(index, frame)| match &frame.part {
                Part::Fence(running) => Some((index, &running.live)),
                Part::Bound { .. } => None,
            })
    }

    /// The entries that the fence of a frame lent.
    fn lent(&self, frame: usize) -> &[Entry] {
        let end = self
            .frames
            .get(frame + 1)
            .map_or(self.lent.0.len(), |next| next.lent);
        &self.lent.0[self.frames[frame].lent..end]
    }

    fn interrupted(&self) -> Interrupted {
        let mut answer = Interrupted::No;
        for (frame, live) in self.enclosing() {
            if live.is_latched() || self.lent(frame).iter().any(Entry::is_latched) {
                return Interrupted::Yes;
            }
            if self.triggers(frame, live).next().is_some() {
                answer = Interrupted::AskTriggers;
            }
        }
        answer
    }

    fn triggers<'a>(
        &'a self,
        frame: usize,
        live: &'a Live,
    ) -> impl Iterator<Item = &'a Arc<dyn Trigger>> {
        live.fencing
            .entries()
            .iter()
            .chain(self.lent(frame))
            .filter_map(Entry::trigger)
    }

    fn trigger(&self, nth: usize) -> Option<(usize, Arc<dyn Trigger>)> {
        let mut all = self.enclosing().flat_map(|(frame, live)| {
            self.triggers(frame, live)
                .map(move |trigger| (frame, trigger.clone()))
        });
        all.nth(nth)
    }

    fn tell(&mut self, frame: usize) {
        if let Some(Running { live, .. }) = self.running(frame) {
            live.told = true;
        }
    }

    fn expire(&mut self, now: Instant) {
        for frame in 0..self.frames.len() {
            let is_enclosing = self.enclosing().any(|(index, _)| index == frame);
            if let Some(Running { live, .. }) = self.running(frame).filter(|_| is_enclosing) {
                live.timed_out |= has_passed(live.deadline, Some(now));
            }
        }
    }

    fn host_frame(&self, waker: Fingerprint) -> Option<usize> {
        let innermost = self.visible().find_map(|(_, frame)| match &frame.part {
            Part::Fence(running) => Some(running),
            Part::Bound { .. } => None,
        });
        innermost
            .filter(|running| running.waker == waker)
            .map(|running| running.host)
    }
}
