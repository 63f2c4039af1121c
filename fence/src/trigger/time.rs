//! Time triggers: what is declared, and the instants that follow from a start.

use std::borrow::Cow;
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::{Firing, Reason};

/// A time trigger under its code.
#[derive(Clone, Debug)]
pub struct Time {
    pub(crate) code: Cow<'static, str>,
    pub(crate) span: Span,
    /// The line that declared it.
    pub(crate) location: &'static Location<'static>,
}

/// How a time trigger is meant (D19).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    /// Every fence gets the whole of it.
    Timeout(Duration),
    /// Starts once, with the bind or with the fence.
    Budget(Duration),
    /// An instant, and how far ahead it was when it was declared.
    Deadline(Instant, Duration),
    /// A budget that runs: its end, and its length.
    Running(Instant, Duration),
    /// A budget below a running one of the same code: the earlier counts, once this one starts.
    Within(Duration, Instant, Duration),
}

impl Span {
    pub(crate) fn deadline(at: Instant) -> Self {
        Self::Deadline(at, at.saturating_duration_since(Instant::now()))
    }
}

impl Time {
    /// When it passes for a fence that started at `start`; `None` if never (D7).
    pub(crate) fn deadline(&self, start: Instant) -> Option<Instant> {
        match self.span {
            Span::Timeout(limit) | Span::Budget(limit) => start.checked_add(limit),
            Span::Deadline(at, _) | Span::Running(at, _) => Some(at),
            Span::Within(limit, at, _) => earliest(start.checked_add(limit), Some(at)),
        }
    }

    /// How long it is for a fence that started at `start`.
    pub(crate) fn limit(&self, start: Instant) -> Duration {
        match self.span {
            Span::Within(limit, at, _) if start.checked_add(limit).is_some_and(|own| own < at) => {
                limit
            }
            Span::Timeout(limit)
            | Span::Budget(limit)
            | Span::Deadline(_, limit)
            | Span::Running(_, limit)
            | Span::Within(_, _, limit) => limit,
        }
    }

    /// The time with its budget running since `now` (D19).
    pub(crate) fn started(mut self, now: Instant) -> Option<Self> {
        if let Span::Budget(_) | Span::Within(..) = self.span {
            self.span = Span::Running(self.deadline(now)?, self.limit(now));
        }
        Some(self)
    }

    /// The tighter of two triggers of one code and one kind; `None` if they are two. A budget that
    /// runs is of one kind with one that has not started.
    pub(crate) fn tighter(&self, other: &Self) -> Option<Self> {
        if self.code != other.code {
            return None;
        }
        let is_tighter = match (self.span, other.span) {
            (Span::Timeout(one), Span::Timeout(other))
            | (Span::Budget(one), Span::Budget(other)) => one <= other,
            (Span::Deadline(one, _), Span::Deadline(other, _))
            | (Span::Running(one, _), Span::Running(other, _)) => one <= other,
            (Span::Running(at, outer), Span::Budget(limit)) => {
                return Some(other.within(limit, at, outer));
            }
            (Span::Within(one, at, outer), Span::Budget(limit)) => {
                return Some(other.within(one.min(limit), at, outer));
            }
            _ => return None,
        };
        Some(if is_tighter { self } else { other }.clone())
    }

    fn within(&self, limit: Duration, at: Instant, outer: Duration) -> Self {
        Self {
            span: Span::Within(limit, at, outer),
            ..self.clone()
        }
    }

    /// The reason, if it had passed by `now`.
    pub(crate) fn reason(&self, start: Instant, now: Instant) -> Option<Reason> {
        let at = self.deadline(start).filter(|at| *at <= now)?;
        let firing = Firing::of_time(at, self.limit(start)).located(self.location);
        Some(Reason::new(self.code.clone(), firing))
    }
}

/// The earliest of many times, before it is known when they start.
#[derive(Clone, Copy, Debug, Default)]
#[doc(hidden)]
pub struct Earliest {
    /// Of those that start with the fence.
    pub(crate) limit: Option<Duration>,
    /// Of those that are instants.
    pub(crate) at: Option<Instant>,
}

impl Earliest {
    pub(crate) fn add(&mut self, time: &Time) {
        match time.span {
            Span::Timeout(limit) | Span::Budget(limit) => {
                self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
            }
            Span::Deadline(at, _) | Span::Running(at, _) => self.at = earliest(self.at, Some(at)),
            Span::Within(limit, at, _) => {
                self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
                self.at = earliest(self.at, Some(at));
            }
        }
    }

    /// The earliest of both.
    #[inline]
    pub(crate) fn and(mut self, other: &Self) -> Self {
        if let Some(limit) = other.limit {
            self.limit = Some(self.limit.map_or(limit, |known| known.min(limit)));
        }
        self.at = earliest(self.at, other.at);
        self
    }

    #[inline]
    pub(crate) fn is_some(&self) -> bool {
        self.limit.is_some() || self.at.is_some()
    }

    /// When it passes for a fence that starts at `start`; `None` if never (D7).
    #[inline]
    pub(crate) fn deadline(&self, start: Instant) -> Option<Instant> {
        earliest(
            self.limit.and_then(|limit| start.checked_add(limit)),
            self.at,
        )
    }
}

#[inline]
pub(crate) fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[inline]
pub(crate) fn has_passed(deadline: Option<Instant>, now: Option<Instant>) -> bool {
    matches!((deadline, now), (Some(deadline), Some(now)) if deadline <= now)
}

/// A length of time: a `Duration`, or an `Option` of one (`None` means no limit).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, Limit};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// /// Calls with what the configuration says, which may be nothing.
/// async fn call(limit: impl Limit) -> bool {
///     let body = tokio::time::sleep(Duration::from_secs(60));
///     Fencing::new().timeout(limit).run(body).await.is_completed()
/// }
///
/// assert!(!call(Duration::from_secs(5)).await);
/// assert!(call(None).await);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as a time limit",
    label = "expected a `Duration`",
    note = "write a string literal such as \"30s\", or any expression of type `std::time::Duration`"
)]
pub trait Limit {
    /// The length, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Limit;
    ///
    /// let second = Duration::from_secs(1);
    /// assert_eq!(second.limit(), Some(second));
    /// assert_eq!(None.limit(), None);
    /// ```
    fn limit(self) -> Option<Duration>;
}

impl Limit for Duration {
    fn limit(self) -> Option<Duration> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl Limit for Option<Duration> {
    fn limit(self) -> Option<Duration> {
        self
    }
}

/// An instant: tokio's or std's `Instant`, or an `Option` of one (`None` means no limit).
///
/// # Examples
///
/// ```
/// use fence::{Fencing, When};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// async fn bid(closing: impl When) -> bool {
///     Fencing::new().deadline(closing).run(async {}).await.is_completed()
/// }
///
/// assert!(!bid(tokio::time::Instant::now()).await);
/// assert!(bid(None::<std::time::Instant>).await);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as a deadline",
    label = "expected an `Instant`",
    note = "a deadline is a point in time: write `tokio::time::Instant::now() + …`, or use \
            `timeout = \"30s\"` for a length of time"
)]
pub trait When {
    /// The instant, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::When;
    /// use tokio::time::Instant;
    ///
    /// let now = std::time::Instant::now();
    /// assert_eq!(now.when(), Some(Instant::from_std(now)));
    /// assert_eq!(None::<Instant>.when(), None);
    /// ```
    fn when(self) -> Option<Instant>;
}

impl When for Instant {
    fn when(self) -> Option<Instant> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl When for std::time::Instant {
    fn when(self) -> Option<Instant> {
        Some(self.into())
    }
}

#[diagnostic::do_not_recommend]
impl<W: When> When for Option<W> {
    fn when(self) -> Option<Instant> {
        self.and_then(When::when)
    }
}
