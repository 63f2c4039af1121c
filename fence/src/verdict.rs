//! What a fence writes down when it ends.

use std::borrow::Cow;

use tokio::time::Instant;

use crate::cancelled::{Cancelled, Record};
use crate::engine::{Engine, Phase};
use crate::handle::State;
use crate::own::Own;
use crate::reason::Reason;

impl<S: Own> Engine<S> {
    /// The record of a cancellation.
    pub(crate) fn cancelled(&self) -> Cancelled {
        let now = Instant::now();
        let name = self.name.map(Cow::Borrowed);
        Cancelled::new(Record {
            reasons: self.reasons(now),
            name: name.or_else(|| self.live.fencing.name().cloned()),
            elapsed: self
                .start
                .map_or_else(Default::default, |start| now - start),
        })
    }

    /// Tells the handles how it ended.
    pub(crate) fn report(&mut self, state: State) {
        self.phase = Phase::Ended;
        let Some(handle) = &self.live.handle else {
            return;
        };
        let mut reasons = self.reasons(Instant::now());
        reasons.sort_by_key(Reason::order);
        handle.finish(state, reasons);
    }

    /// All that has fired (D9), each once (D10).
    fn reasons(&self, now: Instant) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        let mut add = |reason: Reason| {
            let is_same =
                |known: &Reason| known.code() == reason.code() && known.order() == reason.order();
            if !reasons.iter().any(is_same) {
                reasons.push(reason);
            }
        };
        let start = self.start.unwrap_or(now);
        self.each_time(|time| time.reason(start, now).into_iter().for_each(&mut add));
        self.live
            .handle
            .iter()
            .filter_map(|handle| handle.reason())
            .for_each(&mut add);
        let mut nth = 0;
        self.any_entry(|entry| {
            let reported = entry.trigger().and_then(|_| {
                nth += 1;
                self.watch.reported(nth - 1).cloned()
            });
            let firing = reported.or_else(|| entry.source.firing());
            firing
                .map(|firing| Reason::new(entry.code.clone(), firing))
                .into_iter()
                .for_each(&mut add);
            false
        });
        reasons
    }
}
