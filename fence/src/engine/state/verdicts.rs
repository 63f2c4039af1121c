//! What guards, and the fences around a spawned task, have decided about a fence.

use crate::engine::state::rare::RareState;
use crate::engine::state::state::FenceState;
use crate::outcome::Reason;
use crate::trigger::Entry;

impl FenceState {
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
}
