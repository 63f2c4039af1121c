//! What became of a task.

use std::convert::Infallible;

use crate::outcome::{Cancelled, Fenced, Reason};
use crate::util::{Caught, Returns, message};

/// What became of a [`Task`](crate::Task): the four ways in which it can end, told apart.
///
/// An error that a plain task returns is its value, `Finished(Err(…))`. Only in a
/// [`group`](crate::group()) or [`try_group`](crate::try_group()), where errors belong to the
/// group, does a child end as `Failed`.
///
/// # Examples
///
/// ```
/// use fence::Ended;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(fence::spawn(async { 7 }).await.unwrap(), 7);
///
/// let waiting = fence::spawn(std::future::pending::<()>());
/// waiting.cancel();
/// assert!(matches!(waiting.await, Ended::Cancelled(why) if why.by("handle")));
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "the task may not have finished: match on it, or `unwrap` it"]
pub enum Ended<T> {
    /// It ran to its end.
    Finished(T),
    /// It returned an error, which its group has.
    Failed,
    /// It was cut, for these reasons; or aborted, for the reason `"dropped"`.
    Cancelled(Cancelled),
    /// It panicked, with this message.
    Panicked(String),
}

impl<T> Ended<T> {
    /// Whether it ran to its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Ended;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let ended: Ended<u32> = fence::spawn(async { 7 }).await;
    /// assert!(ended.is_finished());
    /// # }
    /// ```
    pub fn is_finished(&self) -> bool {
        matches!(self, Self::Finished(_))
    }

    /// Whether it was cut or aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = fence::spawn(std::future::pending::<()>());
    /// task.cancel();
    /// assert!(task.await.is_cancelled());
    /// # }
    /// ```
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled(_))
    }

    /// Whether it was cut with a reason of this code among the reasons.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut task = None;
    /// let _ = Fencing::new()
    ///     .timeout(Duration::from_secs(5))
    ///     .run(async {
    ///         task = Some(fence::spawn(std::future::pending::<()>()));
    ///         std::future::pending::<()>().await
    ///     })
    ///     .await;
    /// assert!(task.unwrap().await.cancelled_by("timeout"));
    /// # }
    /// ```
    pub fn cancelled_by(&self, code: &str) -> bool {
        matches!(self, Self::Cancelled(why) if why.by(code))
    }

    /// The reasons, in firing order; empty if it was not cut.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = fence::spawn(std::future::pending::<()>());
    /// task.handle().cancel_because("quota", "81 of 80 calls used");
    /// assert_eq!(task.await.reasons()[0].to_string(), "quota: 81 of 80 calls used");
    /// # }
    /// ```
    pub fn reasons(&self) -> &[Reason] {
        match self {
            Self::Cancelled(why) => why.reasons(),
            _ => &[],
        }
    }

    /// The value, if it ran to its end.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tasks = [1, 2, 3].map(|n| fence::spawn(async move { n * n }));
    /// tasks[1].cancel();
    /// let mut squares = vec![];
    /// for task in tasks {
    ///     squares.extend(task.await.finished());
    /// }
    /// assert_eq!(squares, [1, 9]);
    /// # }
    /// ```
    pub fn finished(self) -> Option<T> {
        match self {
            Self::Finished(value) => Some(value),
            _ => None,
        }
    }

    /// Why it was cut, if it was.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = fence::spawn(std::future::pending::<()>());
    /// task.abort();
    /// let why = task.await.cancelled().unwrap();
    /// assert_eq!(why.to_string(), "cancelled: dropped: dropped from outside");
    /// # }
    /// ```
    pub fn cancelled(self) -> Option<Cancelled> {
        match self {
            Self::Cancelled(why) => Some(why),
            _ => None,
        }
    }

    /// Applies a function to the value.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let length = fence::spawn(async { "page" }).await.map(str::len);
    /// assert_eq!(length.unwrap(), 4);
    /// # }
    /// ```
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Ended<U> {
        match self {
            Self::Finished(value) => Ended::Finished(f(value)),
            Self::Failed => Ended::Failed,
            Self::Cancelled(why) => Ended::Cancelled(why),
            Self::Panicked(message) => Ended::Panicked(message),
        }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If the task did not run to its end; the message says what became of it.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// assert_eq!(fence::spawn(async { 7 }).await.unwrap(), 7);
    /// # }
    /// ```
    #[track_caller]
    pub fn unwrap(self) -> T {
        self.expect("called `Ended::unwrap()` on a task that did not finish")
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If the task did not run to its end, with `message` and what became of it.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let config = fence::spawn(async { "port = 80" }).await.expect("nothing cancels it");
    /// assert_eq!(config, "port = 80");
    /// # }
    /// ```
    #[track_caller]
    pub fn expect(self, message: &str) -> T {
        match self {
            Self::Finished(value) => value,
            Self::Failed => panic!("{message}: its group has the error"),
            Self::Cancelled(why) => panic!("{message}: {why}"),
            Self::Panicked(panic) => panic!("{message}: it panicked: {panic}"),
        }
    }
}

impl<T, E: From<Cancelled>> Ended<Result<T, E>> {
    /// Folds a cancellation into the task's own `Result`.
    ///
    /// # Errors
    ///
    /// The task's own error, or the cancellation turned into one.
    ///
    /// # Panics
    ///
    /// If the task panicked, with its message.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Cancelled, spawn};
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
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let lookup = spawn(async { Err::<u32, _>(Error::NotFound) });
    /// assert!(matches!(lookup.await.flatten(), Err(Error::NotFound)));
    ///
    /// let lookup = spawn(std::future::pending::<Result<u32, Error>>());
    /// lookup.cancel();
    /// assert!(matches!(lookup.await.flatten(), Err(Error::Cut(why)) if why.by("handle")));
    /// # }
    /// ```
    #[track_caller]
    pub fn flatten(self) -> Result<T, E> {
        match self {
            Self::Cancelled(why) => Err(why.into()),
            other => other.expect("a task did not finish"),
        }
    }
}

impl<T> From<Fenced<T>> for Ended<T> {
    fn from(outcome: Fenced<T>) -> Self {
        match outcome {
            Fenced::Completed(value) => Self::Finished(value),
            Fenced::Cancelled(why) => Self::Cancelled(why),
        }
    }
}

impl<T> From<Caught<Fenced<T>>> for Ended<T> {
    fn from(outcome: Caught<Fenced<T>>) -> Self {
        match outcome {
            Ok(outcome) => outcome.into(),
            Err(panic) => Self::Panicked(message(&*panic)),
        }
    }
}

/// What the future of a child may return in a group whose errors are of the type `E`: `()`, a
/// `Result<T, E>`, a [`Fenced`] of those, or nothing at all, like an endless loop.
///
/// Other values are wrapped in `Ok`. Errors go to the group, so that none is lost. In a
/// [`try_group`](crate::try_group()) a `Fenced` that was cut counts as well.
///
/// # Examples
///
/// ```
/// use std::num::ParseIntError;
/// use fence::{Fenced, try_group};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let failed = try_group::<ParseIntError>().run(async |group| {
///     group.spawn(async { println!("no value, and cannot fail") });
///     group.spawn(async { "7".parse::<u32>() });
///     group.spawn(async { Fenced::Completed("x".parse::<u32>()) });
///     Ok(())
/// });
/// assert_eq!(failed.await.unwrap_err().errors().len(), 1);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a child that returns `{Self}` does not fit into this group, whose errors are `{E}`",
    label = "this child returns `{Self}`",
    note = "a child returns `()`, or a `Result` whose error the group takes: wrap other values in `Ok`",
    note = "a `group` takes the errors that its handler takes: `group().on_error(|error: MyError| …)`"
)]
pub trait ChildOutput<E = Infallible> {
    /// What is left for the child's [`Task`](crate::Task).
    type Value;

    /// Why it has no value, if it was cut.
    #[doc(hidden)]
    fn cut(&self) -> Option<&Cancelled> {
        None
    }

    /// Takes the error out.
    ///
    /// # Errors
    ///
    /// The error of the child.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{ChildOutput, Fenced};
    ///
    /// let output: Fenced<Result<u32, &str>> = Fenced::Completed(Err("no such host"));
    /// assert_eq!(ChildOutput::into_result(output).unwrap_err(), "no such host");
    /// ```
    fn into_result(self) -> Result<Self::Value, E>;
}

impl<E> ChildOutput<E> for () {
    type Value = ();

    fn into_result(self) -> Result<(), E> {
        Ok(())
    }
}

impl<E> ChildOutput<E> for <fn() -> ! as Returns>::Output {
    type Value = Infallible;

    fn into_result(self) -> Result<Infallible, E> {
        match self {}
    }
}

impl<T, E> ChildOutput<E> for Result<T, E> {
    type Value = T;

    fn into_result(self) -> Result<T, E> {
        self
    }
}

impl<E, O: ChildOutput<E>> ChildOutput<E> for Fenced<O> {
    type Value = Fenced<O::Value>;

    fn cut(&self) -> Option<&Cancelled> {
        match self {
            Fenced::Completed(output) => output.cut(),
            Fenced::Cancelled(why) => Some(why),
        }
    }

    fn into_result(self) -> Result<Self::Value, E> {
        Ok(match self {
            Fenced::Completed(output) => Fenced::Completed(output.into_result()?),
            Fenced::Cancelled(why) => Fenced::Cancelled(why),
        })
    }
}
