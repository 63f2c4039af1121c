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
    pub fn is_completed(&self) -> bool {
        matches!(self, Self::Completed(_))
    }

    /// Whether the body was cut.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// Whether the body was cut with a reason of this code among the reasons.
    pub fn cancelled_by(&self, code: &str) -> bool {
        matches!(self, Self::Cancelled(why) if why.by(code))
    }

    /// The reasons, in firing order; empty if it completed.
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Completed(_) => &[],
            Self::Cancelled(why) => why.reasons(),
        }
    }

    /// The value, if it completed.
    pub fn completed(self) -> Option<T> {
        self.into_result().ok()
    }

    /// Why it was cut, if it was.
    pub fn cancelled(self) -> Option<Cancelled> {
        self.into_result().err()
    }

    /// The same as a `Result`, to be used with `?`.
    ///
    /// # Errors
    ///
    /// The reasons, if the body was cut.
    pub fn into_result(self) -> Result<T, Cancelled> {
        match self {
            Self::Completed(value) => Ok(value),
            Self::Cancelled(why) => Err(why),
        }
    }

    /// Applies a function to the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fenced<U> {
        self.into_result().map(f).into()
    }

    /// Goes on with another outcome if this one completed.
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
    #[track_caller]
    pub fn unwrap(self) -> T {
        self.expect("called `Fenced::unwrap()` on work that did not complete")
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If the body was cut, with `message` and the reasons.
    #[track_caller]
    pub fn expect(self, message: &str) -> T {
        match self {
            Self::Completed(value) => value,
            Self::Cancelled(why) => panic!("{message}: {why}"),
        }
    }

    /// The value, or `default` if the body was cut.
    pub fn unwrap_or(self, default: T) -> T {
        self.into_result().unwrap_or(default)
    }

    /// The value, or one made from the reasons.
    pub fn unwrap_or_else(self, f: impl FnOnce(Cancelled) -> T) -> T {
        self.into_result().unwrap_or_else(f)
    }

    /// The value, or the default of its type.
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
