//! What a trigger reports.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::kind::ReasonKind;
use crate::util::now;

/// What a [`Trigger`](crate::Trigger) reports when it has fired: a [`Reason`](crate::Reason)
/// without its code.
///
/// # Examples
///
/// ```
/// use fence::{Firing, ReasonKind};
///
/// let firing = Firing::new(ReasonKind::Custom("quota")).because("87 of 80 calls used");
/// assert!(format!("{firing:?}").contains("87 of 80"));
/// ```
#[derive(Clone)]
pub struct Firing {
    pub(crate) kind: ReasonKind,
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
    pub(crate) location: Option<&'static Location<'static>>,
    pub(crate) at: Instant,
    /// Orders firings of the same instant.
    pub(crate) seq: u64,
    /// A code that the firing brings along, instead of the one its trigger was given. Boxed, as
    /// few do: it keeps a reason so small that it is moved without a call.
    pub(crate) code: Option<Box<Cow<'static, str>>>,
    /// How long the fence had, if it was a matter of time.
    pub(crate) limit: Option<Duration>,
    /// Whether the limit was one on time without progress.
    pub(crate) is_idle: bool,
    /// Whether it came up from a fence inside.
    pub(crate) is_linked: bool,
    /// Whether a custom trigger reports it, anew each time it is asked.
    pub(crate) is_foreign: bool,
}

impl Firing {
    /// A firing of this moment, of the calling line, without a cause.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Firing, ReasonKind};
    ///
    /// let firing = Firing::new(ReasonKind::Custom("low-memory"));
    /// assert!(format!("{firing:?}").contains("low-memory"));
    /// ```
    #[must_use]
    #[track_caller]
    pub fn new(kind: ReasonKind) -> Self {
        Self {
            kind,
            cause: None,
            location: Some(Location::caller()),
            at: now(),
            seq: next_in_sequence(),
            code: None,
            limit: None,
            is_idle: false,
            is_linked: false,
            is_foreign: false,
        }
    }

    /// Adds the error behind it.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Firing, ReasonKind};
    ///
    /// let firing = Firing::new(ReasonKind::Custom("low-memory")).because("87 MB left");
    /// assert!(format!("{firing:?}").contains("87 MB left"));
    /// ```
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(Arc::from(cause.into()));
        self
    }

    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    pub(crate) fn foreign(mut self) -> Self {
        self.is_foreign = true;
        self
    }

    pub(crate) fn with_code(mut self, code: Cow<'static, str>) -> Self {
        self.code = Some(Box::new(code));
        self
    }

    /// Another line than the calling one is to be named.
    pub(crate) fn located(mut self, location: &'static Location<'static>) -> Self {
        self.location = Some(location);
        self
    }

    /// No line of code fired it.
    pub(crate) fn unlocated(mut self) -> Self {
        self.location = None;
        self
    }

    /// Another firing, of this moment, with the same cause and line.
    #[cfg(feature = "signal")]
    pub(crate) fn again(&self) -> Self {
        let Self { at, seq, .. } = Self::new(self.kind);
        Self {
            at,
            seq,
            ..self.clone()
        }
    }

    /// A fence that was dropped from outside.
    pub(crate) fn of_drop() -> Self {
        Self::new(ReasonKind::Dropped).unlocated()
    }

    /// An error or a panic in a group; no line of code cancels it.
    pub(crate) fn of_failure(text: String) -> Self {
        Self::new(ReasonKind::Failed)
            .with_code(Cow::Borrowed("failed"))
            .unlocated()
            .because(text)
    }

    /// An idle limit that passed at `at`: told from others under its code by its place in the order.
    pub(crate) fn of_idle(at: Instant, limit: Duration, seq: u64) -> Self {
        Self {
            seq,
            is_idle: true,
            ..Self::of_time(at, limit)
        }
    }

    /// A time limit that passed at `at`.
    pub(crate) fn of_time(at: Instant, limit: Duration) -> Self {
        Self {
            kind: ReasonKind::Timeout,
            cause: None,
            location: None,
            at,
            seq: 0,
            code: None,
            limit: Some(limit),
            is_idle: false,
            is_linked: false,
            is_foreign: false,
        }
    }
}

/// A place in the order of firings, after all that have one.
pub(crate) fn next_in_sequence() -> u64 {
    static SEQUENCE: AtomicU64 = AtomicU64::new(1);
    SEQUENCE.fetch_add(1, Ordering::Relaxed)
}

impl fmt::Debug for Firing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Firing")
            .field("kind", &self.kind)
            .field("cause", &self.cause)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
