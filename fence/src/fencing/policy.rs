//! What a fence does about a firing, other than to cut at once (D23 to D25, D30).

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::outcome::Reason;
use crate::trigger::IdleLimit;

/// How long the cleanups of a fence may take, unless it says so (D25).
const CLEANUP: Duration = Duration::from_secs(5);

/// Says whether a firing may cancel the fence.
pub(crate) type Guard = Arc<dyn Fn(&Reason) -> bool + Send + Sync>;

/// The policies of a fencing.
#[derive(Clone, Default)]
pub(crate) struct Policy {
    guards: Vec<Guard>,
    grace: Option<Duration>,
    is_cooperative: bool,
    pub(crate) is_linked: bool,
    cleanup: Option<Duration>,
    /// One a code. Here, and not among the times, as a fence with a policy is unusual anyway.
    idle: Vec<IdleLimit>,
}

/// One policy, as an option of a macro or a method of `Fencing` sets it.
#[derive(Clone)]
pub enum Amend {
    /// The body has that long to finish.
    Grace(Duration),
    /// The body is never cut.
    Cooperative,
    /// The cancellation goes up.
    Linked,
    /// The cleanups have that long.
    Cleanup(Duration),
    /// It fires when nothing happens for that long.
    Idle(IdleLimit),
    /// A firing is declined if this says no.
    Guard(Arc<dyn Fn(&Reason) -> bool + Send + Sync>),
}

impl Policy {
    pub(crate) fn amend(&mut self, amend: Amend) {
        match amend {
            Amend::Grace(time) => self.grace = Some(time),
            Amend::Cooperative => self.is_cooperative = true,
            Amend::Linked => self.is_linked = true,
            Amend::Cleanup(limit) => self.cleanup = Some(limit),
            Amend::Idle(limit) => self.add_idle(limit),
            Amend::Guard(guard) => self.guards.push(guard),
        }
    }

    /// Of two limits under one code the tighter counts.
    fn add_idle(&mut self, new: IdleLimit) {
        let mut idle = self.idle.iter_mut();
        match idle.find(|known| known.code == new.code) {
            Some(known) if known.limit <= new.limit => {}
            Some(known) => *known = new,
            None => self.idle.push(new),
        }
    }

    pub(crate) fn idle(&self) -> &[IdleLimit] {
        &self.idle
    }

    pub(crate) fn is_guarded(&self) -> bool {
        !self.guards.is_empty()
    }

    /// Whether a firing cuts, and nobody is asked.
    pub(crate) fn cuts_at_once(&self) -> bool {
        !self.is_guarded() && !self.is_lenient()
    }

    /// The time that the body has left, if that is limited.
    pub(crate) fn grace(&self) -> Option<Duration> {
        self.grace.filter(|_| !self.is_cooperative)
    }

    /// Whether a body goes on after the fence has fired.
    pub(crate) fn is_lenient(&self) -> bool {
        self.is_cooperative || self.grace.is_some()
    }

    /// How long its cleanups may take, if it says so.
    pub(crate) fn cleanup(&self) -> Option<Duration> {
        self.cleanup
    }

    /// How long the cleanups of a fence may take, with or without policies.
    pub(crate) fn cleanup_limit(policy: Option<&Self>) -> Duration {
        policy.and_then(|policy| policy.cleanup).unwrap_or(CLEANUP)
    }

    /// Asks the guards, until one declines. One that panics consents (D24).
    pub(crate) fn consents(&self, reason: &Reason) -> bool {
        let consents =
            |guard: &Guard| catch_unwind(AssertUnwindSafe(|| guard(reason))).unwrap_or(true);
        self.guards.iter().all(consents)
    }
}

impl Amend {
    #[track_caller]
    pub(crate) fn idle(code: Cow<'static, str>, limit: Duration) -> Self {
        Self::Idle(IdleLimit {
            code,
            limit,
            location: Location::caller(),
        })
    }

    pub(crate) fn unless(
        code: Cow<'static, str>,
        declines: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::Guard(Arc::new(move |reason| reason.code() != code || !declines()))
    }
}

impl fmt::Debug for Amend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grace(time) => f.debug_tuple("Grace").field(time).finish(),
            Self::Cooperative => f.write_str("Cooperative"),
            Self::Linked => f.write_str("Linked"),
            Self::Cleanup(limit) => f.debug_tuple("Cleanup").field(limit).finish(),
            Self::Idle(limit) => f.debug_tuple("Idle").field(limit).finish(),
            Self::Guard(_) => f.write_str("Guard"),
        }
    }
}
