//! The first poll of a fence: what it captures, and what may keep its body from starting.

use tokio::time::Instant;

use crate::engine::engine::{Body, Engine};
use crate::engine::frames::binding::Binding;
use crate::engine::frames::enclosing::Survey;
use crate::engine::frames::frame::Here;
use crate::engine::state::phase::{Extends, Phase};
use crate::fencing::fencing::Fencing;
use crate::trigger::time::has_passed;

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
        match self.live.phase {
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
        let waiting = self.live.phase;
        if !here.is_nowhere() && !self.capture(here) {
            return Start::Blocked;
        }
        if let Some(own) = &mut self.own {
            own.resolve(&mut self.live.fencing);
        }
        self.start_clock();
        self.live.phase = Phase::Running;
        self.live.has_triggers = self.has_triggers();
        let has_fired = self.is_latched() || self.has_trigger_fired();
        let has_fired = has_fired && self.accept_at_start();
        if has_fired && here.is_interrupted() {
            // It passed the cancellation on, and leaves the rest to the fence around it.
            self.unstart(waiting);
            return Start::Blocked;
        }
        if let Some(shared) = self.live.shared_part() {
            shared.start(self.live.deadline.get());
        }
        if has_fired { Start::Fired } else { Start::Go }
    }

    /// As if it had never been polled: it may be polled somewhere else next.
    fn unstart(&mut self, waiting: Phase) {
        self.live.phase = waiting;
        self.live.start = None;
        self.live.deadline.set(None);
        self.live.timed_out.set(false);
        if waiting != Phase::Waiting(Extends::Given) {
            self.live.fencing = Fencing::new();
        }
        if let Some(extra) = self.live.some_extra_mut() {
            extra.around = Fencing::new();
        }
    }

    /// Takes over what is bound here; `false` if an enclosing fence has fired.
    fn capture(&mut self, here: Here<'_>) -> bool {
        let Some(Survey { in_scope, bound }) = here.survey() else {
            return false;
        };
        if in_scope {
            self.live.extra_mut().around = here.scopes();
        }
        let bound = || bound.map(Binding::take).unwrap_or_default();
        match self.live.phase {
            Phase::Waiting(Extends::Bound) => self.live.fencing = bound(),
            Phase::Waiting(Extends::BoundNames) => {
                let own = self.own.as_deref();
                let names = |code: &str| own.is_some_and(|own| own.names(code));
                self.live.fencing = bound().only(names);
            }
            _ => {}
        }
        true
    }

    /// The clock is read only by a fence with a time of its own or bound (D1).
    fn start_clock(&mut self) {
        let mut earliest = self.live.fencing.earliest();
        if let Some(own) = &self.own {
            earliest = earliest.and(&own.earliest());
        }
        if let Some(extra) = self.live.some_extra() {
            earliest = earliest.and(&extra.around.earliest());
        }
        if earliest.is_some() {
            let now = Instant::now();
            let deadline = earliest.deadline(now);
            self.live.start = Some(now);
            self.live.deadline.set(deadline);
            self.live.timed_out.set(has_passed(deadline, Some(now)));
        }
    }

    fn has_triggers(&self) -> bool {
        let around = self.live.some_extra().map(|extra| &extra.around);
        self.live.fencing.has_triggers()
            || (self.has_entries && self.own.as_ref().is_some_and(|own| own.has_triggers()))
            || around.is_some_and(Fencing::has_triggers)
    }

    fn accept_at_start(&mut self) -> bool {
        if self.live.is_guarded() {
            self.watched().ask_guards();
            if !self.live.has_accepted() {
                return false;
            }
        }
        self.link_up();
        true
    }
}
