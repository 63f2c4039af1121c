//! Asking user code around this place: triggers of other makes, and guards.

use tokio::time::Instant;

use crate::engine::frames::enclosing::{Answer, Question};
use crate::engine::frames::frame::{Here, here};
use crate::engine::frames::running::Running;
use crate::engine::state::phase::End;
use crate::engine::state::snapshot::{self, View};
use crate::engine::state::sources::Watched;
use crate::engine::state::state::Live;
use crate::outcome::cancelled::{Cancelled, Record};
use crate::outcome::reason_list::Reasons;
use crate::trigger::time::{earliest, has_passed};

impl<'a> Here<'a> {
    /// Asks the triggers of other makes and the guards of the enclosing fences.
    #[cold]
    pub(crate) fn ask_users(self, question: Question) -> bool {
        if self
            .enclosing()
            .any(|running| running.ask_triggers(question))
        {
            return true;
        }
        self.outermost_first(|running| {
            running.watched.live.is_guarded() && running.answer(question) == Answer::AskUsers
        })
        .for_each(|running| running.watched.ask_guards());
        self.ask(question, false) == Answer::Yes
    }

    /// The enclosing fences that `wanted` picks, outermost first.
    fn outermost_first(
        self,
        wanted: impl Fn(&Running<'_>) -> bool,
    ) -> impl Iterator<Item = &'a Running<'a>> {
        let fences: Vec<_> = self.enclosing().filter(|running| wanted(running)).collect();
        fences.into_iter().rev()
    }

    #[cold]
    fn why(self) -> Option<Cancelled> {
        self.outermost_first(|running| running.watched.live.is_guarded())
            .for_each(|running| running.watched.ask_guards());
        self.outermost_first(|_| true)
            .find_map(|running| running.watched.why())
    }
}

impl Running<'_> {
    fn ask_triggers(&self, question: Question) -> bool {
        let live = self.watched.live;
        let is_settled = live.is_guarded() || (question == Question::Cuts && live.is_lenient());
        if !live.has_triggers || is_settled {
            return false;
        }
        let has_fired = self.watched.any_entry(|entry| {
            entry
                .trigger()
                .is_some_and(|trigger| trigger.fired().is_some())
        });
        if has_fired {
            live.told.set(true);
        }
        has_fired
    }
}

impl Watched<'_> {
    /// Asks the guards about everything that they have not been asked about (D24).
    pub(crate) fn ask_guards(self) {
        let Some(policy) = self.live.policy() else {
            return;
        };
        let view = self.own_view();
        let handle = self.live.shared_part().and_then(|shared| shared.reason());
        let extra = self.live.extra();
        for reason in view.seen().into_iter().chain(handle) {
            if extra.begin_asking(&reason) {
                extra.decide(&reason, policy.consents(&reason));
            }
        }
        self.live.settle_time(&view);
    }

    fn why(self) -> Option<Cancelled> {
        let mut reasons = self.view().seen();
        let handle = self.live.shared_part().and_then(|shared| shared.reason());
        if let Some(reason) = handle {
            snapshot::add(&mut reasons, reason);
        }
        let declined = self.live.declined();
        reasons.retain(|reason| !declined.iter().any(|other| other.is_seen_as(reason)));
        if reasons.is_empty() {
            return None;
        }
        Some(Cancelled::new(Record {
            reasons: Reasons::sorted(reasons),
            declined,
            name: self.name(),
            ran: self.live.start.map(|start| (start, Instant::now())),
            ..Record::default()
        }))
    }
}

impl Live {
    /// Once all limits that have passed were declined, the next one counts.
    fn settle_time(&self, view: &View) {
        let Some(start) = self.start.filter(|_| self.timed_out.get()) else {
            return;
        };
        let now = Instant::now();
        let around = self.extra().around.bound_deadline();
        let mut next = around;
        for time in &view.times {
            match time.reason(start, now) {
                Some(reason) if self.has_declined(&reason) => {}
                Some(_) => return,
                None => next = earliest(next, time.deadline(start)),
            }
        }
        self.timed_out.set(has_passed(around, Some(now)));
        self.deadline.set(next);
    }
}

/// Why the outermost of the enclosing fences that have fired did so; `None` if none has.
#[inline]
pub(crate) fn why() -> Option<Cancelled> {
    here(|here| here.has_fired().then(|| here.why()).flatten())
}

/// Why the outermost fence that is ending around this code does so. Nobody is asked: its guards
/// have been, or it is dropped from outside, which is none of their business.
pub(crate) fn why_ending() -> Option<Cancelled> {
    here(|here| {
        let is_cut = |running: &Running<'_>| {
            let live = running.watched.live;
            live.end != End::None && (!live.is_guarded() || live.has_accepted())
        };
        here.outermost_first(is_cut)
            .find_map(|running| running.watched.why())
    })
}
