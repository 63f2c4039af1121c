//! What a fence watches, to be read by itself and by the code inside.

use std::borrow::Cow;

use tokio::time::Instant;

use crate::engine::state::inline_sources::InlineSources;
use crate::engine::state::snapshot::Snapshot;
use crate::engine::state::state::FenceState;
use crate::fencing::Policy;
use crate::trigger::{Entry, Time, earliest};

/// A fence: its sets, and the sources in its type.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    pub(crate) state: &'a FenceState,
    pub(crate) own: Option<&'a dyn InlineSources>,
    /// Whether those are more than times.
    pub(crate) has_entries: bool,
}

impl Sources<'_> {
    /// The name that the program text gave it.
    pub(crate) fn name(self) -> Option<Cow<'static, str>> {
        let constant = self.own.and_then(InlineSources::name).map(Cow::Borrowed);
        constant.or_else(|| self.state.fencing.name().cloned())
    }

    /// Whether a latch in its type has fired.
    #[inline]
    pub(crate) fn is_own_latched(self) -> bool {
        self.has_entries && self.own.is_some_and(InlineSources::is_latched)
    }

    /// Visits the entries, its own first, until one says yes.
    pub(crate) fn any_entry(self, mut visit: impl FnMut(&Entry) -> bool) -> bool {
        (self.has_entries && self.own.is_some_and(|own| own.any_entry(&mut visit)))
            || self.state.any_entry(visit)
    }

    /// Visits the time triggers.
    pub(crate) fn each_time(self, mut visit: impl FnMut(&Time)) {
        if let Some(own) = self.own {
            own.each_time(&mut visit);
        }
        self.state.fencing.times().iter().for_each(&mut visit);
        let around = self.state.rare().map(|rare| rare.around.times());
        around.unwrap_or_default().iter().for_each(visit);
    }

    /// What it watches, without what its guards are not asked about.
    pub(crate) fn own_snapshot(self) -> Snapshot {
        let mut snapshot = self.empty_snapshot();
        self.add_own(&mut snapshot);
        snapshot
            .entries
            .extend_from_slice(self.state.fencing.entries());
        snapshot.times.extend_from_slice(self.state.fencing.times());
        snapshot
    }

    /// All that it watches.
    pub(crate) fn snapshot(self) -> Snapshot {
        let mut snapshot = self.own_snapshot();
        if let Some(rare) = self.state.rare() {
            snapshot.entries.extend_from_slice(rare.around.entries());
            snapshot.times.extend_from_slice(rare.around.times());
        }
        snapshot
    }

    fn add_own(self, snapshot: &mut Snapshot) {
        let Some(own) = self.own else {
            return;
        };
        own.any_entry(&mut |entry| {
            snapshot.entries.push(entry.clone());
            false
        });
        own.each_time(&mut |time| snapshot.times.push(time.clone()));
    }

    fn empty_snapshot(self) -> Snapshot {
        Snapshot {
            entries: Vec::new(),
            times: Vec::new(),
            start: self.state.start,
            deadline: self.state.deadline.get(),
            kind: self.state.kind(),
            is_guarded: self.state.is_guarded(),
            has_grace: self.state.policy().is_some_and(Policy::is_lenient),
            grace: self.state.policy().and_then(Policy::grace),
        }
    }

    pub(crate) fn effective_deadline(self) -> Option<Instant> {
        let mut deadline = self.state.deadline.get();
        self.any_entry(|entry| {
            deadline = earliest(deadline, entry.effective_deadline());
            false
        });
        deadline
    }
}
