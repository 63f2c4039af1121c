//! How much time the fences around some code leave it (D20).

use tokio::time::Instant;

use crate::engine::frames::binding::Binding;
use crate::engine::frames::enclosing::{FlagAnswer, Question};
use crate::engine::frames::frame::Here;
use crate::engine::frames::running::Running;
use crate::engine::state::phase::Cancelling;
use crate::fencing::Fencing;
use crate::trigger::earliest;

impl Here<'_> {
    /// The earliest deadline of the bound set and of all enclosing fences; now, if one of them
    /// cuts.
    pub(crate) fn deadline(self) -> Option<Instant> {
        if self.find_out(Question::Fired, true) {
            return self.deadline_of_fired();
        }
        let bound = self.bound().map(Binding::set);
        let bound = bound.and_then(Fencing::bound_deadline);
        self.enclosing()
            .filter_map(|running| running.sources.effective_deadline())
            .chain(bound)
            .min()
    }

    /// The earliest deadline once something has fired: a fence in its grace has until that ends.
    #[cold]
    fn deadline_of_fired(self) -> Option<Instant> {
        let now = Instant::now();
        let (mut limit, mut has_grace) = (None, false);
        for running in self.enclosing() {
            has_grace |= running.is_in_grace();
            limit = earliest(limit, running.limit(now));
        }
        let set = self.bound().map(Binding::set);
        let bound = if has_grace {
            // What has passed is what the grace is for.
            set.and_then(|set| set.deadline_after(now))
        } else {
            set.and_then(Fencing::bound_deadline)
        };
        earliest(limit, bound)
    }
}

impl Running<'_> {
    /// Until when its code may run on, as far as it is concerned.
    fn limit(&self, now: Instant) -> Option<Instant> {
        let state = self.sources.state;
        if self.is_in_grace() {
            return earliest(self.grace_end(now), self.parents_limit());
        }
        if state.may_have_parents() && !self.has_fired_itself() {
            return earliest(state.deadline.get(), self.parents_limit());
        }
        let has_fired = match self.answer(Question::Fired) {
            FlagAnswer::Yes => true,
            FlagAnswer::No => false,
            // Guards were asked, if they had to be.
            FlagAnswer::AskUsers => !state.is_guarded() && self.ask_users(Question::Fired),
        };
        if has_fired {
            return Some(now);
        }
        self.sources.effective_deadline()
    }

    /// When its grace ends; `None` if it is cooperative.
    fn grace_end(&self, now: Instant) -> Option<Instant> {
        let state = self.sources.state;
        if state.cancelling() == Cancelling::Fired {
            return state.rare().and_then(|rare| rare.cut_at);
        }
        // It fires in this very poll, and will learn of it after.
        let grace = state.policy().and_then(|policy| policy.grace());
        grace.and_then(|grace| now.checked_add(grace))
    }

    /// Whether it is more than the fences around the place where a task was spawned that fired.
    fn has_fired_itself(&self) -> bool {
        let state = self.sources.state;
        state.timed_out()
            || state.shared_part().is_some_and(|shared| shared.has_fired())
            || self
                .sources
                .any_entry(|entry| entry.parent().is_none() && entry.source.firing().is_some())
    }

    /// How long those have.
    fn parents_limit(&self) -> Option<Instant> {
        let mut limit = None;
        self.sources.any_entry(|entry| {
            limit = earliest(limit, entry.effective_deadline());
            false
        });
        limit
    }
}
