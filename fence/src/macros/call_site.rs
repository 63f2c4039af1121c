//! What a macro knows of its fence at compile time: a table in the program, which costs a fence
//! one pointer.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::OnceLock;
use std::time::Duration;

use crate::engine::InlineSources;
use crate::fencing::{Fencing, of_process};
use crate::trigger::{Earliest, Entry, Span, Time};

/// The constant options of one `#[fenced]` or `fenced!`.
#[derive(Debug)]
pub struct Site {
    /// The name of the fence, for messages.
    pub name: Option<&'static str>,
    /// Its lengths of time.
    pub times: &'static [Time],
    /// The shortest of them.
    pub limit: Option<Duration>,
    /// Its events.
    pub events: &'static [Named],
}

/// An event by its name, looked up once per place.
#[derive(Debug)]
pub struct Named {
    name: &'static str,
    entry: OnceLock<Entry>,
}

/// A site as one fence sees it.
#[derive(Clone, Copy, Debug)]
pub struct At {
    site: &'static Site,
    /// The events that it does not watch, as their names are bound: one bit each.
    covered: u64,
}

impl Named {
    /// The name, not yet looked up.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            entry: OnceLock::new(),
        }
    }

    #[inline]
    fn entry(&self) -> &Entry {
        self.entry.get_or_init(|| of_process(self.name))
    }
}

impl Time {
    /// A length of time that every run of the fence gets the whole of.
    #[must_use]
    #[track_caller]
    pub const fn timeout(code: &'static str, limit: Duration) -> Self {
        Self {
            code: Cow::Borrowed(code),
            span: Span::Timeout(limit),
            location: Location::caller(),
        }
    }

    /// A length of time that starts with the fence and that everything below spends from.
    #[must_use]
    #[track_caller]
    pub const fn budget(code: &'static str, limit: Duration) -> Self {
        Self {
            code: Cow::Borrowed(code),
            span: Span::Budget(limit),
            location: Location::caller(),
        }
    }
}

impl At {
    pub(crate) const fn new(site: &'static Site) -> Self {
        Self { site, covered: 0 }
    }

    #[inline]
    fn entries(&self) -> impl Iterator<Item = &Entry> {
        // Shifted along, as this is asked in every poll: `bit` has to mind the width.
        let mut covered = self.covered;
        let is_watched = move |_: &&Named| {
            let is_watched = covered & 1 == 0;
            covered >>= 1;
            is_watched
        };
        self.site.events.iter().filter(is_watched).map(Named::entry)
    }
}

/// The macros refuse more than 64.
fn bit(nth: usize) -> u64 {
    u32::try_from(nth)
        .ok()
        .and_then(|nth| 1_u64.checked_shl(nth))
        .unwrap_or(0)
}

impl InlineSources for At {
    #[inline]
    fn has_entries(&self) -> bool {
        !self.site.events.is_empty()
    }

    fn resolve(&mut self, fencing: &mut Fencing) {
        self.covered = 0;
        for (nth, named) in self.site.events.iter().enumerate() {
            if !fencing.has(named.name) {
                let Some(offer) = fencing.offered(named.name).cloned() else {
                    continue;
                };
                fencing.add(offer);
            }
            self.covered |= bit(nth);
        }
    }

    fn names(&self, code: &str) -> bool {
        self.site.events.iter().any(|named| named.name == code)
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
            limit: self.site.limit,
            at: None,
        }
    }

    fn each_time(&self, visit: &mut dyn FnMut(&Time)) {
        self.site.times.iter().for_each(visit);
    }

    fn has_triggers(&self) -> bool {
        false
    }

    fn name(&self) -> Option<&'static str> {
        self.site.name
    }
}
