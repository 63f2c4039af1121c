//! Fences whose body runs on after they have fired, and what starts in it (D23).

use crate::engine::frames::enclosing::Question;
use crate::engine::frames::frame::Here;
use crate::engine::frames::running::Running;
use crate::engine::state::phase::Cancelling;
use crate::engine::state::snapshot;
use crate::outcome::Reason;
use crate::trigger::Parent;

impl Running<'_> {
    /// Whether it has fired, and lets its body run on for the time being.
    pub(crate) fn is_in_grace(&self) -> bool {
        let state = self.sources.state;
        if state.is_blocking_scope() || !state.is_lenient() {
            return false;
        }
        match state.cancelling() {
            Cancelling::No => self.find_out(Question::Fired),
            Cancelling::Fired => true,
            Cancelling::GraceOver => false,
        }
    }
}

impl Here<'_> {
    /// What has fired for fences in their grace: no reasons for what starts in them now, which
    /// has the end of the grace as its limit instead.
    #[cold]
    pub(crate) fn excused(self) -> Vec<Reason> {
        let mut excused = Vec::new();
        for running in self.enclosing() {
            if running.is_in_grace() {
                let why = running.sources.why();
                let reasons = why.iter().flat_map(|why| why.reasons().iter().cloned());
                reasons.for_each(|reason| snapshot::add(&mut excused, reason));
            }
            if running.sources.state.may_have_parents() {
                running.sources.any_entry(|entry| {
                    let graced = entry.parent().filter(|parent| is_in_grace(&***parent));
                    let reasons = graced.into_iter().flat_map(|parent| parent.seen());
                    reasons.for_each(|reason| snapshot::add(&mut excused, reason));
                    false
                });
            }
        }
        excused
    }
}

/// Whether a fence around the place where the task was spawned is.
fn is_in_grace(parent: &dyn Parent) -> bool {
    parent.is_alive() && !parent.has_cut() && parent.fired().is_some_and(|fired| fired.is_fired())
}
