//! Of several fences that have fired the outermost wins (D13): decided here, by the fences inside,
//! which ask those around them before they act (`is_interrupted_now`). What the code inside of
//! fences asks besides, as far as flags and clocks go.

use std::sync::Arc;

use tokio::time::Instant;

use crate::engine::frames::frame::{Here, Part};
use crate::engine::frames::running::Running;
use crate::engine::state::phase::{Cancelling, Dropping};
use crate::engine::state::state::FenceState;
use crate::fencing::Fencing;
use crate::trigger::check_cache;
use crate::trigger::{Entry, Parent};

/// What is asked of the enclosing fences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether one of them cuts, now or once its shields are done (D5, D13).
    Cuts,
    /// Whether one of them has fired, so that plain code need not start (D28).
    Starts,
    /// Whether one of them has fired, even if the body may go on (D23).
    Fired,
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
    /// Whether it is asked that. To what a destructor starts, the fence that ends is a shield, and
    /// a scope of plain code is a border: neither can be polled before that code returns (D14).
    #[inline]
    pub(crate) fn is_seen_by(&self, question: Question) -> bool {
        let state = self.sources.state;
        state.is_usual()
            || match question {
                Question::Cuts => state.dropping() == Dropping::No && !state.is_blocking_scope(),
                Question::Starts => state.dropping() == Dropping::No,
                Question::Fired => true,
            }
    }

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
        } else if self.sources.state.has_triggers() {
            FlagAnswer::AskUsers
        } else {
            FlagAnswer::No
        }
    }

    /// The answer of a fence with policies, or of one that has fired.
    fn lenient_answer(&self, question: Question) -> FlagAnswer {
        let state = self.sources.state;
        match (state.cancelling(), question) {
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
        } else if self.sources.state.has_triggers() || self.is_latched(question) {
            FlagAnswer::AskUsers
        } else {
            FlagAnswer::No
        }
    }

    /// Of a usual fence: whether something has fired.
    #[inline]
    pub(super) fn is_usually_latched(&self) -> bool {
        self.sources.state.fencing.is_latched() || self.sources.is_own_latched()
    }

    #[inline]
    fn is_latched(&self, question: Question) -> bool {
        self.sources.state.is_latched()
            || self.sources.is_own_latched()
            || (question != Question::Cuts
                && self.sources.state.may_have_parents()
                && self.is_seen())
    }

    /// Who is told of the cancellation of a linked fence right inside.
    fn takes_links(&self) -> Option<Arc<dyn Parent>> {
        let state = self.sources.state;
        if !state.kind().is_transparent() {
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

    /// Whether it is plain code that runs, and is not being dropped.
    pub(super) fn is_open_scope(&self) -> bool {
        self.sources.state.is_blocking_scope() && self.is_seen_by(Question::Starts)
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

    /// Whether an enclosing fence cuts, with a look at the clock if one of them has a deadline.
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
        for running in self.asked(question) {
            let state = running.sources.state;
            if timed && state.is_timed() {
                state.expire(*now.get_or_insert_with(Instant::now));
            }
            if state.is_usual() {
                if running.is_usually_latched() {
                    answer = FlagAnswer::Yes;
                }
                continue;
            }
            if timed {
                state.look_at_idle();
            }
            if question == Question::Cuts && state.may_have_parents() {
                state.look_around(timed);
            }
            // Asked to the end: all of them take note of the time that one was told (D13a).
            match running.answer(question) {
                FlagAnswer::Yes => answer = FlagAnswer::Yes,
                FlagAnswer::AskUsers if answer == FlagAnswer::No => answer = FlagAnswer::AskUsers,
                FlagAnswer::AskUsers | FlagAnswer::No => {}
            }
        }
        answer
    }

    /// The enclosing fences that a question is for, innermost first.
    #[inline]
    pub(crate) fn asked(self, question: Question) -> impl Iterator<Item = &'a Running<'a>> {
        self.enclosing()
            .take_while(move |running| running.is_seen_by(question))
    }

    /// Has the fences around take note of the clock before anybody acts on it (D13a); true if time
    /// has passed that one of them had not seen.
    pub(crate) fn take_note(self, now: Instant) -> bool {
        let mut is_news = false;
        for running in self.asked(Question::Cuts) {
            let state = running.sources.state;
            if state.is_timed() {
                let before = (state.timed_out(), state.cancelling());
                state.expire(now);
                is_news |=
                    before != (state.timed_out(), state.cancelling()) || state.look_at_idle();
            }
        }
        is_news
    }

    /// Whether a fence that is held up lets no further shields start (D21).
    pub(crate) fn refuses_shields(self) -> bool {
        self.asked(Question::Cuts).any(|running| {
            let rare = running.sources.state.rare();
            let held_until = rare.and_then(|rare| rare.held_until.get());
            held_until.is_some_and(|until| until <= Instant::now())
        })
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

    /// The enclosing fences that `wanted` picks, as sources, outermost first (D27).
    pub(crate) fn lineage(self, wanted: impl Fn(&Running<'_>) -> bool) -> Fencing {
        let mut lineage = Fencing::new();
        self.outermost_first(Question::Fired, wanted)
            .for_each(|running| running.adopt(&mut lineage));
        lineage
    }
}
