//! What is around a fence that starts: what keeps it from starting, what it obeys, what it may owe to
//! the fences around.

use tokio::time::Instant;

use crate::engine::frames::binding::Binding;
use crate::engine::frames::enclosing::{FlagAnswer, Question};
use crate::engine::frames::frame::{Here, Part};
use crate::engine::frames::running::Running;
use crate::fencing::{Fencing, Policy};
use crate::trigger::has_passed;

/// What is around a fence that starts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Survey<'a> {
    /// Whether the innermost fence is a scope of plain code.
    pub(crate) in_scope: bool,
    pub(crate) bound: Option<&'a Binding>,
    /// Whether the clock may tell one of the fences something.
    pub(crate) is_timed: bool,
    /// Whether a policy lets a body run on, here or where a task was spawned.
    pub(crate) may_have_grace: bool,
}

/// What is around a usual fence that starts, where all is usual.
#[derive(Clone, Copy, Default)]
pub(crate) struct UsualSurroundings<'a> {
    pub(crate) bound: Option<&'a Binding>,
    /// Whether the clock may tell one of the fences something.
    pub(crate) is_timed: bool,
}

impl<'a> Here<'a> {
    /// What a usual fence that starts here has to know; `None` if anything around is unusual, or has
    /// fired.
    #[inline]
    pub(crate) fn usual_surroundings(self) -> Option<UsualSurroundings<'a>> {
        let mut around = UsualSurroundings::default();
        for part in self.visible() {
            match part {
                Part::Fence(running) => {
                    let state = running.sources.state;
                    if !state.is_usual() || running.is_usually_latched() {
                        return None;
                    }
                    around.is_timed |= state.deadline.get().is_some();
                }
                Part::Bound(binding) => {
                    around.bound.get_or_insert(*binding);
                }
                Part::Shield | Part::Detached => return None,
            }
        }
        Some(around)
    }

    /// Whether the time of a fence around has passed.
    pub(crate) fn has_passed(self, now: Instant) -> bool {
        self.enclosing()
            .any(|running| has_passed(running.sources.state.deadline.get(), Some(now)))
    }

    /// What a fence that starts here has to know, in one walk; `None` if it may not start (D5).
    #[inline]
    pub(crate) fn survey(self) -> Option<Survey<'a>> {
        let (mut survey, mut innermost, mut is_shielded) = (Survey::default(), None, false);
        let mut answer = FlagAnswer::No;
        for part in self.visible() {
            match part {
                Part::Fence(running) if !is_shielded => {
                    innermost.get_or_insert(running);
                    let state = running.sources.state;
                    if state.is_usual() {
                        survey.is_timed |= state.deadline.get().is_some();
                        if running.is_usually_latched() {
                            return None;
                        }
                        continue;
                    }
                    survey.may_have_grace |= state.is_lenient() || state.may_have_parents();
                    if !running.is_seen_by(Question::Cuts) {
                        is_shielded = true;
                        continue;
                    }
                    survey.is_timed |= state.is_timed();
                    if state.may_have_parents() {
                        state.look_around(false);
                    }
                    match running.answer(Question::Cuts) {
                        FlagAnswer::Yes => return None,
                        FlagAnswer::AskUsers => answer = FlagAnswer::AskUsers,
                        FlagAnswer::No => {}
                    }
                }
                Part::Bound(binding) => {
                    survey.bound.get_or_insert(*binding);
                }
                Part::Shield => is_shielded = true,
                Part::Fence(_) | Part::Detached => {}
            }
        }
        survey.in_scope = innermost.is_some_and(Running::is_open_scope);
        let is_blocked = answer == FlagAnswer::AskUsers && self.ask_users(Question::Cuts);
        (!is_blocked).then_some(survey)
    }

    /// What cuts an async fence right inside of plain code, as a set: the sources of the scopes
    /// around it, and of the fences beyond, which cannot be polled before that code returns. A
    /// fence that asks guards, or lets its body run on, decides by itself, so it is left out.
    #[cold]
    pub(crate) fn beyond_scope(self) -> Fencing {
        let mut beyond = Fencing::new();
        for running in self.outermost_first(Question::Starts, |_| true) {
            let state = running.sources.state;
            if state.is_blocking_scope() {
                running.adopt(&mut beyond);
            } else if state.policy().is_none_or(Policy::cuts_at_once) {
                running.sources.snapshot().add_to(&mut beyond);
            }
        }
        beyond
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
