//! What a fence shares with its handles, and with the tasks and threads spawned inside it.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use crate::cleanup::Told;
use crate::engine::state::inbox::{CODE, Inbox};
use crate::engine::state::snapshot::{self, Snapshot};
use crate::engine::state::time_left::TimeLeft;
use crate::fencing::Policy;
use crate::outcome::{Firing, Reason};
use crate::trigger::{Entry, Latch, Parent, earliest, note_fired_here};
use crate::util::{AtomicU8, Mutex, OnceLock, Ordering, unpoisoned};

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
    /// The fence was dropped midway: aborted, or lost a `select!`, or cut by an enclosing fence, or
    /// its body panicked.
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
    /// What comes in through handles, linked fences inside, and failed children.
    pub(crate) inbox: Inbox,
    state: AtomicU8,
    time_left: Mutex<TimeLeft>,
    /// What had fired when it ended, once it has.
    ended: OnceLock<Vec<Reason>>,
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
        self.has_fired()
    }
}

impl Shared {
    pub(crate) fn of(policy: Option<&Policy>) -> Self {
        let shared = Self {
            inbox: Inbox::default(),
            state: AtomicU8::new(State::Waiting as u8),
            time_left: Mutex::default(),
            ended: OnceLock::new(),
            family: OnceLock::new(),
        };
        shared.obey(policy);
        shared
    }

    /// What the fence does about a firing, as far as others have to know.
    fn obey(&self, policy: Option<&Policy>) {
        self.inbox
            .set_guarded(policy.is_some_and(Policy::is_guarded));
        self.with_time_left(|time| time.obey(policy));
    }

    pub(crate) fn start(&self, deadline: Option<Instant>, policy: Option<&Policy>) {
        self.obey(policy);
        self.with_time_left(|time| time.deadline = deadline);
        self.state.store(State::Running as u8, Ordering::Release);
    }

    /// Ends it, and tells why in the end: for `reasons`, and what came in at the last moment. A
    /// fence that completed was not cancelled by that, and lets go of what was spawned inside (D27).
    pub(crate) fn finish(&self, state: State, mut reasons: Vec<Reason>) -> &[Reason] {
        let came_in = self.inbox.close();
        if state != State::Completed {
            for reason in came_in {
                snapshot::add(&mut reasons, reason);
            }
            reasons.sort_by_key(Reason::order);
        }
        // A fence ends once, so this is the first value.
        let ended = self.ended.get_or_init(|| reasons);
        self.state.store(state as u8, Ordering::Release);
        if state == State::Completed {
            self.tell_fired(Firing::of_drop);
            self.tell_cut(Vec::new);
        }
        ended
    }

    /// Why it ended; before, what came in and counts.
    pub(crate) fn reasons(&self) -> &[Reason] {
        let ended = self.ended.get().map(Vec::as_slice);
        ended.unwrap_or_else(|| self.inbox.counting())
    }

    /// Whether something came in that counts.
    pub(crate) fn has_fired(&self) -> bool {
        !self.inbox.counting().is_empty()
    }

    pub(crate) fn with_time_left<R>(&self, f: impl FnOnce(&mut TimeLeft) -> R) -> R {
        let mut time_left = unpoisoned(self.time_left.lock());
        f(&mut time_left)
    }

    /// The time that the fence has left (D20).
    pub(crate) fn remaining(&self) -> Option<Duration> {
        match self.state() {
            State::Completed => None,
            State::Cancelled => Some(Duration::ZERO),
            State::Dropped => self.has_fired().then_some(Duration::ZERO),
            State::Waiting | State::Running => {
                let (now, has_fired) = (Instant::now(), self.has_fired());
                self.with_time_left(|time| time.remaining(has_fired, now))
            }
        }
    }

    pub(crate) fn state(&self) -> State {
        STATES[usize::from(self.state.load(Ordering::Acquire))]
    }

    /// Fires through a handle or a link, or for a failed child: what [`Inbox::fire`] says.
    pub(crate) fn fire(&self, firing: Firing) -> bool {
        note_fired_here();
        let has_come_in = self.inbox.fire(firing);
        if has_come_in {
            self.tell_scope();
        }
        has_come_in
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
        // What has come in before, and what comes in now, is kept under a lock: told here or there.
        self.tell_scope();
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

    /// Tells those inside a scope what has come in.
    fn tell_scope(&self) {
        if !self.is_scope() {
            return;
        }
        let reasons = self.inbox.reasons();
        if let Some(first) = reasons.first().map(Reason::to_firing) {
            self.tell_fired(|| first);
            self.tell_cut(|| reasons);
        }
    }

    /// A scope that ended with a panic takes those inside along.
    pub(crate) fn tell_panicked(&self) {
        if self.is_scope() {
            let dropped = Reason::new(Cow::Borrowed("dropped"), Firing::of_drop());
            self.tell_fired(|| dropped.to_firing());
            self.tell_cut(|| vec![dropped]);
        }
    }
}

/// As the tasks see it that were spawned inside.
impl Parent for Shared {
    fn fire(&self, firing: Firing) -> bool {
        Self::fire(self, firing)
    }

    fn fired(&self) -> Option<&Latch> {
        Self::fired(self)
    }

    fn cut(&self) -> Option<&Latch> {
        self.family.get().map(|family| &family.cut)
    }

    fn over(&self) -> Option<&Latch> {
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
        let is_seen = || self.has_fired() || family.snapshot.is_seen(timed);
        self.has_cut() || (family.snapshot.cuts_at_once() && is_seen() && self.is_alive())
    }

    fn has_cut(&self) -> bool {
        self.cut().is_some_and(Latch::is_fired) && !self.why().is_empty()
    }

    fn why(&self) -> &[Reason] {
        let family = self.family.get();
        family
            .and_then(|family| family.why.get())
            .map_or(&[], Vec::as_slice)
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
            let came_in = self.inbox.counting().iter().cloned();
            let all = family.snapshot.seen().into_iter().chain(came_in);
            all.for_each(|reason| snapshot::add(&mut seen, reason));
        }
        seen
    }

    fn all_fired(&self) -> Vec<Reason> {
        let mut all = self.why().to_vec();
        all.append(&mut self.inbox.reasons());
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
            || (!family.snapshot.is_guarded && (self.has_fired() || family.snapshot.is_seen(true)))
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

    fn progress(&self) {
        if let Some(family) = self.family.get() {
            family.snapshot.entries.iter().for_each(Entry::progress);
        }
    }

    fn is_alive(&self) -> bool {
        self.state() != State::Completed || self.has_cut()
    }
}
