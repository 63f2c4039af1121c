//! What a fence asks of its fencing.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use tokio::time::Instant;

use crate::fencing::fencing::Fencing;
use crate::fencing::policy::{Amend, Policy};
use crate::fencing::set::Set;
use crate::trigger::{Earliest, Entry, Span, Time, has_passed};

impl Fencing {
    #[inline]
    pub(crate) fn entries(&self) -> &[Entry] {
        self.set.as_ref().map_or(&[], |set| &set.entries)
    }

    #[inline]
    pub(crate) fn is_latched(&self) -> bool {
        self.entries().iter().any(Entry::is_latched)
    }

    #[inline]
    pub(crate) fn earliest(&self) -> Earliest {
        self.set
            .as_ref()
            .map_or_else(Earliest::default, |set| set.earliest)
    }

    #[inline]
    pub(crate) fn has_triggers(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.has_triggers)
    }

    /// Whether it has nothing but latches and times.
    #[inline]
    pub(crate) fn is_usual(&self) -> bool {
        self.set
            .as_ref()
            .is_none_or(|set| !set.has_triggers && set.policy.is_none() && set.names.is_empty())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_none()
    }

    pub(crate) fn times(&self) -> &[Time] {
        self.set.as_ref().map_or(&[], |set| &set.times)
    }

    pub(crate) fn name(&self) -> Option<&Cow<'static, str>> {
        self.set.as_ref().and_then(|set| set.name.as_ref())
    }

    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.set.as_ref()?.policy.as_deref()
    }

    pub(crate) fn amend(&mut self, amend: Amend) {
        let policy = &mut self.edit().policy;
        policy.get_or_insert_default().amend(amend);
    }

    /// Takes an entry in that is not of the user's making.
    pub(crate) fn add(&mut self, entry: Entry) {
        if !self.entries().iter().any(|known| known.is_same(&entry)) {
            let set = self.edit();
            set.has_triggers |= entry.trigger().is_some();
            set.entries.push(entry);
        }
    }

    /// Takes a time in that is not of the user's making.
    pub(crate) fn add_time(&mut self, time: Time) {
        let set = self.edit();
        set.earliest.add(&time);
        set.has_budgets |= matches!(time.span, Span::Budget(_));
        set.times.push(time);
    }

    pub(crate) fn rename(&mut self, name: Cow<'static, str>) {
        self.edit().name = Some(name);
    }

    pub(crate) fn has(&self, code: &str) -> bool {
        self.entries().iter().any(|entry| entry.code == code)
    }

    /// Whether the two are one value, shared.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.set, &other.set) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn has_budgets(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.has_budgets)
    }

    /// The earliest of its points in time: what a fence below it can have at most.
    pub(crate) fn bound_deadline(&self) -> Option<Instant> {
        self.set.as_ref()?.earliest.at
    }

    /// The earliest of them that is still to come.
    pub(crate) fn deadline_after(&self, now: Instant) -> Option<Instant> {
        let at = self.times().iter().filter_map(|time| match time.span {
            Span::Deadline(at, _) | Span::Running(at, _) | Span::Within(_, at, _) => Some(at),
            Span::Timeout(_) | Span::Budget(_) => None,
        });
        at.filter(|at| *at > now).min()
    }

    /// Whether one of its points in time has passed.
    pub(crate) fn has_passed(&self) -> bool {
        let at = self.bound_deadline();
        at.is_some() && has_passed(at, Some(Instant::now()))
    }

    /// The set with its budgets started (D19).
    pub(crate) fn started(mut self) -> Self {
        if self.has_budgets() {
            let now = Instant::now();
            let set = self.edit();
            let times = std::mem::take(&mut set.times);
            set.times = times
                .into_iter()
                .filter_map(|time| time.started(now))
                .collect();
            set.summarize();
        }
        self
    }

    #[track_caller]
    pub(crate) fn time(mut self, code: impl Into<Cow<'static, str>>, span: Option<Span>) -> Self {
        let Some(span) = span else { return self };
        let time = Time {
            code: code.into(),
            span,
            location: Location::caller(),
        };
        let set = self.edit();
        let tighter = |known: &mut Time| known.tighter(&time).map(|tighter| *known = tighter);
        if set.times.iter_mut().find_map(tighter).is_none() {
            set.times.push(time);
        }
        set.summarize();
        self
    }

    pub(super) fn edit(&mut self) -> &mut Set {
        Arc::make_mut(self.set.get_or_insert_default())
    }
}
