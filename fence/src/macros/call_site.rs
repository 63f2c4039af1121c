//! What a macro knows of its fence at compile time: a table in the program, which costs a fence
//! one pointer.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::OnceLock;
use std::time::Duration;

use crate::engine::InlineSources;
use crate::fencing::{Fencing, of_process};
use crate::trigger::{Earliest, Entry, Span, Time};

/// A place in the program where a fence is made. It starts out empty, as a table that is written
/// out where it is used costs far more to compile than one that is filled by the first fence.
#[derive(Debug)]
pub struct Site(OnceLock<Table>);

/// The constant options of one `#[fenced]` or `fenced!`.
#[derive(Debug)]
struct Table {
    /// The name of the fence, for messages.
    name: Option<&'static str>,
    /// Its lengths of time.
    times: Box<[Time]>,
    /// The shortest of them.
    limit: Option<Duration>,
    /// Its events, by their names.
    events: Box<[Entry]>,
}

/// A length of time as it is written: the option, the code, seconds and nanoseconds.
pub type Written = (&'static str, &'static str, u64, u32);

/// A site as one fence sees it.
#[derive(Clone, Copy, Debug)]
pub struct At {
    table: &'static Table,
    /// The events that it does not watch, as their names are bound: one bit each.
    covered: u64,
}

/// A name that is known at compile time, of a fence without a table.
#[derive(Clone, Copy, Debug)]
pub struct Name(pub(crate) &'static str);

impl Site {
    /// One that no fence has been at.
    #[expect(clippy::new_without_default, reason = "the macros know what they want")]
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// What stands there: an empty name is none.
    #[inline]
    #[track_caller]
    pub(crate) fn at<const T: usize, const E: usize>(
        &'static self,
        name: &'static str,
        times: [Written; T],
        events: [&'static str; E],
    ) -> At {
        let (table, line) = (self.0.get(), Location::caller());
        At {
            table: table.unwrap_or_else(|| self.fill(name, &times, &events, line)),
            covered: 0,
        }
    }

    #[cold]
    fn fill(
        &self,
        name: &'static str,
        times: &[Written],
        events: &[&'static str],
        line: &'static Location<'static>,
    ) -> &Table {
        self.0.get_or_init(|| Table {
            // Not `name.is_empty()`, which is about sources.
            name: (!str::is_empty(name)).then_some(name),
            times: times.iter().map(|time| Time::written(time, line)).collect(),
            limit: times.iter().map(limit).min(),
            events: events.iter().copied().map(of_process).collect(),
        })
    }
}

fn limit(&(_, _, seconds, nanoseconds): &Written) -> Duration {
    Duration::new(seconds, nanoseconds)
}

impl Time {
    fn written(written: &Written, location: &'static Location<'static>) -> Self {
        let (limit, &(option, code, ..)) = (limit(written), written);
        Self {
            code: Cow::Borrowed(code),
            span: match option {
                "budget" => Span::Budget(limit),
                _ => Span::Timeout(limit),
            },
            location,
        }
    }
}

impl At {
    #[inline]
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        // Shifted along, as this is asked in every poll: `bit` has to mind the width.
        let mut covered = self.covered;
        let is_watched = move |_: &&Entry| {
            let is_watched = covered & 1 == 0;
            covered >>= 1;
            is_watched
        };
        self.table.events.iter().filter(is_watched)
    }
}

/// The macros refuse more than 64.
fn bit(nth: usize) -> u64 {
    u32::try_from(nth)
        .ok()
        .and_then(|nth| 1_u64.checked_shl(nth))
        .unwrap_or(0)
}

impl InlineSources for Name {
    fn earliest(&self) -> Earliest {
        Earliest::default()
    }

    fn has_triggers(&self) -> bool {
        false
    }

    fn name(&self) -> Option<&'static str> {
        Some(self.0)
    }
}

impl InlineSources for At {
    #[inline]
    fn has_entries(&self) -> bool {
        !self.table.events.is_empty()
    }

    fn resolve(&mut self, fencing: &mut Fencing) {
        self.covered = 0;
        for (nth, event) in self.table.events.iter().enumerate() {
            if !fencing.has(&event.code) {
                let Some(offer) = fencing.offered(&event.code).cloned() else {
                    continue;
                };
                fencing.add(offer);
            }
            self.covered |= bit(nth);
        }
    }

    fn names(&self, code: &str) -> bool {
        self.table.events.iter().any(|event| event.code == code)
    }

    fn any_entry(&self, visit: &mut dyn FnMut(&Entry) -> bool) -> bool {
        self.entries().any(visit)
    }

    #[inline]
    fn is_latched(&self) -> bool {
        self.entries().any(Entry::is_latched)
    }

    fn earliest(&self) -> Earliest {
        Earliest {
            limit: self.table.limit,
            at: None,
        }
    }

    fn each_time(&self, visit: &mut dyn FnMut(&Time)) {
        self.table.times.iter().for_each(visit);
    }

    fn has_triggers(&self) -> bool {
        false
    }

    fn name(&self) -> Option<&'static str> {
        self.table.name
    }
}
