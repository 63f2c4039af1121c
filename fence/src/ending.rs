//! What a fence does when it ends: those inside are told, and what was begun is undone (D25, D27).

use std::task::{Context, Poll};

use tokio::time::Instant;

use crate::asking;
use crate::cancelled::Cancelled;
use crate::cleanup::{Batch, Cleanup, clean};
use crate::context;
use crate::engine::{Engine, Phase};
use crate::handover::hand_over;
use crate::own::Own;
use crate::policy::Policy;
use crate::reason::{Firing, Reason};
use crate::shared::State;

impl<S: Own> Engine<S> {
    /// Holds the fence around up for as long as something holds this one.
    #[inline]
    pub(crate) fn hold_on(&mut self) {
        if self.live.holds > 0 {
            self.hold.keep();
        } else {
            self.hold.release();
        }
    }

    pub(crate) fn tell_cut(&self) {
        if let Some(shared) = &self.live.shared {
            let now = Instant::now();
            shared.tell_fired(|| self.primary(now));
            shared.tell_cut(|| self.sorted_reasons(now));
        }
    }

    /// The same for a fence that is dropped from outside. If somebody may want to know why, it is
    /// because of the fence around, if that was cut.
    pub(crate) fn tell_dropped(&self) -> Option<Cancelled> {
        let has_cleanups = self
            .live
            .extra
            .as_ref()
            .is_some_and(|extra| !extra.jobs.is_empty());
        if self.live.shared.is_none() && !has_cleanups {
            return None;
        }
        let why = asking::why_ending().unwrap_or_else(|| self.dropped());
        if let Some(shared) = &self.live.shared {
            shared.tell_fired(|| why.primary().to_firing());
            shared.tell_cut(|| why.reasons().to_vec());
        }
        Some(why)
    }

    fn dropped(&self) -> Cancelled {
        let mut reasons = self.reasons(Instant::now());
        if self.live.is_guarded() && !self.live.has_accepted() {
            reasons.clear();
        }
        if reasons.is_empty() {
            reasons.push(Reason::new("dropped".into(), Firing::of_drop()));
        }
        self.record(reasons, Cleanup::default())
    }

    /// All cleanups that are to run: those of fences inside first.
    fn take_cleanups(&mut self) -> Vec<Batch> {
        let limit = Policy::cleanup_limit(self.live.policy());
        let Some(extra) = &mut self.live.extra else {
            return Vec::new();
        };
        let mut batches = std::mem::take(&mut extra.batches);
        let jobs = std::mem::take(&mut extra.jobs);
        if !jobs.is_empty() {
            batches.push(Batch { jobs, limit });
        }
        batches
    }

    /// The body completed: nothing is to be undone.
    pub(crate) fn forget_cleanups(&mut self) {
        if self.live.extra.is_some() {
            drop(self.take_cleanups());
        }
    }

    /// Starts the cleanups, with the fence around held up (D25).
    pub(crate) fn begin_cleaning(&mut self) {
        self.phase = Phase::Cleaning;
        let batches = self.take_cleanups();
        if !batches.is_empty() {
            let why = self.cancelled(Cleanup::default());
            self.live.extra().cleaning = Some(clean(batches, why));
        }
    }

    /// Runs the cleanups, and resolves after them.
    pub(crate) fn clean_up(&mut self, cx: &mut Context<'_>) -> Poll<Cancelled> {
        if let Some(cleaning) = self
            .live
            .extra
            .as_mut()
            .and_then(|extra| extra.cleaning.as_mut())
        {
            match context::within_shield(|| cleaning.as_mut().poll(cx)) {
                Poll::Ready(cleanup) => self.live.extra().cleaned(cleanup),
                Poll::Pending => {
                    self.hold.keep();
                    return Poll::Pending;
                }
            }
            self.hold.release();
        }
        // An enclosing fence that has fired meanwhile is the one to act (D13).
        if self.live.extra.is_some() && context::is_interrupted_now() {
            return Poll::Pending;
        }
        let cleanup = self
            .live
            .extra
            .as_mut()
            .map(|extra| std::mem::take(&mut extra.cleanup));
        if self.live.is_guarded() {
            self.ask_guards();
        }
        let cancelled = self.cancelled(cleanup.unwrap_or_default());
        self.report(State::Cancelled);
        Poll::Ready(cancelled)
    }

    /// Dropped from outside: leaves the cleanups to the fence around, if that is being cut, or to
    /// the runtime.
    pub(crate) fn leave_cleanups(&mut self, why: Option<Cancelled>) {
        let cleaning = self
            .live
            .extra
            .as_mut()
            .and_then(|extra| extra.cleaning.take());
        if let Some(cleaning) = cleaning {
            return hand_over(cleaning);
        }
        let batches = self.take_cleanups();
        if batches.is_empty() {
            return;
        }
        if let Some(batches) = context::leave_to_ending(batches) {
            let why = why.unwrap_or_else(|| self.dropped());
            hand_over(clean(batches, why));
        }
    }
}
