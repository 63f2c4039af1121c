//! What a fence writes down when it ends.

use tokio::time::Instant;

use crate::engine::engine::Engine;
use crate::engine::frames::current;
use crate::engine::state::phase::Phase;
use crate::engine::state::shared::State;
use crate::engine::state::state::FenceState;
use crate::outcome::{Cancelled, Cleanup, Reason, Reasons, Record};
use crate::trigger::{Entry, SourceKind, has_passed};
use crate::util::now;

impl Engine<'_> {
    /// The record of a cancellation.
    pub(crate) fn cancelled(&self, cleanup: Cleanup) -> Cancelled {
        let now = now();
        let mut record = self.record(cleanup, now);
        self.find_reasons(now, &mut record.reasons);
        Cancelled::new(record)
    }

    /// The record without its reasons, which are large: written to where they stay.
    #[inline]
    pub(crate) fn record(&self, cleanup: Cleanup, now: Instant) -> Record {
        let rare = self.state.rare();
        let cut = rare.and_then(|rare| rare.cut_since).unwrap_or(now);
        Record {
            reasons: Reasons::default(),
            declined: self.state.declined(),
            name: self.sources().name(),
            ran: self.state.start.map(|start| (start, cut)),
            cleanup,
            is_passed_up: self.state.policy().is_some_and(|policy| policy.is_linked),
        }
    }

    /// Tells the handles, and those inside, how it ended. The reasons, with what came in at the
    /// last moment, if anybody is told.
    pub(crate) fn report(&mut self, state: State) -> Option<Vec<Reason>> {
        self.state.set_phase(Phase::Ended);
        let rare = self.state.rare_mut()?;
        rare.hold.release();
        if rare.id.get() != 0 {
            current::bequeath(rare.id.get(), rare.holds.get());
        }
        let shared = self.state.shared_part()?;
        let now = now();
        let reasons = match state {
            State::Completed => self.late_reasons(now),
            // Its guards were not asked, so nothing has cancelled it (D24).
            State::Dropped if self.state.is_guarded() && !self.state.has_accepted() => {
                Reasons::default()
            }
            _ => self.reasons(now),
        };
        Some(shared.finish(state, reasons.into_vec()).to_vec())
    }

    /// All that has fired (D9), each once (D10), without what guards declined (D24).
    pub(crate) fn reasons(&self, now: Instant) -> Reasons {
        let mut reasons = Reasons::default();
        self.find_reasons(now, &mut reasons);
        reasons
    }

    fn find_reasons(&self, now: Instant, reasons: &mut Reasons) {
        let mut found = Found {
            state: self.state,
            reasons,
            asks: true,
        };
        self.find_times(now, &mut found);
        for reason in self.state.came_in() {
            found.add(reason);
        }
        self.find_entries(&mut found);
    }

    /// What has fired too late for a body that completed. Triggers are not asked any more (D6), and
    /// what came in through a handle has cancelled nothing.
    fn late_reasons(&self, now: Instant) -> Reasons {
        let mut reasons = Reasons::default();
        let mut found = Found {
            state: self.state,
            reasons: &mut reasons,
            asks: false,
        };
        self.find_times(now, &mut found);
        self.find_entries(&mut found);
        reasons
    }

    fn find_times(&self, now: Instant, found: &mut Found<'_>) {
        // The deadline is the earliest of all times that have not been declined.
        if has_passed(self.state.deadline.get(), Some(now)) {
            let start = self.state.start.unwrap_or(now);
            self.each_time(|time| found.add_some(time.reason(start, now)));
        }
    }

    fn find_entries(&self, found: &mut Found<'_>) {
        let mut nth = 0;
        self.any_entry(|entry| {
            found.add_entry(entry, &mut nth);
            false
        });
        if let Some(rare) = found.state.rare() {
            let seen = rare.seen_around.borrow();
            seen.iter().cloned().for_each(|reason| found.add(reason));
        }
    }
}

/// Takes note of the reasons that count.
struct Found<'a> {
    state: &'a FenceState,
    reasons: &'a mut Reasons,
    /// Whether custom triggers are asked.
    asks: bool,
}

impl Found<'_> {
    #[inline]
    fn add(&mut self, reason: Reason) {
        if !self.state.has_declined(&reason) {
            self.reasons.add(reason);
        }
    }

    fn add_some(&mut self, reason: Option<Reason>) {
        if let Some(reason) = reason {
            self.add(reason);
        }
    }

    #[inline]
    fn add_entry(&mut self, entry: &Entry, nth_trigger: &mut usize) {
        match &entry.source.0 {
            SourceKind::Latch(latch) => {
                if let Some(firing) = latch.firing() {
                    self.add(Reason::of(entry.code.clone(), firing));
                }
            }
            SourceKind::Idle(clock) => {
                clock.look();
                entry.each_reason(|reason| self.add(reason));
            }
            SourceKind::Lineage(_) => entry.each_reason(|reason| self.add(reason)),
            SourceKind::Custom(_) => {
                self.add_trigger(entry, *nth_trigger);
                *nth_trigger += 1;
            }
        }
    }

    /// A custom trigger: what it said when it was waited for, or says now.
    #[cold]
    fn add_trigger(&mut self, entry: &Entry, nth: usize) {
        let rare = self.state.rare();
        match rare.and_then(|rare| rare.waits.reported(nth)) {
            Some(firing) => self.add(Reason::of(entry.code.clone(), firing)),
            None if self.asks => entry.each_reason(|reason| self.add(reason)),
            None => {}
        }
    }
}
