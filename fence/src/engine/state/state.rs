//! What a running fence shows to the code inside it.

use std::cell::Cell;
use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::state::flags::{Flag, Flags};
use crate::engine::state::phase::{Cancelling, Dropping, FenceKind, Phase};
use crate::engine::state::rare::{LazyBox, RareState};
use crate::engine::state::shared::Shared;
use crate::engine::state::timer::Timing;
use crate::fencing::{Fencing, Policy};
use crate::outcome::Reason;
use crate::trigger::{Entry, earliest, has_passed};

/// What every fence needs, in 64 bytes. The frame of the fence refers to it while the body is
/// polled; cells are what code inside may change.
#[derive(Default)]
pub(crate) struct FenceState {
    pub(crate) fencing: Fencing,
    /// What only some fences need.
    rare: LazyBox,
    pub(crate) start: Option<Instant>,
    pub(crate) deadline: Cell<Option<Instant>>,
    /// As a host: a number for those who asked it since its timer last went off; 0 if nobody did.
    /// In one that asked its host (`timing`), that of the host.
    pub(crate) epoch: Cell<u64>,
    pub(crate) timing: Cell<Timing>,
    phase: Phase,
    kind: FenceKind,
    cancelling: Cell<Cancelling>,
    dropping: Dropping,
    flags: Flags,
}

/// What is unusual.
impl FenceState {
    /// Whether it has latches and a deadline that is ahead, and nothing else.
    #[inline]
    pub(crate) fn is_usual(&self) -> bool {
        self.flags.is_empty()
    }

    #[inline]
    pub(crate) fn timed_out(&self) -> bool {
        self.flags.has(Flag::TimedOut)
    }

    #[inline]
    pub(crate) fn set_timed_out(&self, timed_out: bool) {
        self.flags.set(Flag::TimedOut, timed_out);
    }

    pub(crate) fn set_trigger_seen(&self, seen: bool) {
        self.flags.set(Flag::TriggerSeen, seen);
    }

    pub(crate) fn take_trigger_seen(&self) -> bool {
        let seen = self.flags.has(Flag::TriggerSeen);
        self.set_trigger_seen(false);
        seen
    }

    /// Whether a custom trigger is among its sources.
    #[inline]
    pub(crate) fn has_triggers(&self) -> bool {
        self.flags.has(Flag::Triggers)
    }

    #[inline]
    pub(crate) fn set_has_triggers(&self, has_triggers: bool) {
        self.flags.set(Flag::Triggers, has_triggers);
    }

    /// It starts with the set that it has by now.
    #[inline]
    pub(crate) fn note_policy(&self) {
        let has_policy = self.fencing.policy().is_some();
        self.flags.set(Flag::Policy, has_policy);
    }

    #[inline]
    pub(crate) fn cancelling(&self) -> Cancelling {
        self.cancelling.get()
    }

    pub(crate) fn set_cancelling(&self, cancelling: Cancelling) {
        self.cancelling.set(cancelling);
        self.note_ending();
    }

    #[inline]
    pub(crate) fn dropping(&self) -> Dropping {
        self.dropping
    }

    #[inline]
    pub(crate) fn set_dropping(&mut self, dropping: Dropping) {
        self.dropping = dropping;
        self.note_ending();
    }

    fn note_ending(&self) {
        let is_ending = self.dropping != Dropping::No || self.cancelling() != Cancelling::No;
        self.flags.set(Flag::Ending, is_ending);
    }

    #[inline]
    pub(crate) fn kind(&self) -> FenceKind {
        self.kind
    }

    pub(crate) fn set_kind(&mut self, kind: FenceKind) {
        self.kind = kind;
        self.flags.set(Flag::NoBody, kind != FenceKind::Body);
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    #[inline]
    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }
}

impl FenceState {
    #[inline]
    pub(crate) fn of(fencing: Fencing) -> Self {
        Self {
            fencing,
            ..Self::default()
        }
    }

    /// Whether somebody has to learn of it if it is dropped now.
    #[inline]
    pub(crate) fn is_begun(&self) -> bool {
        match self.phase {
            Phase::Ended => false,
            Phase::Waiting(_) => self.rare().is_some(),
            Phase::Running | Phase::Cleaning => true,
        }
    }

    /// Fired as far as loads can tell.
    #[inline]
    pub(crate) fn is_latched(&self) -> bool {
        self.timed_out()
            || self.fencing.is_latched()
            || self.rare().is_some_and(RareState::is_latched)
    }

    /// The entries of the sets that it was made from.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let around = self.rare().map(|rare| rare.around.entries());
        let own = self.fencing.entries().iter();
        own.chain(around.unwrap_or_default())
    }

    /// Visits them until one says yes.
    #[inline]
    pub(crate) fn any_entry(&self, mut visit: impl FnMut(&Entry) -> bool) -> bool {
        for entry in self.fencing.entries() {
            if visit(entry) {
                return true;
            }
        }
        match self.rare() {
            Some(rare) => rare.around.entries().iter().any(visit),
            None => false,
        }
    }

    #[inline]
    pub(crate) fn is_blocking_scope(&self) -> bool {
        self.flags.has(Flag::NoBody) && self.kind.is_scope()
    }

    /// Whether its entries may stand for fences in other tasks.
    #[inline]
    pub(crate) fn may_have_parents(&self) -> bool {
        !self.flags.has_none(&[Flag::NoBody, Flag::Rare])
    }

    /// Whether the clock may tell it something.
    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        self.deadline.get().is_some() || self.cancelling() == Cancelling::Fired || self.has_idle()
    }

    /// Whether idle limits are among its sources.
    #[inline]
    pub(crate) fn has_idle(&self) -> bool {
        self.rare().is_some_and(|rare| rare.has_idle)
    }

    /// Looks at the idle limits; true if one of them has passed (D34). Not before the body had its
    /// turn in a poll (D3): it may be about to make progress.
    pub(crate) fn look_at_idle(&self) -> bool {
        // All of them, for their reasons.
        let looked = |entry: &Entry| entry.look_at_idle();
        self.has_idle() && self.entries().filter(|entry| looked(entry)).count() > 0
    }

    /// When it has to look at the time: at its deadline, or when an idle limit may have passed.
    #[inline]
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let deadline = self.deadline.get();
        if self.has_idle() {
            let idle = self.entries().filter_map(|entry| entry.idle()?.deadline());
            earliest(deadline, idle.min())
        } else {
            deadline
        }
    }

    /// Tells the idle limits of the fence, and of those around the place where it was spawned.
    pub(crate) fn progress(&self) {
        if self.has_idle() || self.may_have_parents() {
            self.entries().for_each(Entry::progress);
        }
    }

    /// Whether there is no more to it than latches and a deadline that has not passed.
    #[inline]
    pub(crate) fn has_only_latches(&self) -> bool {
        use Flag::{Rare, TimedOut, TriggerSeen, Triggers};
        self.flags
            .has_none(&[TimedOut, TriggerSeen, Triggers, Rare])
    }

    /// Whether a firing is a cut there and then, as far as policies go.
    #[inline]
    pub(crate) fn cuts_at_once(&self) -> bool {
        use Flag::{Ending, NoBody, Policy, Rare};
        self.flags.has_none(&[Ending, NoBody, Policy, Rare])
            || (self.cancelling() == Cancelling::No
                && !self.is_blocking_scope()
                && self.policy().is_none()
                && !self.has_excused())
    }

    /// Whether it takes the firing of a latch or its deadline to cut it, and nothing else.
    pub(crate) fn is_cut_only_by_latches(&self) -> bool {
        use Flag::{Ending, NoBody, Policy, Rare, Triggers};
        self.flags
            .has_none(&[Ending, NoBody, Policy, Rare, Triggers])
    }

    #[inline]
    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.fencing.policy()
    }

    /// Whether it takes more than a firing to cancel it.
    #[inline]
    pub(crate) fn is_guarded(&self) -> bool {
        !self.flags.has_none(&[Flag::Policy, Flag::Rare]) && self.asks_guards()
    }

    fn asks_guards(&self) -> bool {
        self.policy().is_some_and(Policy::is_guarded) || self.has_excused()
    }

    fn has_excused(&self) -> bool {
        self.rare().is_some_and(|rare| !rare.excused.is_empty())
    }

    /// Whether the body goes on after the fence has fired.
    #[inline]
    pub(crate) fn is_lenient(&self) -> bool {
        !self.flags.has_none(&[Flag::Policy, Flag::NoBody]) && self.lets_run_on()
    }

    fn lets_run_on(&self) -> bool {
        self.is_blocking_scope() || self.policy().is_some_and(Policy::is_lenient)
    }

    /// Whether a firing is anything but a cut there and then.
    pub(crate) fn needs_decision(&self) -> bool {
        !self
            .flags
            .has_none(&[Flag::Rare, Flag::Policy, Flag::Ending])
    }

    /// Whether the guards let something through, or what fired is none of their business.
    pub(crate) fn has_accepted(&self) -> bool {
        let Some(rare) = self.rare() else {
            return false;
        };
        rare.has_accepted()
            || rare.is_cut_around()
            || (self.timed_out() && rare.around.has_passed())
    }

    /// Looks at the fences around the place where this task was spawned: what they are seen to have
    /// fired with is a cut of the task, as if it stood inline there (D27).
    #[cold]
    pub(crate) fn look_around(&self, timed: bool) {
        if self.rare().is_some_and(RareState::is_cut_around) {
            return;
        }
        let mut seen = Vec::new();
        for parent in self.entries().filter_map(Entry::parent) {
            if parent.is_cutting(timed) && !parent.has_cut() {
                seen.append(&mut parent.seen());
            }
        }
        // Usually there is none, and no need for the list.
        if !seen.is_empty() {
            self.rare_or_init()
                .seen_around
                .borrow_mut()
                .append(&mut seen);
        }
    }

    /// What is inside has learnt that it has fired: a scope of plain code has no other way to be
    /// cancelled, once it runs.
    pub(crate) fn note_told(&self) {
        if self.is_blocking_scope() {
            self.rare_or_init().has_told.set(true);
        }
    }

    pub(crate) fn has_declined(&self, reason: &Reason) -> bool {
        self.rare().is_some_and(|rare| rare.has_declined(reason))
    }

    pub(crate) fn declined(&self) -> Vec<Reason> {
        self.rare().map(RareState::declined).unwrap_or_default()
    }

    /// The timer of the fence went off: those who asked it to be woken have to ask again.
    pub(crate) fn note_time(&self) -> Instant {
        let now = Instant::now();
        self.epoch.set(0);
        self.expire(now);
        now
    }

    /// Takes note of the time.
    pub(crate) fn expire(&self, now: Instant) {
        if has_passed(self.deadline.get(), Some(now)) {
            self.set_timed_out(true);
        }
        let cut_at = self.rare().and_then(|rare| rare.cut_at);
        if self.cancelling() == Cancelling::Fired && has_passed(cut_at, Some(now)) {
            self.set_cancelling(Cancelling::GraceOver);
        }
    }

    /// Whether its deadline wakes the task, if it has no host.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.timing.get() == Timing::Armed || self.deadline.get().is_none()
    }

    /// Whether its host wakes the task for its deadline, and for all else: asked in that epoch.
    #[inline]
    pub(crate) fn is_awaited_of(&self, epoch: u64) -> bool {
        let timing = self.timing.get();
        timing == Timing::Armed || (timing == Timing::Asked && self.epoch.get() == epoch)
    }

    /// It was asked of the host to be woken, in this epoch of the host.
    pub(crate) fn asked(&self, epoch: u64) {
        self.timing.set(Timing::Asked);
        self.epoch.set(epoch);
    }

    /// The host that it asked, if it did, is not around any more.
    #[inline]
    pub(crate) fn be_host(&self) {
        if self.timing.get() == Timing::Asked {
            self.timing.set(Timing::Idle);
            self.epoch.set(0);
        }
    }

    /// What it shares, if it does.
    #[inline]
    pub(crate) fn shared_part(&self) -> Option<&Arc<Shared>> {
        self.rare().and_then(|rare| rare.shared.get())
    }

    /// What came in through handles, links and failed children, and was not declined.
    pub(crate) fn came_in(&self) -> Vec<Reason> {
        let shared = self.shared_part();
        shared.map_or_else(Vec::new, |shared| shared.inbox.reasons())
    }

    /// The shared part of a fence that is running.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        let rare = self.rare_or_init();
        rare.shared.get_or_init(|| {
            let shared = Shared::of(self.policy());
            shared.inbox.excuse(&rare.excused);
            shared.start(self.deadline.get(), self.policy());
            Arc::new(shared)
        })
    }

    #[inline]
    pub(crate) fn rare(&self) -> Option<&RareState> {
        self.rare.get()
    }

    pub(crate) fn rare_mut(&mut self) -> Option<&mut RareState> {
        self.rare.get_mut()
    }

    pub(crate) fn rare_or_init(&self) -> &RareState {
        self.flags.set(Flag::Rare, true);
        self.rare.get_or_init()
    }

    pub(crate) fn rare_mut_or_init(&mut self) -> &mut RareState {
        self.rare_or_init();
        match self.rare.get_mut() {
            Some(rare) => rare,
            None => unreachable!("it was just made"),
        }
    }
}
