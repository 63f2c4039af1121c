//! The first poll of a fence: what it captures, and what may keep its body from starting.

use tokio::time::Instant;

use crate::engine::engine::{Body, Engine};
use crate::engine::frames::binding::Binding;
use crate::engine::frames::frame::Here;
use crate::engine::frames::survey::Survey;
use crate::engine::state::phase::{Inherit, Phase};
use crate::fencing::{Fencing, Policy};
use crate::trigger::{Entry, IdleLimit, has_passed};

/// What the first poll finds.
pub(crate) enum Start {
    /// Nothing in the way.
    Go,
    /// An enclosing fence has fired: nothing starts (D5).
    Blocked,
    /// A trigger has fired: the body is never polled (D2).
    Fired,
}

impl Engine<'_> {
    /// A poll that is no further one.
    pub(crate) fn begin(&mut self, here: Here<'_>, body: &mut dyn Body) -> Start {
        match self.state.phase() {
            Phase::Cleaning => return Start::Fired,
            Phase::Ended => panic!("a `Fence` was polled after it had resolved"),
            Phase::Waiting(_) | Phase::Running => {}
        }
        let start = self.start(here);
        if let Start::Fired = start {
            self.cut(here, body);
        }
        start
    }

    /// Captures the context, starts the clock, looks at what has fired (D1, D2).
    pub(crate) fn start(&mut self, here: Here<'_>) -> Start {
        let waiting = self.state.phase();
        let mut survey = Survey::default();
        if !here.is_empty() {
            match here.survey() {
                Some(found) => survey = found,
                None => return Start::Blocked,
            }
        }
        self.capture(here, survey);
        if self.state.fencing.has_names() {
            self.resolve_names(here);
        }
        if let Some(own) = &mut self.own {
            own.resolve(&mut self.state.fencing);
        }
        self.start_clock();
        self.start_idle(waiting);
        let now = self.state.start.filter(|_| survey.is_timed);
        if now.is_some_and(|now| here.take_note(now)) && here.is_interrupted() {
            // Their time had passed before ours started, and they had not looked (D13a).
            self.unstart(waiting);
            return Start::Blocked;
        }
        self.state.set_phase(Phase::Running);
        self.state.note_policy();
        self.state.set_has_triggers(self.has_triggers());
        let has_fired = self.is_latched() || self.has_trigger_fired();
        let has_fired = has_fired && self.accept_at_start();
        if has_fired && here.is_interrupted_now() {
            // It passed the cancellation on, and leaves the rest to the fence around it.
            self.unstart(waiting);
            return Start::Blocked;
        }
        if let Some(rare) = self.state.rare_mut() {
            rare.blocked.leave();
        }
        if let Some(shared) = self.state.shared_part() {
            shared.start(self.state.deadline.get(), self.state.policy());
        }
        if has_fired { Start::Fired } else { Start::Go }
    }

    /// The start of plain code that runs whatever has fired.
    pub(crate) fn start_entered(&mut self) {
        self.start_clock();
        self.start_idle(self.state.phase());
        self.state.set_phase(Phase::Running);
        self.state.note_policy();
        self.state.set_has_triggers(self.has_triggers());
    }

    /// As if it had never been polled: it may be polled somewhere else next.
    fn unstart(&mut self, waiting: Phase) {
        self.state.set_phase(waiting);
        self.state.start = None;
        self.state.deadline.set(None);
        self.state.set_timed_out(false);
        if waiting != Phase::Waiting(Inherit::Given) {
            self.state.fencing = Fencing::new();
        }
        self.state.set_has_triggers(false);
        self.state.set_trigger_seen(false);
        if let Some(rare) = self.state.rare_mut() {
            let given = rare.unstart();
            if waiting == Phase::Waiting(Inherit::Given) && !given.is_empty() {
                self.state.fencing = given;
            }
        }
    }

    /// Takes over what is bound here, and what is known of the fences around.
    #[inline]
    fn capture(&mut self, here: Here<'_>, survey: Survey<'_>) {
        if survey.in_scope && !self.state.is_blocking_scope() {
            self.state.rare_mut_or_init().around = here.beyond_scope();
        }
        if survey.may_have_grace {
            self.excuse(here);
        }
        let bound = survey.bound;
        let bound = || bound.map(Binding::take).unwrap_or_default();
        match self.state.phase() {
            Phase::Waiting(Inherit::Bound) => self.state.fencing = bound(),
            Phase::Waiting(Inherit::BoundNames) => {
                let own = self.own.as_deref();
                let names = |code: &str| own.is_some_and(|own| own.names(code));
                self.state.fencing = bound().only(names);
            }
            _ => {}
        }
    }

    /// What fired for a fence in its grace is no reason for this one (D23).
    #[cold]
    fn excuse(&mut self, here: Here<'_>) {
        let excused = here.excused();
        if !excused.is_empty() {
            if let Some(shared) = self.state.shared_part() {
                shared.inbox.excuse(&excused);
            }
            self.state.rare_mut_or_init().excused = excused;
        }
    }

    /// Looks up what its names mean here, and keeps the set as it was given (D18a).
    #[cold]
    fn resolve_names(&mut self, here: Here<'_>) {
        let given = std::mem::take(&mut self.state.fencing);
        let bound = || here.bound().map(Binding::take).unwrap_or_default();
        self.state.fencing = given.clone().resolved(bound);
        self.state.rare_mut_or_init().given = given;
    }

    /// The clock is read only by a fence with a time of its own or bound (D1).
    fn start_clock(&mut self) {
        let mut earliest = self.state.fencing.earliest();
        if let Some(own) = &self.own {
            earliest = earliest.and(&own.earliest());
        }
        if let Some(rare) = self.state.rare() {
            earliest = earliest.and(&rare.around.earliest());
        }
        if earliest.is_some() {
            let now = Instant::now();
            let deadline = earliest.deadline(now);
            self.state.start = Some(now);
            self.state.deadline.set(deadline);
            self.state.set_timed_out(has_passed(deadline, Some(now)));
        }
    }

    /// Each fence has clocks of its own for the idle limits of its set (D34).
    #[inline]
    fn start_idle(&mut self, waiting: Phase) {
        let limits = self.state.policy().map(Policy::idle).unwrap_or_default();
        if !limits.is_empty() {
            self.start_idle_clocks(limits.to_vec(), waiting);
        }
        if self.state.may_have_parents() && self.state.entries().any(Entry::is_idle) {
            self.state.rare_mut_or_init().has_idle = true;
            self.state.look_at_idle();
        }
    }

    #[cold]
    fn start_idle_clocks(&mut self, limits: Vec<IdleLimit>, waiting: Phase) {
        let now = *self.state.start.get_or_insert_with(Instant::now);
        let fencing = self.state.fencing.clone();
        for limit in limits {
            self.state.fencing.add(limit.entry(now));
        }
        let given = &mut self.state.rare_mut_or_init().given;
        if waiting == Phase::Waiting(Inherit::Given) && given.is_empty() {
            *given = fencing;
        }
    }

    fn has_triggers(&self) -> bool {
        let around = self.state.rare().map(|rare| &rare.around);
        self.state.fencing.has_triggers()
            || (self.has_entries && self.own.as_ref().is_some_and(|own| own.has_triggers()))
            || around.is_some_and(Fencing::has_triggers)
    }

    fn accept_at_start(&mut self) -> bool {
        if self.state.is_guarded() {
            self.sources().ask_guards();
            if !self.state.has_accepted() {
                return false;
            }
        }
        self.link_up();
        true
    }
}
