//! What a fence shares with its handles, and with the tasks and threads spawned inside it.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock};

use tokio::time::Instant;

use crate::cleanup::Told;
use crate::engine::state::snapshot::{self, Snapshot};
use crate::outcome::{Firing, Reason};
use crate::trigger::{Latch, Parent, earliest};
use crate::util::unpoisoned;

/// The default code of a handle.
const CODE: &str = "handle";

/// How far a fence has come.
///
/// # Examples
///
/// ```
/// use fence::{Fencing, State};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut fence = Fencing::new().run(async { 7 });
/// let handle = fence.handle();
/// assert_eq!(handle.state(), State::Waiting);
/// let _ = fence.await;
/// assert_eq!(handle.state(), State::Completed);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// Not polled yet, or waiting for an enclosing fence that has fired.
    Waiting,
    /// The body was polled and has not ended, or its cleanups have not.
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

/// Allocated once somebody wants a handle, or spawns, or waits for the cancellation.
pub(crate) struct Shared {
    /// Fired through a handle, or by a linked fence inside.
    pub(crate) latch: Latch,
    state: AtomicU8,
    deadline: OnceLock<Option<Instant>>,
    reasons: OnceLock<Vec<Reason>>,
    declined: Mutex<Vec<Reason>>,
    family: OnceLock<Box<Family>>,
}

/// What those inside are told. Only the fence itself fires these, in its own poll.
struct Family {
    /// It has fired. Its body may still have time to finish.
    fired: Latch,
    /// It has cut its body, or was dropped: why is known by then.
    cut: Latch,
    why: OnceLock<Vec<Reason>>,
    /// Set once it has fired and lets its body run on: until when, if not for good.
    grace_end: OnceLock<Option<Instant>>,
    snapshot: Snapshot,
}

impl Told for Shared {
    fn is_told(&self) -> bool {
        self.latch.is_fired()
    }
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            latch: Latch::new(),
            state: AtomicU8::new(State::Waiting as u8),
            deadline: OnceLock::new(),
            reasons: OnceLock::new(),
            declined: Mutex::default(),
            family: OnceLock::new(),
        }
    }

    pub(crate) fn start(&self, deadline: Option<Instant>) {
        // A fence starts once, so this is the first value.
        let _ = self.deadline.set(deadline);
        self.state.store(State::Running as u8, Ordering::Release);
    }

    /// Ends it. A fence that completed lets go of what was spawned inside (D27).
    pub(crate) fn finish(&self, state: State, reasons: Vec<Reason>) {
        // A fence ends once, so this is the first value.
        let _ = self.reasons.set(reasons);
        self.state.store(state as u8, Ordering::Release);
        if state == State::Completed {
            self.tell_fired(Firing::of_drop);
            self.tell_cut(Vec::new);
        }
    }

    pub(crate) fn decline(&self, reason: Reason) {
        self.locked_declined().push(reason);
    }

    pub(crate) fn declined(&self) -> Vec<Reason> {
        self.locked_declined().clone()
    }

    fn locked_declined(&self) -> std::sync::MutexGuard<'_, Vec<Reason>> {
        unpoisoned(self.declined.lock())
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        let firing = self.latch.firing()?;
        Some(Reason::of(Cow::Borrowed(CODE), firing))
    }

    pub(crate) fn reasons(&self) -> &[Reason] {
        self.reasons.get().map_or(&[], Vec::as_slice)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline.get().copied().flatten()
    }

    pub(crate) fn state(&self) -> State {
        STATES[usize::from(self.state.load(Ordering::Acquire))]
    }

    /// Fires through a handle or a link; `false` if it has fired that way before, or has ended.
    pub(crate) fn fire(&self, firing: Firing) -> bool {
        matches!(self.state(), State::Waiting | State::Running) && self.latch.fire(firing)
    }
}

/// Towards those inside.
impl Shared {
    /// Makes sure that those inside will be told.
    pub(crate) fn adopt(&self, snapshot: impl FnOnce() -> Snapshot) {
        let family = || {
            Box::new(Family {
                fired: Latch::new(),
                cut: Latch::new(),
                why: OnceLock::new(),
                grace_end: OnceLock::new(),
                snapshot: snapshot(),
            })
        };
        self.family.get_or_init(family);
    }

    /// Until when a body runs on, told before it is told that the fence has fired.
    pub(crate) fn tell_grace(&self, end: Option<Instant>) {
        if let Some(family) = self.family.get() {
            // It fires once, so this is the first value.
            let _ = family.grace_end.set(end);
        }
    }

    pub(crate) fn tell_fired(&self, firing: impl FnOnce() -> Firing) {
        if let Some(family) = self.family.get() {
            family.fired.tell(firing());
        }
    }

    pub(crate) fn tell_cut(&self, why: impl FnOnce() -> Vec<Reason>) {
        if let Some(family) = self.family.get() {
            // The first to tell is right: a fence that has cut may be dropped later. Only its own
            // task tells, so nobody comes between; the reasons may come from user code (D26).
            if family.why.get().is_none() {
                let _ = family.why.set(why());
            }
            family.cut.tell(Firing::of_drop());
        }
    }

    /// Where to wait for its firing.
    pub(crate) fn fired(&self) -> Option<&Latch> {
        self.family.get().map(|family| &family.fired)
    }

    /// Whether nobody polls it: a scope of plain code, whose firing through a handle or a link is
    /// all that those inside are told. Its guards, if it has any, are asked by its own thread.
    fn is_scope(&self) -> bool {
        let family = self.family.get();
        family.is_some_and(|family| family.snapshot.kind.is_scope() && !family.snapshot.is_guarded)
    }

    /// A scope that ended with a panic takes those inside along.
    pub(crate) fn tell_panicked(&self) {
        if self.is_scope() {
            self.latch
                .tell(Firing::of_drop().with_code("dropped".into()));
        }
    }
}

/// As the tasks see it that were spawned inside.
impl Parent for Shared {
    fn fire(&self, firing: Firing) -> bool {
        Self::fire(self, firing)
    }

    fn fired(&self) -> Option<&Latch> {
        if self.is_scope() {
            return Some(&self.latch);
        }
        Self::fired(self)
    }

    fn cut(&self) -> Option<&Latch> {
        if self.is_scope() {
            return Some(&self.latch);
        }
        self.family.get().map(|family| &family.cut)
    }

    fn is_transparent(&self) -> bool {
        let family = self.family.get();
        family.is_some_and(|family| family.snapshot.kind.is_transparent())
    }

    fn is_cutting(&self, timed: bool) -> bool {
        let Some(family) = self.family.get() else {
            return false;
        };
        let is_seen = || self.latch.is_fired() || family.snapshot.is_seen(timed);
        self.has_cut() || (family.snapshot.cuts_at_once() && is_seen() && self.is_alive())
    }

    fn has_cut(&self) -> bool {
        self.cut().is_some_and(Latch::is_fired) && !self.why().is_empty()
    }

    fn why(&self) -> &[Reason] {
        let Some(family) = self.family.get() else {
            return &[];
        };
        let fired = self.reason().filter(|_| self.is_scope());
        let why = match fired {
            // Nobody polls it, so nobody else has told.
            Some(reason) => Some(family.why.get_or_init(|| vec![reason])),
            None => family.why.get(),
        };
        why.map_or(&[], Vec::as_slice)
    }

    fn seen(&self) -> Vec<Reason> {
        let Some(family) = self.family.get().filter(|_| self.is_alive()) else {
            return Vec::new();
        };
        if let Some(why) = family.why.get() {
            return why.clone();
        }
        let told = family.fired.firing();
        let mut seen: Vec<_> = told
            .map(|firing| Reason::of(Cow::Borrowed(CODE), firing))
            .into_iter()
            .collect();
        // Guards are asked by the task of the fence alone.
        if !family.snapshot.is_guarded {
            let all = family.snapshot.seen().into_iter().chain(self.reason());
            all.for_each(|reason| snapshot::add(&mut seen, reason));
        }
        seen
    }

    fn all_fired(&self) -> Vec<Reason> {
        let mut all = self.why().to_vec();
        all.extend(self.reason());
        if let Some(family) = self.family.get() {
            all.append(&mut family.snapshot.seen());
        }
        all
    }

    fn is_seen(&self) -> bool {
        let Some(family) = self.family.get().filter(|_| self.is_alive()) else {
            return false;
        };
        family.fired.is_fired()
            || family.cut.is_fired()
            || (!family.snapshot.is_guarded
                && (self.latch.is_fired() || family.snapshot.is_seen(true)))
    }

    fn effective_deadline(&self) -> Option<Instant> {
        let family = self.family.get().filter(|_| self.is_alive())?;
        if self.has_cut() {
            return self.why().first().map(Reason::at);
        }
        match family.grace_end.get() {
            Some(end) => earliest(*end, family.snapshot.parents_deadline()),
            None => family.snapshot.effective_deadline(self.is_seen()),
        }
    }

    fn is_alive(&self) -> bool {
        self.state() != State::Completed || self.has_cut()
    }
}
