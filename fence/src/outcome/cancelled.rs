//! The outcome of a fence that cut its body.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::cleanup::Cleanup;
use crate::outcome::firing::Firing;
use crate::outcome::kind::ReasonKind;
use crate::outcome::reason::Reason;
use crate::outcome::reason_list::Reasons;
use crate::util::OneLine;

/// Why a body was cut, and by whom: an error, one pointer wide.
///
/// It holds every reason that had fired when the fence resolved, in firing order, and at least one.
/// `Display` joins their messages with `"; "`, and adds what went wrong in cleanups. It is one
/// line: what would begin another in a cause from outside is escaped.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let limit = Duration::from_secs(5);
/// let fence = Fencing::new().named("page").timeout(limit).run(std::future::pending::<()>());
/// let why = fence.await.cancelled().unwrap();
///
/// assert!(why.is_timeout());
/// assert_eq!(why.elapsed(), limit);
/// assert_eq!(why.to_string(), "`page` cancelled: timeout: timed out after 5s");
/// # }
/// ```
#[derive(Clone)]
pub struct Cancelled {
    record: Arc<Record>,
}

#[derive(Default)]
pub(crate) struct Record {
    pub(crate) reasons: Reasons,
    pub(crate) declined: Vec<Reason>,
    pub(crate) cleanup: Cleanup,
    pub(crate) name: Option<Cow<'static, str>>,
    /// When it started, if it looked at the clock then, and when it was cut.
    pub(crate) ran: Option<(Instant, Instant)>,
    /// Whether it went on to the fence around (D30).
    pub(crate) is_passed_up: bool,
}

impl Cancelled {
    /// Seals a record.
    #[inline]
    pub(crate) fn new(record: Record) -> Self {
        debug_assert!(!record.reasons.is_empty(), "a cancelled fence has a reason");
        Self {
            record: Arc::new(record),
        }
    }

    /// Whether it went on to the fence around, which makes of it what it has to.
    pub(crate) fn is_passed_up(&self) -> bool {
        self.record.is_passed_up
    }

    /// Why a task that was dropped from outside has no value: for `reasons`, if there are any.
    pub(crate) fn of_drop(mut reasons: Vec<Reason>) -> Self {
        if reasons.is_empty() {
            reasons.push(Reason::new("dropped".into(), Firing::of_drop()));
        }
        Self::new(Record {
            reasons: Reasons::sorted(reasons),
            ..Record::default()
        })
    }

    /// Every reason that had fired when the fence resolved, in firing order; never empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (quota, stop) = (Event::new(), Event::new());
    /// let fencing = Fencing::new().on("stop", &stop).on("quota", &quota);
    /// quota.set();
    /// stop.set();
    /// let why = fencing.run(async {}).await.cancelled().unwrap();
    /// let codes: Vec<_> = why.reasons().iter().map(|reason| reason.code()).collect();
    /// assert_eq!(codes, ["quota", "stop"], "in the order in which they fired");
    /// # }
    /// ```
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.record.reasons
    }

    /// The reason that fired first.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, ReasonKind};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let call = Fencing::new().budget(Duration::from_secs(5)).run(std::future::pending::<()>());
    /// let why = call.await.cancelled().unwrap();
    /// assert_eq!(why.primary().code(), "budget");
    /// assert_eq!(why.primary().kind(), ReasonKind::Timeout);
    /// # }
    /// ```
    #[must_use]
    pub fn primary(&self) -> &Reason {
        &self.record.reasons[0]
    }

    /// Whether a reason of this code is among them.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fenced, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let shutdown = Event::new();
    /// shutdown.set();
    /// let put_back = match Fencing::new().on("shutdown", &shutdown).run(async {}).await {
    ///     Fenced::Completed(()) => false,
    ///     Fenced::Cancelled(why) => why.by("shutdown"),
    /// };
    /// assert!(put_back);
    /// # }
    /// ```
    #[must_use]
    pub fn by(&self, code: &str) -> bool {
        self.record
            .reasons
            .iter()
            .any(|reason| reason.code() == code)
    }

    /// What fired as well and was declined by a guard, in the order of asking.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let left = Event::new();
    /// left.set();
    /// let stream = Fencing::new()
    ///     .on("disconnect", &left)
    ///     .unless("disconnect", || true) // the answer is complete
    ///     .timeout(Duration::from_secs(5));
    /// let why = stream.run(std::future::pending::<()>()).await.cancelled().unwrap();
    /// assert!(why.is_timeout());
    /// assert_eq!(why.declined()[0].code(), "disconnect");
    /// # }
    /// ```
    #[must_use]
    pub fn declined(&self) -> &[Reason] {
        &self.record.declined
    }

    /// What became of the cleanups.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let booking = Fencing::new().timeout(Duration::from_secs(5)).run(async {
    ///     fence::on_cancel(async { println!("seat released") });
    ///     std::future::pending::<()>().await
    /// });
    /// let why = booking.await.cancelled().unwrap();
    /// assert!(why.cleanup().is_clean());
    /// assert_eq!(why.cleanup().ran(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn cleanup(&self) -> &Cleanup {
        &self.record.cleanup
    }

    /// Whether time was what fired first: a timeout, a budget or a deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let call = Fencing::new().timeout(Duration::from_secs(5)).run(std::future::pending::<()>());
    /// assert!(call.await.cancelled().unwrap().is_timeout());
    ///
    /// let stop = Event::new();
    /// stop.set();
    /// let call = Fencing::new().on("stop", &stop).run(std::future::pending::<()>());
    /// assert!(!call.await.cancelled().unwrap().is_timeout());
    /// # }
    /// ```
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.primary().kind() == ReasonKind::Timeout
    }

    /// The name of the fence: what [`Fencing::named`](crate::Fencing::named) or `name = "…"` gave
    /// it, or that of the `#[fenced]` function.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// #[fence::fenced(timeout = "5s")]
    /// async fn fetch() {
    ///     std::future::pending().await
    /// }
    ///
    /// let why = fetch().await.cancelled().unwrap();
    /// assert_eq!(why.name(), Some("fetch"));
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.record.name.as_deref()
    }

    /// How long the body ran: from the first poll to the cut, without the cleanups.
    ///
    /// Zero if the body was never polled. A fence without a time trigger reads the clock only once
    /// its body was pending, and counts from there.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let limit = Duration::from_secs(5);
    /// let why = Fencing::new().timeout(limit).run(std::future::pending::<()>()).await.cancelled().unwrap();
    /// assert_eq!(why.elapsed(), limit);
    /// # }
    /// ```
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let ran = self.record.ran;
        ran.map_or(Duration::ZERO, |(start, end)| end - start)
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(OneLine(&mut *f), "`{name}` cancelled: ")?,
            None => f.write_str("cancelled: ")?,
        }
        for (index, reason) in self.reasons().iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{reason}")?;
        }
        if !self.cleanup().is_clean() {
            write!(f, " ({})", self.cleanup())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled")
            .field("name", &self.name())
            .field("reasons", &self.reasons())
            .field("declined", &self.declined())
            .field("cleanup", &self.cleanup())
            .field("elapsed", &self.elapsed())
            .finish()
    }
}

impl Error for Cancelled {
    /// What is behind the cause of the first reason: the message tells of the cause itself, which
    /// would be told twice otherwise. [`Reason::cause`] has it.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.primary().cause().and_then(Error::source)
    }
}

/// So that `?` and [`flatten`](crate::Ended::flatten) work in code whose errors are of `std::io`: of
/// the kind `TimedOut` if time was what fired first, else `Interrupted`, with the `Cancelled` inside.
///
/// `Interrupted` is what loops around plain reads and writes try again: do not hand it to one.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use fence::{Cancelled, Fencing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let limit = Fencing::new().timeout(Duration::from_secs(5));
/// let read = limit.run(std::future::pending::<io::Result<String>>());
/// let error = read.await.flatten().unwrap_err();
/// assert_eq!(error.kind(), io::ErrorKind::TimedOut);
/// assert!(error.get_ref().unwrap().downcast_ref::<Cancelled>().unwrap().is_timeout());
/// # }
/// ```
impl From<Cancelled> for io::Error {
    fn from(why: Cancelled) -> Self {
        let kind = if why.is_timeout() {
            io::ErrorKind::TimedOut
        } else {
            io::ErrorKind::Interrupted
        };
        Self::new(kind, why)
    }
}
