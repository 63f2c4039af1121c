//! Idle limits: time that passes only while no progress is made (D34).
//!
//! Whoever makes progress sets a flag, and reads no clock. Whoever looks takes the flag back and
//! begins to count anew from that moment: so a limit may pass late by one look, and never early. What
//! has passed once has fired, whatever progress comes after.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::{Firing, next_in_sequence};
use crate::trigger::check_cache;
use crate::trigger::source::{Entry, Source, SourceKind};
use crate::util::{now, unpoisoned};

/// An idle limit as it is declared: each fence gets a clock of its own for it.
#[derive(Clone, Debug)]
pub struct IdleLimit {
    pub(crate) code: Cow<'static, str>,
    pub(crate) limit: Duration,
    /// The line that declared it.
    pub(crate) location: &'static Location<'static>,
}

impl IdleLimit {
    /// The limit as a source of a fence that starts at `start`.
    pub(crate) fn entry(&self, start: Instant) -> Entry {
        let clock = IdleClock {
            limit: self.limit,
            location: self.location,
            order: next_in_sequence(),
            has_progress: AtomicBool::new(false),
            since: Mutex::new(Some(start)),
            firing: OnceLock::new(),
        };
        Entry {
            code: self.code.clone(),
            source: Source(SourceKind::Idle(Arc::new(clock))),
        }
    }
}

/// Counts the time without progress, for one limit of one fence that runs.
pub(crate) struct IdleClock {
    limit: Duration,
    location: &'static Location<'static>,
    /// Before whatever fires from its start on, as for any other limit.
    order: u64,
    has_progress: AtomicBool,
    /// Since when it counts; `None` while nothing is being waited for.
    since: Mutex<Option<Instant>>,
    firing: OnceLock<Firing>,
}

impl IdleClock {
    /// Progress was made, at whatever time before the next look.
    #[inline]
    pub(crate) fn progress(&self) {
        // Most progress comes more often than a look: then the line is only read.
        if !self.has_progress.load(Ordering::Relaxed) {
            self.has_progress.store(true, Ordering::Release);
        }
    }

    /// Stops to count, or begins anew.
    #[cfg(feature = "stream")]
    pub(crate) fn count(&self, counts: bool) {
        let since = counts.then(now);
        *unpoisoned(self.since.lock()) = since;
    }

    /// When it passes if no more progress is made; `None` if never, or if it has.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.is_fired() {
            return None;
        }
        let mut since = unpoisoned(self.since.lock());
        // The clock is read after the flag was taken back: whatever set it was earlier than that.
        if self.has_progress.swap(false, Ordering::AcqRel) && since.is_some() {
            *since = Some(now());
        }
        since.and_then(|since| since.checked_add(self.limit))
    }

    /// Looks at the time; true if the limit has passed, now or before.
    pub(crate) fn look(&self) -> bool {
        if let Some(at) = self.deadline().filter(|at| *at <= now()) {
            let firing = Firing::of_idle(at, self.limit, self.order).located(self.location);
            // Somebody else may have looked at the same time: the first firing is it.
            let _ = check_cache::while_firing(|| self.firing.set(firing));
        }
        self.is_fired()
    }

    /// Whether somebody has seen the limit pass.
    #[inline]
    pub(crate) fn is_fired(&self) -> bool {
        self.firing.get().is_some()
    }

    pub(crate) fn firing(&self) -> Option<&Firing> {
        self.firing.get()
    }
}

impl fmt::Debug for IdleClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdleClock")
            .field("limit", &self.limit)
            .field("firing", &self.firing)
            .finish_non_exhaustive()
    }
}
