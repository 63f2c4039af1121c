//! What a fence writes down when it ends.

use tokio::time::Instant;

use crate::cancelled::{Cancelled, Record};
use crate::cleanup::Cleanup;
use crate::engine::Engine;
use crate::hold;
use crate::reason::Reason;
use crate::shared::State;
use crate::stage::Phase;
use crate::view;

impl Engine<'_> {
    /// The record of a cancellation.
    pub(crate) fn cancelled(&self, cleanup: Cleanup) -> Cancelled {
        let now = Instant::now();
        self.record(self.reasons(now), cleanup, now)
    }

    pub(crate) fn record(&self, reasons: Vec<Reason>, cleanup: Cleanup, now: Instant) -> Cancelled {
        let start = self.live.start;
        Cancelled::new(Record {
            reasons,
            declined: self.live.declined(),
            name: self.watched().name(),
            elapsed: start.map_or_else(Default::default, |start| now - start),
            cleanup,
        })
    }

    /// Tells the handles, and those inside, how it ended.
    pub(crate) fn report(&mut self, state: State) {
        self.live.phase = Phase::Ended;
        let Some(extra) = self.live.some_extra_mut() else {
            return;
        };
        extra.hold.release();
        if extra.id.get() != 0 {
            hold::ended(extra.id.get(), extra.holds.get());
        }
        if let Some(shared) = self.live.shared_part() {
            shared.finish(state, self.sorted_reasons(Instant::now()));
        }
    }

    /// The same as [`reasons`](Self::reasons), in firing order.
    pub(crate) fn sorted_reasons(&self, now: Instant) -> Vec<Reason> {
        let mut reasons = self.reasons(now);
        reasons.sort_by_key(Reason::order);
        reasons
    }

    /// All that has fired (D9), each once (D10), without what guards declined (D24).
    pub(crate) fn reasons(&self, now: Instant) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        let mut add = |reason: Reason| {
            if !self.live.has_declined(&reason) {
                view::add(&mut reasons, reason);
            }
        };
        let start = self.live.start.unwrap_or(now);
        self.each_time(|time| time.reason(start, now).into_iter().for_each(&mut add));
        let handle = self.live.shared_part().and_then(|shared| shared.reason());
        handle.into_iter().for_each(&mut add);
        let mut nth = 0;
        self.any_entry(|entry| {
            let reported = entry.trigger().and_then(|_| {
                nth += 1;
                let extra = self.live.some_extra()?;
                extra.waits.reported(nth - 1).cloned()
            });
            match reported {
                Some(firing) => add(Reason::new(entry.code.clone(), firing)),
                None => entry.each_reason(&mut add),
            }
            false
        });
        reasons
    }
}
