//! A fence without its body.
//!
//! None of it is generic: it is compiled once, whatever the bodies are.

use crate::engine::state::inline_sources::Own;
use crate::engine::state::registrations::Watch;
use crate::engine::state::sources::Watched;
use crate::engine::state::state::Live;
use crate::engine::state::timer::Timer;
use crate::fencing::fencing::Fencing;
use crate::trigger::source::Entry;
use crate::trigger::time::Time;
use std::pin::Pin;
use std::task::Context;

/// What a fence keeps between polls, besides its body and its timer.
pub(crate) struct Core<S> {
    pub(crate) live: Live,
    pub(super) own: S,
    pub(super) watch: Watch,
}

impl<S: Own> Core<S> {
    #[inline]
    pub(crate) fn new(fencing: Fencing, own: S) -> Self {
        Self {
            live: Live::of(fencing),
            own,
            watch: Watch::default(),
        }
    }

    #[inline]
    pub(crate) fn engine<'a>(&'a mut self, timer: Pin<&'a mut Timer>) -> Engine<'a> {
        Engine {
            live: &mut self.live,
            has_entries: self.own.has_entries(),
            own: if self.own.is_empty() {
                None
            } else {
                Some(&mut self.own)
            },
            watch: &mut self.watch,
            timer,
        }
    }
}

/// A fence without its body.
pub(crate) struct Engine<'a> {
    pub(crate) live: &'a mut Live,
    /// The sources in its type, if there are any.
    pub(crate) own: Option<&'a mut dyn Own>,
    /// Whether those are more than times.
    pub(crate) has_entries: bool,
    pub(crate) watch: &'a mut Watch,
    pub(crate) timer: Pin<&'a mut Timer>,
}

/// What is fenced.
pub(crate) trait Body {
    /// Polls it; true once it has ended, which also drops it.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool;
    /// Drops it where it is.
    fn cut(&mut self);
}

impl Engine<'_> {
    pub(crate) fn watched(&self) -> Watched<'_> {
        Watched {
            live: self.live,
            own: self.own.as_deref(),
            has_entries: self.has_entries,
        }
    }

    pub(crate) fn any_entry(&self, visit: impl FnMut(&Entry) -> bool) -> bool {
        self.watched().any_entry(visit)
    }

    /// Visits the sources of other makes, numbered.
    pub(crate) fn any_trigger(&self, mut visit: impl FnMut(usize, &Entry) -> bool) -> bool {
        let mut nth = 0;
        self.any_entry(|entry| {
            let is_trigger = entry.trigger().is_some();
            nth += usize::from(is_trigger);
            is_trigger && visit(nth - 1, entry)
        })
    }

    pub(crate) fn each_time(&self, visit: impl FnMut(&Time)) {
        self.watched().each_time(visit);
    }
}
