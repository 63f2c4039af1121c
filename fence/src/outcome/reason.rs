//! Why a fence was cancelled: the record of one firing.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write};
use std::panic::Location;
use std::time::Duration;

use tokio::time::Instant;

use crate::outcome::firing::Firing;
use crate::outcome::kind::ReasonKind;
use crate::util::{OneLine, contained};

/// The record of one firing that cancelled a fence: who fired, when, where and why.
///
/// `Display` is the message for people, such as `shutdown: event set`; match on
/// [`code`](Self::code) in programs.
///
/// # Examples
///
/// ```
/// use fence::{Event, Fencing, ReasonKind};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let stop = Event::new();
/// stop.set_because("deploy");
/// let outcome = Fencing::new().on("shutdown", &stop).run(async {}).await;
///
/// let reason = &outcome.reasons()[0];
/// assert_eq!(reason.code(), "shutdown");
/// assert_eq!(reason.kind(), ReasonKind::Event);
/// assert_eq!(reason.to_string(), "shutdown: deploy");
/// assert!(reason.location().unwrap().file().ends_with(".rs"));
/// # }
/// ```
#[derive(Clone)]
pub struct Reason {
    code: Cow<'static, str>,
    firing: Firing,
}

impl Reason {
    #[inline]
    pub(crate) fn new(code: Cow<'static, str>, mut firing: Firing) -> Self {
        let code = firing.code.take().map_or(code, |code| *code);
        Self { code, firing }
    }

    /// Records a firing that stays where it is.
    #[inline]
    pub(crate) fn of(code: Cow<'static, str>, firing: &Firing) -> Self {
        Self::new(code, firing.clone())
    }

    /// The code under which the trigger was declared.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What kind of trigger fired.
    #[must_use]
    pub fn kind(&self) -> ReasonKind {
        if self.firing.is_linked {
            ReasonKind::Linked
        } else {
            self.firing.kind
        }
    }

    /// What kind of trigger fired where it began, however far a link has carried it.
    #[cfg(feature = "http")]
    pub(crate) fn kind_at_source(&self) -> ReasonKind {
        self.firing.kind
    }

    /// The error that the firing carried, if any.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{self, ErrorKind};
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let lost = Event::new();
    /// lost.set_because(io::Error::from(ErrorKind::ConnectionReset));
    /// let why = Fencing::new().on("link", &lost).run(async {}).await.cancelled().unwrap();
    /// let cause = why.primary().cause().unwrap().downcast_ref::<io::Error>().unwrap();
    /// assert_eq!(cause.kind(), ErrorKind::ConnectionReset);
    /// # }
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.firing.cause()
    }

    /// The source line that fired it or, of a limit that has passed, declared it. `None` for failures
    /// and signals, which no line fires.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set(); let line = line!();
    /// let why = Fencing::new().on("stop", &stop).run(async {}).await.cancelled().unwrap();
    /// assert_eq!(why.primary().location().unwrap().line(), line);
    /// # }
    /// ```
    #[must_use]
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.firing.location
    }

    /// When it fired, on tokio's clock.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    /// use tokio::time::Instant;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (start, limit) = (Instant::now(), Duration::from_secs(5));
    /// let why = Fencing::new().timeout(limit).run(std::future::pending::<()>()).await.cancelled().unwrap();
    /// assert_eq!(why.primary().at(), start + limit);
    /// # }
    /// ```
    #[must_use]
    pub fn at(&self) -> Instant {
        self.firing.at
    }

    /// The firing by itself, which keeps the code.
    pub(crate) fn to_firing(&self) -> Firing {
        self.firing.clone().with_code(self.code.clone())
    }

    /// The firing as it looks one fence further out (D30).
    pub(crate) fn linked(&self) -> Firing {
        let mut firing = self.to_firing();
        firing.is_linked = true;
        firing
    }

    /// Whether the two are one reason (D10).
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.code == other.code && self.order() == other.order()
    }

    /// Whether the two are one reason in two looks at one trigger, which may make a firing anew
    /// each time it is asked.
    pub(crate) fn is_seen_as(&self, other: &Self) -> bool {
        let are_foreign = self.firing.is_foreign && other.firing.is_foreign;
        self.is_same(other) || (are_foreign && self.code == other.code)
    }

    /// Whether the two come from one firing, under whatever codes (D29). Times have only their code.
    pub(crate) fn is_of_one_source(&self, other: &Self) -> bool {
        let are_one_firing = self.firing.seq != 0 && self.firing.seq == other.firing.seq;
        are_one_firing || self.is_seen_as(other)
    }

    /// Whether somebody cancelled the fence itself, through a handle or its guard.
    pub(crate) fn is_through_handle(&self) -> bool {
        let is_guard = self.firing.location.is_some();
        match self.kind() {
            ReasonKind::Handle => true,
            ReasonKind::Dropped => is_guard,
            _ => false,
        }
    }

    /// Firing order (D9). Time comes first among equals: it passed before the code of that instant
    /// ran.
    pub(crate) fn order(&self) -> (Instant, u64) {
        (self.firing.at, self.firing.seq)
    }
}

impl Reason {
    fn write_limit(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.firing.is_idle {
            "nothing for "
        } else {
            "timed out after "
        })?;
        match self.firing.limit.unwrap_or_default() {
            Duration::ZERO => f.write_str("0s"),
            limit => write!(f, "{limit:?}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(OneLine(&mut *f), "{}: ", self.code)?;
        match (&self.firing.cause, self.firing.kind) {
            (Some(cause), _) => write_cause(cause, f),
            (None, ReasonKind::Timeout) => self.write_limit(f),
            (None, ReasonKind::Event) => f.write_str("event set"),
            (None, ReasonKind::Handle) => f.write_str("cancelled through its handle"),
            (None, ReasonKind::Dropped) if self.firing.location.is_none() => {
                f.write_str("dropped from outside")
            }
            (None, ReasonKind::Dropped) => f.write_str("guard dropped"),
            (None, ReasonKind::Linked) => f.write_str("cancelled"),
            (None, ReasonKind::Failed) => f.write_str("failed"),
            (None, ReasonKind::Custom(kind)) => write!(OneLine(&mut *f), "{kind} fired"),
        }?;
        if self.firing.is_linked {
            f.write_str(", through a link")?;
        }
        Ok(())
    }
}

/// User code, of which a panic must not take the line along that tells of it.
fn write_cause(cause: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    contained(|| write!(OneLine(&mut *f), "{cause}"))
        .unwrap_or_else(|| f.write_str("a cause that panics when it is shown"))
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reason")
            .field("code", &self.code)
            .field("kind", &self.kind())
            .field("cause", &self.firing.cause)
            .field("location", &self.firing.location.map(ToString::to_string))
            .field("at", &self.firing.at)
            .finish()
    }
}
