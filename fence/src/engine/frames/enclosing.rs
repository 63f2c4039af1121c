//! What the code inside of fences asks them, as far as flags and clocks go.

use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::frames::binding::Binding;
use crate::engine::frames::frame::{Here, Part};
use crate::engine::frames::running::Running;
use crate::engine::state::phase::{self, Stage};
use crate::engine::state::state::Live;
use crate::fencing::fencing::Fencing;
use crate::trigger::check_cache;
use crate::trigger::source::{Entry, Kind, Parent};

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
pub(crate) enum Answer {
    Yes,
    No,
    /// Triggers of another make, or guards, have to be asked.
    AskUsers,
}

impl Running<'_> {
    #[inline]
    pub(crate) fn answer(&self, question: Question) -> Answer {
        if self.watched.live.is_strict() {
            self.strict_answer(question)
        } else {
            self.lenient_answer(question)
        }
    }

    #[inline]
    fn strict_answer(&self, question: Question) -> Answer {
        if self.is_latched(question) {
            Answer::Yes
        } else if self.watched.live.has_triggers {
            Answer::AskUsers
        } else {
            Answer::No
        }
    }

    /// The same for a fence with policies, or one that has fired.
    fn lenient_answer(&self, question: Question) -> Answer {
        let live = self.watched.live;
        match (live.stage.get(), question) {
            (Stage::Open, _) => {}
            (Stage::Fired, Question::Cuts) if live.is_lenient() => return Answer::No,
            (Stage::Fired | Stage::Overdue, _) => return Answer::Yes,
        }
        if question == Question::Cuts && live.is_lenient() {
            Answer::No
        } else if live.is_guarded() {
            self.guarded_answer(question)
        } else {
            self.strict_answer(question)
        }
    }

    fn guarded_answer(&self, question: Question) -> Answer {
        if self.watched.live.has_accepted() {
            Answer::Yes
        } else if self.watched.live.has_triggers || self.is_latched(question) {
            Answer::AskUsers
        } else {
            Answer::No
        }
    }

    #[inline]
    fn is_latched(&self, question: Question) -> bool {
        self.watched.live.is_latched()
            || self.watched.is_own_latched()
            || (question == Question::Fired && self.watched.live.is_enclosed() && self.is_seen())
    }

    /// Whether a fence around the place where this task was spawned is seen to have fired.
    #[cold]
    fn is_seen(&self) -> bool {
        self.watched.live.entries().any(Entry::is_seen)
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
            Answer::Yes => true,
            Answer::AskUsers => self.ask_users(question),
            Answer::No => false,
        }
    }

    /// What the fences around this code say, as far as flags go; `timed` with a look at the clock,
    /// if one of them has a deadline. A fence whose deadline has passed is told so.
    #[inline]
    pub(crate) fn ask(self, question: Question, timed: bool) -> Answer {
        let (mut now, mut answer) = (None, Answer::No);
        for running in self.enclosing() {
            let live = running.watched.live;
            if timed && live.is_timed() {
                live.expire(*now.get_or_insert_with(Instant::now));
            }
            match running.answer(question) {
                Answer::Yes => return Answer::Yes,
                Answer::AskUsers => answer = Answer::AskUsers,
                Answer::No => {}
            }
        }
        answer
    }

    /// Whether an enclosing fence has fired, even if it does not cut yet.
    pub(crate) fn has_fired(self) -> bool {
        let firings = check_cache::firings();
        let has_fired = self.find_out(Question::Fired, true);
        let mut lives = self.enclosing().map(|running| running.watched.live);
        if !has_fired && self.is_whole() && lives.all(Live::is_plainly_watched) {
            let lives = self.enclosing().map(|running| running.watched.live);
            check_cache::looked(firings, lives.filter_map(|live| live.deadline.get()).min());
        }
        has_fired
    }

    /// What the innermost fence passes its cancellation on to: the fence around it, or around the
    /// place where its task was spawned.
    pub(crate) fn linked_to(self) -> Option<Arc<dyn Parent>> {
        let live = self.innermost()?;
        if live.kind != phase::Kind::Task {
            return Some(live.shared().clone());
        }
        match &live.fencing.entries().last()?.source.0 {
            Kind::Lineage(parent) => Some(parent.clone()),
            Kind::Latch(_) | Kind::Custom(_) => None,
        }
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
            .filter_map(|running| running.watched.effective_deadline())
            .chain(bound)
            .min()
    }

    /// What a fence that starts here has to know, in one walk; `None` if it may not start (D5).
    #[inline]
    pub(crate) fn survey(self) -> Option<Survey<'a>> {
        let (mut innermost, mut bound, mut is_shielded) = (None, None, false);
        let mut answer = Answer::No;
        for part in self.visible() {
            match part {
                Part::Fence(running) if !is_shielded => {
                    innermost.get_or_insert(running);
                    match running.answer(Question::Cuts) {
                        Answer::Yes => return None,
                        Answer::AskUsers => answer = Answer::AskUsers,
                        Answer::No => {}
                    }
                }
                Part::Bound(binding) => {
                    bound.get_or_insert(*binding);
                }
                Part::Shield => is_shielded = true,
                Part::Fence(_) | Part::Detached => {}
            }
        }
        let is_blocked = answer == Answer::AskUsers && self.ask_users(Question::Cuts);
        let in_scope = innermost.is_some_and(|running| running.watched.live.is_plain());
        (!is_blocked).then_some(Survey { in_scope, bound })
    }

    /// The sources of the scopes of plain code right around this, as a set.
    #[cold]
    pub(crate) fn scopes(self) -> Fencing {
        let mut around = Fencing::new();
        let is_scope = |running: &&Running<'_>| running.watched.live.is_plain();
        for scope in self.enclosing().take_while(is_scope) {
            scope.watched.view().add_to(&mut around);
        }
        around
    }
}
