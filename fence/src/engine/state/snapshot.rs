//! What a fence watches, copied off it: for those who ask why, and for other tasks and threads.

use std::time::Duration;

use tokio::time::Instant;

use crate::engine::state::phase::FenceKind;
use crate::fencing::Fencing;
use crate::outcome::Reason;
use crate::trigger::{Entry, SourceKind, Span, Time, earliest, has_passed};
use crate::util::now;

#[derive(Clone)]
pub(crate) struct Snapshot {
    pub(crate) entries: Vec<Entry>,
    pub(crate) times: Vec<Time>,
    pub(crate) start: Option<Instant>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) kind: FenceKind,
    /// Whether it takes more than a firing to cancel the fence.
    pub(crate) is_guarded: bool,
    /// Whether it takes more than a cancellation to cut the body: a grace.
    pub(crate) has_grace: bool,
    /// How long that is, if it ends.
    pub(crate) grace: Option<Duration>,
}

impl Snapshot {
    /// What has fired, with a look at the clock and at the fences around. May call user code.
    pub(crate) fn seen(&self) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if self.deadline.is_some() {
            self.add_times(now(), &mut reasons);
        }
        for entry in &self.entries {
            let mut add = |reason| add(&mut reasons, reason);
            match &entry.source.0 {
                SourceKind::Lineage(parent) => parent.seen().into_iter().for_each(add),
                SourceKind::Idle(clock) => {
                    clock.look();
                    entry.each_reason(&mut add);
                }
                SourceKind::Latch(_) | SourceKind::Custom(_) => entry.each_reason(&mut add),
            }
        }
        reasons
    }

    /// What encloses the fence by other ways than being polled, and the rest.
    pub(crate) fn split(mut self) -> (Vec<Entry>, Self) {
        let (around, own) = self
            .entries
            .into_iter()
            .partition(|entry| entry.parent().is_some());
        self.entries = own;
        (around, self)
    }

    /// Whether those inside are to be cut as soon as it is seen to have fired.
    pub(crate) fn cuts_at_once(&self) -> bool {
        !self.is_guarded && !self.has_grace
    }

    fn add_times(&self, now: Instant, reasons: &mut Vec<Reason>) {
        if has_passed(self.deadline, Some(now)) {
            let start = self.start.unwrap_or(now);
            let passed = self.times.iter().filter_map(|time| time.reason(start, now));
            passed.for_each(|reason| add(reasons, reason));
        }
    }

    /// Whether it has fired as far as loads can tell, and the clock, if `timed`. Calls no user
    /// code.
    pub(crate) fn is_seen(&self, timed: bool) -> bool {
        let has_passed = || has_passed(self.deadline, Some(now()));
        self.entries.iter().any(Entry::is_seen)
            || (timed && self.deadline.is_some() && has_passed())
            || (timed && self.entries.iter().any(Entry::look_at_idle))
    }

    /// Puts everything into a set, its times as they are now running.
    pub(crate) fn add_to(self, fencing: &mut Fencing) {
        let open = self.entries.into_iter().filter(Entry::is_open);
        open.for_each(|entry| fencing.add(entry));
        for time in self.times {
            let Some(start) = self.start else { continue };
            if let Some(at) = time.deadline(start) {
                let span = Span::Deadline(at, time.limit(start));
                fencing.add_time(Time { span, ..time });
            }
        }
    }

    /// Until when the code of the fence runs on, as far as anybody can see (D20).
    pub(crate) fn effective_deadline(&self, has_fired: bool) -> Option<Instant> {
        if has_fired && self.has_grace {
            let end = self.grace.and_then(|grace| now().checked_add(grace));
            return earliest(end, self.parents_deadline());
        }
        if has_fired {
            return Some(now());
        }
        let own = if self.is_guarded {
            self.next_deadline()
        } else {
            self.deadline
        };
        earliest(own, self.parents_deadline())
    }

    /// That of the fences around the place where a task was spawned.
    pub(crate) fn parents_deadline(&self) -> Option<Instant> {
        let parents = self.entries.iter().filter_map(Entry::effective_deadline);
        parents.min()
    }

    /// The earliest that is to come: what has passed may have been declined.
    fn next_deadline(&self) -> Option<Instant> {
        let (start, now) = (self.start?, now());
        let deadlines = self.times.iter().filter_map(|time| time.deadline(start));
        deadlines.filter(|at| *at > now).min()
    }
}

/// Each reason once (D10).
pub(crate) fn add(reasons: &mut Vec<Reason>, reason: Reason) {
    if !reasons.iter().any(|known| known.is_same(&reason)) {
        // There is hardly ever more than one.
        reasons.reserve_exact(1);
        reasons.push(reason);
    }
}
