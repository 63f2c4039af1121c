//! What a fence returns.

use std::process::{ExitCode, Termination};

use crate::outcome::cancelled::Cancelled;
use crate::outcome::reason::Reason;

/// What became of a fenced body: its value, or why it was cut.
///
/// A body that finishes is `Completed`, even if a trigger fired while it did. For `?`, go through
/// [`into_result`](Self::into_result) or, for a body that returns a `Result`,
/// [`flatten`](Fenced::flatten).
///
/// # Examples
///
/// ```
/// use fence::{Event, Fenced, Fencing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let stop = Event::new();
/// match Fencing::new().on("stop", &stop).run(async { 7 }).await {
///     Fenced::Completed(number) => assert_eq!(number, 7),
///     Fenced::Cancelled(why) if why.by("stop") => unreachable!("nobody set it"),
///     Fenced::Cancelled(why) => panic!("{why}"),
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "the work may have been cancelled: match on it, or turn it into a `Result`"]
pub enum Fenced<T> {
    /// The body ran to its end.
    Completed(T),
    /// The body was cut, for these reasons.
    Cancelled(Cancelled),
}

impl<T> Fenced<T> {
    /// Whether the body ran to its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let second = Fencing::new().timeout(Duration::from_secs(1));
    /// assert!(second.run(sleep(Duration::from_millis(999))).await.is_completed());
    /// assert!(!second.run(sleep(Duration::from_millis(1001))).await.is_completed());
    /// # }
    /// ```
    pub fn is_completed(&self) -> bool {
        matches!(self, Self::Completed(_))
    }

    /// Whether the body was cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set();
    /// let outcome = Fencing::new().on("stop", &stop).run(async { "never runs" }).await;
    /// assert!(outcome.is_cancelled());
    /// # }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// Whether the body was cut with a reason of this code among the reasons.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (limit, stop) = (Duration::from_secs(5), Event::new());
    /// let fencing = Fencing::new().timeout(limit).on("stop", &stop);
    /// let outcome = fencing.run(std::future::pending::<()>()).await;
    /// assert!(outcome.cancelled_by("timeout"));
    /// assert!(!outcome.cancelled_by("stop"));
    /// # }
    /// ```
    pub fn cancelled_by(&self, code: &str) -> bool {
        matches!(self, Self::Cancelled(why) if why.by(code))
    }

    /// The reasons, in firing order; empty if it completed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let second = Duration::from_secs(1);
    /// let outcome = Fencing::new()
    ///     .timeout_as("idle", second)
    ///     .timeout_as("query", second)
    ///     .run(std::future::pending::<()>())
    ///     .await;
    /// let codes: Vec<_> = outcome.reasons().iter().map(|reason| reason.code()).collect();
    /// assert_eq!(codes, ["idle", "query"]);
    /// # }
    /// ```
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Completed(_) => &[],
            Self::Cancelled(why) => why.reasons(),
        }
    }

    /// The value, if it completed.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let fencing = Fencing::new().on("stop", &stop);
    /// let mut served = 0;
    /// while let Some(request) = fencing.run(async { served }).await.completed() {
    ///     served = request + 1;
    ///     if served == 3 {
    ///         stop.set();
    ///     }
    /// }
    /// assert_eq!(served, 3);
    /// # }
    /// ```
    pub fn completed(self) -> Option<T> {
        self.into_result().ok()
    }

    /// Why it was cut, if it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let call = Fencing::new().timeout(Duration::from_secs(5)).run(std::future::pending::<()>());
    /// if let Some(why) = call.await.cancelled() {
    ///     assert_eq!(why.to_string(), "cancelled: timeout: timed out after 5s");
    /// }
    /// # }
    /// ```
    pub fn cancelled(self) -> Option<Cancelled> {
        self.into_result().err()
    }

    /// Turns it into a `Result`, to be used with `?`.
    ///
    /// # Errors
    ///
    /// The reasons, if the body was cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Cancelled, Fencing};
    ///
    /// async fn answer() -> Result<u32, Cancelled> {
    ///     let call = Fencing::new().timeout(Duration::from_secs(5)).run(async { 41 });
    ///     Ok(call.await.into_result()? + 1)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// assert_eq!(answer().await.unwrap(), 42);
    /// # }
    /// ```
    pub fn into_result(self) -> Result<T, Cancelled> {
        match self {
            Self::Completed(value) => Ok(value),
            Self::Cancelled(why) => Err(why),
        }
    }

    /// Applies a function to the value.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let length = Fencing::new().run(async { "page" }).await.map(str::len);
    /// assert_eq!(length.unwrap(), 4);
    /// # }
    /// ```
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fenced<U> {
        self.into_result().map(f).into()
    }

    /// Goes on with another outcome if this one completed.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fenced, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// async fn on(event: &Event) -> Fenced<u32> {
    ///     Fencing::new().on("stop", event).run(async { 1 }).await
    /// }
    ///
    /// let (still_open, closed) = (Event::new(), Event::new());
    /// closed.set();
    /// let second = on(&closed).await;
    /// let both = on(&still_open).await.and_then(|one| second.map(|two| one + two));
    /// assert!(both.cancelled_by("stop"));
    /// # }
    /// ```
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Fenced<U>) -> Fenced<U> {
        self.into_result()
            .and_then(|value| f(value).into_result())
            .into()
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If the body was cut; the message names the reasons.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// assert_eq!(Fencing::new().run(async { 7 }).await.unwrap(), 7);
    /// # }
    /// ```
    #[track_caller]
    pub fn unwrap(self) -> T {
        self.expect("called `Fenced::unwrap()` on work that did not complete")
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If the body was cut, with `message` and the reasons.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let config = Fencing::new().run(async { "port = 80" }).await.expect("nothing can cut it");
    /// assert_eq!(config, "port = 80");
    /// # }
    /// ```
    #[track_caller]
    pub fn expect(self, message: &str) -> T {
        match self {
            Self::Completed(value) => value,
            Self::Cancelled(why) => panic!("{message}: {why}"),
        }
    }

    /// The value, or `default` if the body was cut.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let lookup = Fencing::new().timeout(Duration::from_millis(50)).run(std::future::pending());
    /// assert_eq!(lookup.await.unwrap_or("guest"), "guest");
    /// # }
    /// ```
    pub fn unwrap_or(self, default: T) -> T {
        self.into_result().unwrap_or(default)
    }

    /// The value, or one made from the reasons.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let lookup = Fencing::new().timeout(Duration::from_millis(50)).run(std::future::pending());
    /// let name = lookup.await.unwrap_or_else(|why| format!("unknown ({})", why.primary().code()));
    /// assert_eq!(name, "unknown (timeout)");
    /// # }
    /// ```
    pub fn unwrap_or_else(self, f: impl FnOnce(Cancelled) -> T) -> T {
        self.into_result().unwrap_or_else(f)
    }

    /// The value, or the default of its type.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let search = Fencing::new().timeout(Duration::from_millis(50)).run(std::future::pending());
    /// let hits: Vec<String> = search.await.unwrap_or_default();
    /// assert!(hits.is_empty());
    /// # }
    /// ```
    pub fn unwrap_or_default(self) -> T
    where
        T: Default,
    {
        self.into_result().unwrap_or_default()
    }
}

impl<T, E: From<Cancelled>> Fenced<Result<T, E>> {
    /// Folds a cancellation into the body's own `Result`, as `#[fenced(try)]` does.
    ///
    /// # Errors
    ///
    /// The body's own error, or the cancellation turned into one.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Cancelled, Event, Fencing};
    ///
    /// #[derive(Debug)]
    /// enum Error {
    ///     Cut(Cancelled),
    ///     NotFound,
    /// }
    ///
    /// impl From<Cancelled> for Error {
    ///     fn from(why: Cancelled) -> Self {
    ///         Self::Cut(why)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let fencing = Fencing::new().on("stop", &stop);
    /// let lookup = async || Err::<u32, _>(Error::NotFound);
    /// assert!(matches!(fencing.run(lookup()).await.flatten(), Err(Error::NotFound)));
    ///
    /// stop.set();
    /// assert!(matches!(fencing.run(lookup()).await.flatten(), Err(Error::Cut(why)) if why.by("stop")));
    /// # }
    /// ```
    pub fn flatten(self) -> Result<T, E> {
        self.into_result()?
    }
}

impl<T> From<Result<T, Cancelled>> for Fenced<T> {
    fn from(result: Result<T, Cancelled>) -> Self {
        match result {
            Ok(value) => Self::Completed(value),
            Err(why) => Self::Cancelled(why),
        }
    }
}

impl<T> From<Fenced<T>> for Result<T, Cancelled> {
    fn from(outcome: Fenced<T>) -> Self {
        outcome.into_result()
    }
}

/// Lets `main` and tests return an outcome: a cancelled one prints its reasons and fails.
impl<T: Termination> Termination for Fenced<T> {
    fn report(self) -> ExitCode {
        match self {
            Self::Completed(value) => value.report(),
            Self::Cancelled(why) => {
                eprintln!("Error: {why}");
                ExitCode::FAILURE
            }
        }
    }
}
