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
use crate::trigger::Entry;

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
