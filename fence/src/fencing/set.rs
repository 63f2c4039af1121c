//! What is in a fencing.

use std::borrow::Cow;

use crate::fencing::policy::Policy;
use crate::trigger::{Earliest, Entry, Span, Time};
use crate::util::SmallList;

#[derive(Clone, Default)]
pub(crate) struct Set {
    pub(super) entries: Vec<Entry>,
    /// Sources for those who name them: one a code (D18a).
    pub(super) offers: Vec<Entry>,
    /// Codes whose sources are looked up where the set is bound or run.
    pub(super) names: Vec<&'static str>,
    pub(super) times: SmallList<Time>,
    /// What follows from the times, so that no fence has to look at each of them.
    pub(super) earliest: Earliest,
    /// Whether a time starts where the set is bound.
    pub(super) has_budgets: bool,
    /// Whether a custom trigger is among the entries.
    pub(super) has_triggers: bool,
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) policy: Option<Box<Policy>>,
}

impl Set {
    pub(super) fn summarize(&mut self) {
        self.earliest = Earliest::default();
        self.has_budgets = false;
        for time in self.times.iter() {
            self.earliest.add(time);
            self.has_budgets |= matches!(time.span, Span::Budget(_));
        }
    }
}
