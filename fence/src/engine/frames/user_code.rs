//! Asking user code around this place: custom triggers, and guards.

use tokio::time::Instant;

use crate::engine::frames::enclosing::{FlagAnswer, Question};
use crate::engine::frames::frame::{Here, with_frames};
use crate::engine::frames::running::Running;
use crate::engine::state::inbox::Inbox;
use crate::engine::state::phase::Dropping;
use crate::engine::state::snapshot::{self, Snapshot};
use crate::engine::state::sources::Sources;
use crate::engine::state::state::FenceState;
use crate::fencing::Policy;
use crate::outcome::{Cancelled, Reason, Reasons, Record};
use crate::trigger::{asked, earliest, has_passed};

impl<'a> Here<'a> {
    /// Asks the custom triggers and the guards of the enclosing fences.
    #[cold]
    pub(crate) fn ask_users(self, question: Question) -> bool {
        if self
            .asked(question)
            .any(|running| running.ask_triggers(question))
        {
            return true;
        }
        self.outermost_first(question, |running| {
            running.sources.state.is_guarded() && running.answer(question) == FlagAnswer::AskUsers
        })
        .for_each(|running| running.sources.ask_guards());
        self.ask(question, false) == FlagAnswer::Yes
    }

    /// Of the fences that a question is for those that `wanted` picks, outermost first.
    pub(crate) fn outermost_first(
        self,
        question: Question,
        wanted: impl Fn(&Running<'_>) -> bool,
    ) -> impl Iterator<Item = &'a Running<'a>> {
        let fences: Vec<_> = self
            .asked(question)
            .filter(|running| wanted(running))
            .collect();
        fences.into_iter().rev()
    }

    /// Why the outermost of those that are asked has fired.
    #[cold]
    fn why(self, question: Question) -> Option<Cancelled> {
        self.outermost_first(question, |running| running.sources.state.is_guarded())
            .for_each(|running| running.sources.ask_guards());
        self.outermost_first(question, |_| true)
            .find_map(|running| running.sources.why())
    }
}

impl Running<'_> {
    /// The answer, with custom triggers and guards asked if need be.
    pub(crate) fn find_out(&self, question: Question) -> bool {
        match self.answer(question) {
            FlagAnswer::Yes => true,
            FlagAnswer::No => false,
            FlagAnswer::AskUsers => self.ask_users(question),
        }
    }

    /// Asks the custom triggers and the guards of this fence.
    pub(crate) fn ask_users(&self, question: Question) -> bool {
        if self.sources.state.is_guarded() {
            self.sources.ask_guards();
            return self.answer(question) == FlagAnswer::Yes;
        }
        self.ask_triggers(question)
    }

    fn ask_triggers(&self, question: Question) -> bool {
        let state = self.sources.state;
        let is_settled = state.is_guarded() || (question == Question::Cuts && state.is_lenient());
        if !state.has_triggers() || is_settled {
            return false;
        }
        let has_fired = self.sources.any_entry(|entry| {
            entry
                .trigger()
                .is_some_and(|trigger| asked(trigger).is_some())
        });
        if has_fired {
            state.set_trigger_seen(true);
        }
        has_fired
    }
}

impl Sources<'_> {
    /// Asks the guards about everything that they have not been asked about (D24).
    pub(crate) fn ask_guards(self) {
        let policy = self.state.policy();
        let snapshot = self.own_snapshot();
        self.state.ask_about(policy, snapshot.seen());
        if let Some(shared) = self.state.shared_part() {
            // More may come in while they are asked.
            while self.state.ask_about(policy, shared.inbox.undecided()) {}
            self.state.settle_inbox(&shared.inbox);
        }
        self.state.settle_time(&snapshot);
    }

    pub(crate) fn why(self) -> Option<Cancelled> {
        let mut reasons = self.snapshot().seen();
        for reason in self.state.came_in() {
            snapshot::add(&mut reasons, reason);
        }
        if let Some(rare) = self.state.rare() {
            let seen = rare.seen_around.borrow();
            seen.iter()
                .cloned()
                .for_each(|reason| snapshot::add(&mut reasons, reason));
        }
        let declined = self.state.declined();
        reasons.retain(|reason| !self.state.has_declined(reason));
        if reasons.is_empty() {
            return None;
        }
        self.state.note_told();
        Some(Cancelled::new(Record {
            reasons: Reasons::sorted(reasons),
            declined,
            name: self.name(),
            ran: self.state.start.map(|start| (start, Instant::now())),
            ..Record::default()
        }))
    }
}

impl FenceState {
    /// Asks the guards about those of the reasons that they have not been asked about; `false` if
    /// there is none.
    fn ask_about(&self, policy: Option<&Policy>, reasons: Vec<Reason>) -> bool {
        let rare = self.rare_or_init();
        let mut has_asked = false;
        for reason in reasons {
            if rare.begin_asking(&reason) {
                let accepts = !rare.is_excused(&reason)
                    && policy.is_none_or(|policy| policy.consents(&reason));
                rare.decide(&reason, accepts);
                has_asked = true;
            }
        }
        has_asked
    }

    /// What came in may be a firing that was asked about before.
    fn settle_inbox(&self, inbox: &Inbox) {
        for reason in inbox.undecided() {
            if let Some(accepted) = self.rare_or_init().verdict(&reason) {
                inbox.decide(&reason, accepted);
            }
        }
        inbox.rest();
    }

    /// Once all limits that have passed were declined, the next one counts.
    fn settle_time(&self, snapshot: &Snapshot) {
        let Some(start) = self.start.filter(|_| self.timed_out()) else {
            return;
        };
        let now = Instant::now();
        let around = self.rare_or_init().around.bound_deadline();
        let mut next = around;
        for time in &snapshot.times {
            match time.reason(start, now) {
                Some(reason) if self.has_declined(&reason) => {}
                Some(_) => return,
                None => next = earliest(next, time.deadline(start)),
            }
        }
        self.set_timed_out(has_passed(around, Some(now)));
        self.deadline.set(next);
        if let Some(shared) = self.shared_part() {
            shared.with_time_left(|time| time.deadline = next);
        }
    }
}

/// Why the outermost of the enclosing fences that have fired did so; `None` if none has.
#[inline]
pub(crate) fn why() -> Option<Cancelled> {
    with_frames(|here| {
        here.has_fired()
            .then(|| here.why(Question::Fired))
            .flatten()
    })
}

/// Why plain code must not start here (D28): the fences that are ending around it do not count, so
/// that destructors may flush and close (D14).
pub(crate) fn why_not_start() -> Option<Cancelled> {
    with_frames(|here| {
        let has_fired = here.find_out(Question::Starts, true);
        has_fired.then(|| here.why(Question::Starts)).flatten()
    })
}

/// Why the outermost fence that is ending around this code does so. Nobody is asked: its guards
/// have been, or it is dropped from outside, which is none of their business.
pub(crate) fn why_ending() -> Option<Cancelled> {
    with_frames(|here| {
        let is_cut = |running: &Running<'_>| {
            let state = running.sources.state;
            state.dropping() != Dropping::No && (!state.is_guarded() || state.has_accepted())
        };
        here.outermost_first(Question::Fired, is_cut)
            .find_map(|running| running.sources.why())
    })
}
