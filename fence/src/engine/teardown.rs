//! What a fence does when it ends: it cuts what was spawned inside (D27), and undoes what was
//! registered to be undone (D25).

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::cleanup::{Batch, clean, hand_over};
use crate::engine::engine::{Body, Engine};
use crate::engine::frames::current;
use crate::engine::frames::frame::{Here, with_frames_to_enter};
use crate::engine::frames::user_code;
use crate::engine::state::phase::{Dropping, Phase};
use crate::engine::state::shared::State;
use crate::fencing::Policy;
use crate::outcome::{Cancelled, Cleanup, Firing, Reason, Reasons};
use crate::util::{Panics, now};

impl Engine<'_> {
    /// Holds the fence around up for as long as something holds this one.
    #[inline]
    pub(crate) fn hold_on(&mut self) {
        let Some(rare) = self.state.rare_mut() else {
            return;
        };
        if rare.holds.get() > 0 {
            rare.hold.keep();
        } else {
            rare.hold.release();
        }
    }

    pub(crate) fn tell_cut(&self) {
        if let Some(shared) = self.state.shared_part() {
            let now = now();
            shared.tell_fired(|| self.primary(now));
            shared.tell_cut(|| self.reasons(now).into_vec());
        }
    }

    /// Cuts what was spawned inside of a fence that is dropped from outside. The reason, if it can
    /// be asked for, is that of the fence around, if that was cut.
    pub(crate) fn tell_dropped(&self) -> Option<Cancelled> {
        let rare = self.state.rare();
        let has_cleanups = rare.is_some_and(|rare| !rare.jobs.borrow().is_empty());
        if self.state.shared_part().is_none() && !has_cleanups {
            return None;
        }
        let why = user_code::why_ending().unwrap_or_else(|| self.dropped());
        if let Some(shared) = self.state.shared_part() {
            shared.tell_fired(|| why.primary().to_firing());
            shared.tell_cut(|| why.reasons().to_vec());
        }
        Some(why)
    }

    fn dropped(&self) -> Cancelled {
        let now = now();
        let mut record = self.record(Cleanup::default(), now);
        if !self.state.is_guarded() || self.state.has_accepted() {
            record.reasons = self.reasons(now);
        }
        if record.reasons.is_empty() {
            let reason = Reason::new("dropped".into(), Firing::of_drop());
            record.reasons.add(reason);
        }
        Cancelled::new(record)
    }

    /// The body has completed: gives the cleanups that go up to the fence around, as if they were
    /// registered there now.
    pub(crate) fn hand_up(&self, here: Here<'_>) {
        let Some(rare) = self.state.rare() else {
            return;
        };
        let jobs = rare.take_jobs_that_go_up();
        if let Some(around) = here.innermost().filter(|_| !jobs.is_empty()) {
            let around = around.rare_or_init();
            for job in jobs {
                around.register(job);
            }
        }
    }

    /// All cleanups that are to run: those of fences inside first.
    pub(crate) fn take_cleanups(&self) -> Vec<Batch> {
        let Some(rare) = self.state.rare() else {
            return Vec::new();
        };
        let limit = Policy::cleanup_limit(self.state.policy());
        let (mut batches, jobs) = (rare.batches.take(), rare.jobs.take());
        if !jobs.is_empty() {
            batches.push(Batch::new(jobs, limit));
        }
        batches
    }

    /// Starts the cleanups, with the fence around held up (D25).
    pub(crate) fn begin_cleaning(&mut self) {
        let batches = self.take_cleanups();
        if !batches.is_empty() {
            let why = self.cancelled(Cleanup::default());
            let rare = self.state.rare_mut_or_init();
            rare.cut_since = Some(now());
            rare.cleaning = Some(clean(batches, why));
        }
    }

    /// Runs the cleanups, and resolves after them.
    #[inline]
    pub(crate) fn clean_up(&mut self, here: Here<'_>, cx: &mut Context<'_>) -> Poll<Cancelled> {
        if self.state.rare().is_some() {
            return self.clean_up_rare(here, cx);
        }
        // Destructors of the body may have fired an enclosing fence, which is then to act (D13).
        if here.is_interrupted_now() {
            return self.stay_blocked(here, cx);
        }
        // Nothing to wait for, and nobody to ask or to tell.
        self.state.set_phase(Phase::Ended);
        Poll::Ready(self.cancelled(Cleanup::default()))
    }

    fn clean_up_rare(&mut self, here: Here<'_>, cx: &mut Context<'_>) -> Poll<Cancelled> {
        let rare = self.state.rare_mut_or_init();
        if let Some(cleaning) = rare.cleaning.as_mut() {
            match current::within_shield(|| Pin::new(cleaning).poll(cx)) {
                Poll::Ready(cleanup) => rare.cleaned(cleanup),
                Poll::Pending => {
                    rare.hold.keep();
                    return Poll::Pending;
                }
            }
            rare.hold.release();
        }
        if self.state.is_guarded() {
            self.sources().ask_guards();
        }
        // An enclosing fence that has fired meanwhile is the one to act (D13): asked last, as
        // destructors, cleanups and guards may fire it.
        if here.is_interrupted_now() {
            return self.stay_blocked(here, cx);
        }
        let rare = self.state.rare_mut_or_init();
        let cleanup = std::mem::take(&mut rare.cleanup);
        let now = now();
        let mut record = self.record(cleanup, now);
        let told = self.report(State::Cancelled).map(Reasons::sorted);
        record.reasons = told.unwrap_or_else(|| self.reasons(now));
        Poll::Ready(Cancelled::new(record))
    }

    /// Dropped from outside: midway, the body goes first, with its context set.
    pub(crate) fn abandon(&mut self, body: &mut dyn Body) {
        let mut panics = Panics::default();
        match self.state.phase() {
            Phase::Ended => return,
            Phase::Waiting(_) => {}
            Phase::Running | Phase::Cleaning => {
                let why = self.tell_dropped();
                panics.catch(|| {
                    with_frames_to_enter(|here| self.drop_body(here, body, Dropping::ByDrop));
                });
                // Destructors may have spawned, or registered a cleanup.
                let why = why.or_else(|| self.tell_dropped());
                self.leave_cleanups(why);
            }
        }
        self.report(State::Dropped);
        panics.resume();
    }

    /// Dropped from outside: leaves the cleanups to the fence around, if that is being cut, or to
    /// the runtime.
    pub(crate) fn leave_cleanups(&mut self, why: Option<Cancelled>) {
        let rare = self.state.rare_mut();
        if let Some(cleaning) = rare.and_then(|rare| rare.cleaning.take()) {
            return hand_over(cleaning);
        }
        self.leave_report();
        let batches = self.take_cleanups();
        if batches.is_empty() {
            return;
        }
        if let Some(batches) = current::leave_to_ending(batches) {
            let why = why.unwrap_or_else(|| self.dropped());
            hand_over(clean(batches, why));
        }
    }

    /// If it had cleaned up when the fence around came first, that one tells how it went.
    fn leave_report(&mut self) {
        let rare = self.state.rare_mut();
        let report = rare.map(|rare| std::mem::take(&mut rare.cleanup));
        if let Some(report) = report.filter(|report| *report != Cleanup::default()) {
            // Nobody learns of it otherwise.
            let _ = current::leave_to_ending(vec![Batch::done(report)]);
        }
    }
}
