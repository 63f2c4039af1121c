//! What a fence watches, to be read by itself and by the code inside.

use std::borrow::Cow;

use tokio::time::Instant;

use crate::engine::state::inline_sources::Own;
use crate::engine::state::snapshot::View;
use crate::engine::state::state::Live;
use crate::trigger::source::Entry;
use crate::trigger::time::{Time, earliest};

/// A fence: its sets, and the sources in its type.
#[derive(Clone, Copy)]
pub(crate) struct Watched<'a> {
    pub(crate) live: &'a Live,
    pub(crate) own: Option<&'a dyn Own>,
    /// Whether those are more than times.
    pub(crate) has_entries: bool,
}

impl Watched<'_> {
    /// The name that the program text gave it.
    pub(crate) fn name(self) -> Option<Cow<'static, str>> {
        let constant = self.own.and_then(Own::name).map(Cow::Borrowed);
        constant.or_else(|| self.live.fencing.name().cloned())
    }

    /// Whether a latch in its type has fired.
    #[inline]
    pub(crate) fn is_own_latched(self) -> bool {
        self.has_entries && self.own.is_some_and(Own::is_latched)
    }

    /// Visits the entries, its own first, until one says yes.
    pub(crate) fn any_entry(self, mut visit: impl FnMut(&Entry) -> bool) -> bool {
        (self.has_entries && self.own.is_some_and(|own| own.any_entry(&mut visit)))
            || self.live.any_entry(visit)
    }

    /// Visits the time triggers.
    pub(crate) fn each_time(self, mut visit: impl FnMut(&Time)) {
        if let Some(own) = self.own {
            own.each_time(&mut visit);
        }
        self.live.fencing.times().iter().for_each(&mut visit);
        let around = self.live.some_extra().map(|extra| extra.around.times());
        around.unwrap_or_default().iter().for_each(visit);
    }

    /// What it watches, without what its guards are not asked about.
    pub(crate) fn own_view(self) -> View {
        let mut view = self.empty_view();
        self.add_own(&mut view);
        view.entries.extend_from_slice(self.live.fencing.entries());
        view.times.extend_from_slice(self.live.fencing.times());
        view
    }

    /// All that it watches.
    pub(crate) fn view(self) -> View {
        let mut view = self.own_view();
        if let Some(extra) = self.live.some_extra() {
            view.entries.extend_from_slice(extra.around.entries());
            view.times.extend_from_slice(extra.around.times());
        }
        view
    }

    fn add_own(self, view: &mut View) {
        let Some(own) = self.own else {
            return;
        };
        own.any_entry(&mut |entry| {
            view.entries.push(entry.clone());
            false
        });
        own.each_time(&mut |time| view.times.push(time.clone()));
    }

    fn empty_view(self) -> View {
        View {
            entries: Vec::new(),
            times: Vec::new(),
            start: self.live.start,
            deadline: self.live.deadline.get(),
            is_guarded: self.live.is_guarded(),
        }
    }

    pub(crate) fn effective_deadline(self) -> Option<Instant> {
        let mut deadline = self.live.deadline.get();
        self.any_entry(|entry| {
            deadline = earliest(deadline, entry.effective_deadline());
            false
        });
        deadline
    }
}
