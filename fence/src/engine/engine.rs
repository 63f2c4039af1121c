//! A fence without its body.
//!
//! None of it is generic: it is compiled once, whatever the bodies are.

use crate::engine::handle::Handle;
use crate::engine::state::inline_sources::InlineSources;
use crate::engine::state::registrations::Registrations;
use crate::engine::state::shared::Shared;
use crate::engine::state::sources::Sources;
use crate::engine::state::state::FenceState;
use crate::engine::state::timer::Timer;
use crate::fencing::Fencing;
use crate::trigger::{Entry, Time};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;

/// What a fence keeps between polls, besides its body and its timer.
pub(crate) struct Core<S> {
    pub(crate) state: FenceState,
    pub(super) own: S,
    pub(super) watch: Registrations,
}

impl<S: InlineSources> Core<S> {
    #[inline]
    pub(crate) fn new(fencing: Fencing, own: S) -> Self {
        Self {
            state: FenceState::of(fencing),
            own,
            watch: Registrations::default(),
        }
    }

    /// A handle on the fence: allocates with the first one.
    pub(crate) fn handle(&self) -> Handle {
        let shared = &self.state.rare_or_init().shared;
        let of_policy = || Arc::new(Shared::of(self.state.policy()));
        Handle::new(shared.get_or_init(of_policy).clone())
    }

    #[inline]
    pub(crate) fn engine<'a>(&'a mut self, timer: Pin<&'a mut Timer>) -> Engine<'a> {
        Engine {
            state: &mut self.state,
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

/// A fence without its body. `impl Engine` stands where its verbs are:
///
/// - `first_poll` begins: captures the context, starts the clock;
/// - `poll` takes a step of the body and looks at the sources after it;
/// - `arming` registers with the sources and takes that back;
/// - `decision` asks guards, tells those inside, waits for graces and shields;
/// - `teardown` cuts, cleans up, abandons; `record` writes down why.
pub(crate) struct Engine<'a> {
    pub(crate) state: &'a mut FenceState,
    /// The sources in its type, if there are any.
    pub(crate) own: Option<&'a mut dyn InlineSources>,
    /// Whether those are more than times.
    pub(crate) has_entries: bool,
    pub(crate) watch: &'a mut Registrations,
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
    pub(crate) fn sources(&self) -> Sources<'_> {
        Sources {
            state: self.state,
            own: self.own.as_deref(),
            has_entries: self.has_entries,
        }
    }

    pub(crate) fn any_entry(&self, visit: impl FnMut(&Entry) -> bool) -> bool {
        self.sources().any_entry(visit)
    }

    /// Visits the custom triggers, numbered.
    pub(crate) fn any_trigger(&self, mut visit: impl FnMut(usize, &Entry) -> bool) -> bool {
        let mut nth = 0;
        self.any_entry(|entry| {
            let is_trigger = entry.trigger().is_some();
            nth += usize::from(is_trigger);
            is_trigger && visit(nth - 1, entry)
        })
    }

    pub(crate) fn each_time(&self, visit: impl FnMut(&Time)) {
        self.sources().each_time(visit);
    }
}
