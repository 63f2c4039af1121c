//! How long a fence has, as its handles see it (D20).

use std::time::Duration;

use tokio::time::Instant;

use crate::fencing::Policy;

#[derive(Debug, Default)]
pub(crate) struct TimeLeft {
    /// The next one that may cancel the fence.
    pub(crate) deadline: Option<Instant>,
    grace: Option<Duration>,
    is_lenient: bool,
    /// Whether the fence has noticed that it has fired.
    has_noticed: bool,
    /// When it cuts since, if ever.
    cut_at: Option<Instant>,
}

impl TimeLeft {
    pub(crate) fn obey(&mut self, policy: Option<&Policy>) {
        self.grace = policy.and_then(Policy::grace);
        self.is_lenient = policy.is_some_and(Policy::is_lenient);
    }

    /// The fence has fired, and cuts at that instant, if ever.
    pub(crate) fn notice(&mut self, cut_at: Option<Instant>) {
        self.has_noticed = true;
        self.cut_at = cut_at;
    }

    pub(crate) fn remaining(&self, has_fired: bool, now: Instant) -> Option<Duration> {
        let until = |at: Instant| at.saturating_duration_since(now);
        if !self.has_noticed && !has_fired && self.deadline.is_none_or(|at| at > now) {
            self.deadline.map(until)
        } else if !self.is_lenient {
            Some(Duration::ZERO)
        } else if self.has_noticed {
            self.cut_at.map(until)
        } else {
            // It has the whole of it once it looks.
            self.grace
        }
    }
}
