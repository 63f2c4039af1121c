//! What a fence does about a firing, other than to cut at once (D23 to D25, D30).

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::fencing::Fencing;
use crate::reason::Reason;
use crate::times::Limit;

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
            Amend::Guard(guard) => self.guards.push(guard),
        }
    }

    pub(crate) fn is_guarded(&self) -> bool {
        !self.guards.is_empty()
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
    pub(crate) fn unless(
        code: Cow<'static, str>,
        declines: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::Guard(Arc::new(move |reason| reason.code() != code || !declines()))
    }
}

impl Fencing {
    /// Gives the body that long to finish by itself once the fence has fired (rule D23).
    ///
    /// Until then the body runs on; [`check`](crate::check) and [`cancelled`](crate::cancelled)
    /// tell it. A body that finishes in time is completed. Fences inside work as usual.
    #[must_use]
    pub fn grace(self, time: impl Limit) -> Self {
        match time.limit() {
            Some(time) => self.amended(Amend::Grace(time)),
            None => self.cooperative(),
        }
    }

    /// Never cuts the body: it is told, like under [`grace`](Self::grace), and has to end by
    /// itself (rule D23). A fence that has fired before its first poll still never starts.
    #[must_use]
    pub fn cooperative(self) -> Self {
        self.amended(Amend::Cooperative)
    }

    /// Passes a cancellation of the fence on to the one around it, as a reason of the kind
    /// [`Linked`](crate::ReasonKind::Linked), and so on up to the first that is not linked
    /// (rule D30).
    #[must_use]
    pub fn linked(self) -> Self {
        self.amended(Amend::Linked)
    }

    /// How long the cleanups of the fence may take together: 5 s unless set (rule D25).
    #[must_use]
    pub fn cleanup_within(self, limit: impl Limit) -> Self {
        self.amended(Amend::Cleanup(limit.limit().unwrap_or(Duration::MAX)))
    }

    /// Asks `accepts` whether a firing may cancel the fence (rule D24).
    ///
    /// It is asked once per fence and reason, when the firing is first observed. What it declines
    /// is out of the question for good and listed in [`Handle::declined`](crate::Handle::declined)
    /// and [`Cancelled::declined`](crate::Cancelled::declined); everything else stays armed. Of
    /// several guards all have to accept; a guard that panics accepts. It is not asked about the
    /// fences around.
    #[must_use]
    pub fn guard(self, accepts: impl Fn(&Reason) -> bool + Send + Sync + 'static) -> Self {
        self.amended(Amend::Guard(Arc::new(accepts)))
    }

    /// Declines the firings under a code while `declines` says so: a [`guard`](Self::guard).
    #[must_use]
    pub fn unless(
        self,
        code: impl Into<Cow<'static, str>>,
        declines: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        self.amended(Amend::unless(code.into(), declines))
    }

    fn amended(mut self, amend: Amend) -> Self {
        self.amend(amend);
        self
    }
}

impl fmt::Debug for Amend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grace(time) => f.debug_tuple("Grace").field(time).finish(),
            Self::Cooperative => f.write_str("Cooperative"),
            Self::Linked => f.write_str("Linked"),
            Self::Cleanup(limit) => f.debug_tuple("Cleanup").field(limit).finish(),
            Self::Guard(_) => f.write_str("Guard"),
        }
    }
}
