//! What the code inside of fences asks them, as far as flags and clocks go.

use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::frames::binding::Binding;
use crate::engine::frames::frame::{Here, Part};
use crate::engine::frames::running::Running;
use crate::engine::state::phase::Cancelling;
use crate::engine::state::state::FenceState;
use crate::fencing::Fencing;
use crate::trigger::check_cache;
use crate::trigger::{Entry, Parent};

/// What is asked of the enclosing fences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether one of them cuts, now or once its shields are done (D5, D13).
    Cuts,
    /// Whether one of them has fired, even if the body may go on (D23).
    Fired,
}

/// What is around a fence that starts.
pub(crate) struct Survey<'a> {
    /// Whether the innermost fence is a scope of plain code.
    pub(crate) in_scope: bool,
    pub(crate) bound: Option<&'a Binding>,
}

/// What their flags say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlagAnswer {
    Yes,
    No,
    /// Custom triggers, or guards, have to be asked.
    AskUsers,
}

impl Running<'_> {
    #[inline]
    pub(crate) fn answer(&self, question: Question) -> FlagAnswer {
        if self.sources.state.cuts_at_once() {
            self.strict_answer(question)
        } else {
            self.lenient_answer(question)
        }
    }

    #[inline]
    fn strict_answer(&self, question: Question) -> FlagAnswer {
        if self.is_latched(question) {
            FlagAnswer::Yes
        } else if self.sources.state.has_triggers {
            FlagAnswer::AskUsers
        } else {
            FlagAnswer::No
        }
    }

    /// The same for a fence with policies, or one that has fired.
    fn lenient_answer(&self, question: Question) -> FlagAnswer {
        let state = self.sources.state;
        match (state.cancelling.get(), question) {
            (Cancelling::No, _) => {}
            (Cancelling::Fired, Question::Cuts) if state.is_lenient() => return FlagAnswer::No,
            (Cancelling::Fired | Cancelling::GraceOver, _) => return FlagAnswer::Yes,
        }
        if question == Question::Cuts && state.is_lenient() {
            FlagAnswer::No
        } else if state.is_guarded() {
            self.guarded_answer(question)
        } else {
            self.strict_answer(question)
        }
    }

    fn guarded_answer(&self, question: Question) -> FlagAnswer {
        if self.sources.state.has_accepted() {
            FlagAnswer::Yes
        } else if self.sources.state.has_triggers || self.is_latched(question) {
            FlagAnswer::AskUsers
        } else {
            FlagAnswer::No
        }
    }

    #[inline]
    fn is_latched(&self, question: Question) -> bool {
        self.sources.state.is_latched()
            || self.sources.is_own_latched()
            || (question == Question::Fired
                && self.sources.state.may_have_parents()
                && self.is_seen())
    }

    /// Who is told of the cancellation of a linked fence right inside.
    fn takes_links(&self) -> Option<Arc<dyn Parent>> {
        let state = self.sources.state;
        if !state.kind.is_transparent() {
            return Some(state.shared().clone());
        }
        // Innermost last. One that has completed has let go.
        let mut parents = state
            .fencing
            .entries()
            .iter()
            .rev()
            .filter_map(Entry::parent);
        parents
            .find(|parent| !parent.is_transparent() && parent.is_alive())
            .cloned()
    }

    /// Whether a fence around the place where this task was spawned is seen to have fired.
    #[cold]
    fn is_seen(&self) -> bool {
        self.sources.state.entries().any(Entry::is_seen)
    }
}

impl<'a> Here<'a> {
    /// Whether an enclosing fence cuts. Time that nobody saw pass yet does not count.
    #[inline]
    pub(crate) fn is_interrupted(self) -> bool {
        self.find_out(Question::Cuts, false)
    }

    /// The same with a look at the clock, if one of them has a deadline.
    #[inline]
    pub(crate) fn is_interrupted_now(self) -> bool {
        self.find_out(Question::Cuts, true)
    }

    #[inline]
    pub(crate) fn find_out(self, question: Question, timed: bool) -> bool {
        match self.ask(question, timed) {
            FlagAnswer::Yes => true,
            FlagAnswer::AskUsers => self.ask_users(question),
            FlagAnswer::No => false,
        }
    }

    /// What the fences around this code say, as far as flags go; `timed` with a look at the clock,
    /// if one of them has a deadline. A fence whose deadline has passed is told so.
    #[inline]
    pub(crate) fn ask(self, question: Question, timed: bool) -> FlagAnswer {
        let (mut now, mut answer) = (None, FlagAnswer::No);
        for running in self.enclosing() {
            let state = running.sources.state;
            if timed && state.is_timed() {
                state.expire(*now.get_or_insert_with(Instant::now));
            }
            if question == Question::Cuts && state.may_have_parents() {
                state.look_around(timed);
            }
            match running.answer(question) {
                FlagAnswer::Yes => return FlagAnswer::Yes,
                FlagAnswer::AskUsers => answer = FlagAnswer::AskUsers,
                FlagAnswer::No => {}
            }
        }
        answer
    }

    /// Whether an enclosing fence has fired, even if it does not cut yet.
    pub(crate) fn has_fired(self) -> bool {
        let firings = check_cache::firings();
        let has_fired = self.find_out(Question::Fired, true);
        let mut lives = self.enclosing().map(|running| running.sources.state);
        if !has_fired && self.sees_all_frames() && lives.all(FenceState::is_cut_only_by_latches) {
            let lives = self.enclosing().map(|running| running.sources.state);
            check_cache::store(
                firings,
                lives.filter_map(|state| state.deadline.get()).min(),
            );
        }
        has_fired
    }

    /// What a fence here passes its cancellation on to: the fence around it, or around the place
    /// where its task or thread was spawned.
    pub(crate) fn linked_to(self) -> Option<Arc<dyn Parent>> {
        let mut fences = self.visible().filter_map(Part::fence);
        fences.find_map(|running| running.takes_links())
    }

    /// The enclosing fences as sources for what is spawned here, outermost first (D27).
    pub(crate) fn lineage(self) -> Fencing {
        let mut lineage = Fencing::new();
        let fences: Vec<_> = self.enclosing().collect();
        for running in fences.into_iter().rev() {
            running.adopt(&mut lineage);
        }
        lineage
    }

    /// The earliest deadline of the bound set and of all enclosing fences.
    pub(crate) fn deadline(self) -> Option<Instant> {
        let bound = self.bound().map(Binding::set);
        let bound = bound.and_then(Fencing::bound_deadline);
        self.enclosing()
            .filter_map(|running| running.sources.effective_deadline())
            .chain(bound)
            .min()
    }

    /// What a fence that starts here has to know, in one walk; `None` if it may not start (D5).
    #[inline]
    pub(crate) fn survey(self) -> Option<Survey<'a>> {
        let (mut innermost, mut bound, mut is_shielded) = (None, None, false);
        let mut answer = FlagAnswer::No;
        for part in self.visible() {
            match part {
                Part::Fence(running) if !is_shielded => {
                    innermost.get_or_insert(running);
                    if running.sources.state.may_have_parents() {
                        running.sources.state.look_around(false);
                    }
                    match running.answer(Question::Cuts) {
                        FlagAnswer::Yes => return None,
                        FlagAnswer::AskUsers => answer = FlagAnswer::AskUsers,
                        FlagAnswer::No => {}
                    }
                }
                Part::Bound(binding) => {
                    bound.get_or_insert(*binding);
                }
                Part::Shield => is_shielded = true,
                Part::Fence(_) | Part::Detached => {}
            }
        }
        let is_blocked = answer == FlagAnswer::AskUsers && self.ask_users(Question::Cuts);
        let in_scope = innermost.is_some_and(|running| running.sources.state.is_blocking_scope());
        (!is_blocked).then_some(Survey { in_scope, bound })
    }

    /// The sources of the scopes of plain code right around this, as a set.
    #[cold]
    pub(crate) fn scopes(self) -> Fencing {
        let mut around = Fencing::new();
        let scopes: Vec<_> = self.scopes_around().collect();
        for scope in scopes.into_iter().rev() {
            scope.adopt(&mut around);
        }
        around
    }

    /// A fence here is cut: if it was by a scope of plain code right around, that has told.
    #[cold]
    pub(crate) fn tell_scopes(self) {
        let now = Instant::now();
        for scope in self.scopes_around() {
            scope.sources.state.expire(now);
            if scope.answer(Question::Fired) != FlagAnswer::No {
                scope.sources.state.note_told();
            }
        }
    }

    fn scopes_around(self) -> impl Iterator<Item = &'a Running<'a>> {
        let is_scope = |running: &&Running<'_>| running.sources.state.is_blocking_scope();
        self.enclosing().take_while(is_scope)
    }
}
