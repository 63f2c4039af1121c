//! Tasks that stand and fall together.

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;

use crate::fencing::Fencing;
use crate::groups::errors::Errors;
use crate::groups::group::Group;
use crate::groups::group_error::GroupError;
use crate::groups::options::Options;
use crate::groups::run::run_host;
use crate::outcome::Fenced;
use crate::util::Mutex;

/// A group of tasks in which the first error ends all.
///
/// Like [`group`](crate::group()) in everything else: [`run`](TryGrouping::run) returns once the
/// host and all children have ended, cleanups included. When a child or the host returns an error,
/// or panics, host and children are cut, with a reason of the kind
/// [`Failed`](crate::ReasonKind::Failed). All errors are collected, those included that others run
/// into while they stop.
///
/// A child that was cut has failed as well, so that no limit of a child is swallowed: one that
/// returns [`Fenced::Cancelled`](crate::Fenced::Cancelled), or was aborted. Not so if somebody has
/// cancelled this child through its handle, if it is the group or a fence around it that fired, or
/// if a [`linked`](Fencing::linked) fence has passed it on to them. [`GroupError::cut`] has these.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let failed = fence::try_group()
///     .run(async |group| {
///         group.spawn(async { Err::<(), _>("no such host") });
///         sleep(Duration::from_secs(60)).await; // cut
///         Ok(())
///     })
///     .await
///     .unwrap_err();
/// assert_eq!(failed.errors(), ["no such host"]);
/// # }
/// ```
pub fn try_group<E>() -> TryGrouping<E> {
    TryGrouping {
        options: Options::default(),
        errors: PhantomData,
    }
}

/// A [`try_group`](crate::try_group()) that has not started.
///
/// # Examples
///
/// ```
/// use fence::{TryGrouping, try_group};
///
/// fn workers() -> TryGrouping<std::io::Error> {
///     try_group().limit(8.try_into().unwrap())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(workers().run(async |_| Ok(7)).await.unwrap(), 7);
/// # }
/// ```
#[must_use = "a group does nothing until it is run"]
pub struct TryGrouping<E> {
    options: Options,
    errors: PhantomData<fn() -> E>,
}

impl<E: fmt::Display + Send + 'static> TryGrouping<E> {
    /// Fences the group by this set: it cancels host and children. Policies count as well; an
    /// error goes up no [link](Fencing::linked).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let limit = Fencing::new().timeout(Duration::from_secs(5));
    /// let failed = fence::try_group::<&str>()
    ///     .fenced(&limit)
    ///     .run(async |group| Ok(drop(group.spawn(std::future::pending::<()>()))))
    ///     .await
    ///     .unwrap_err();
    /// assert!(failed.cancelled().unwrap().is_timeout());
    /// # }
    /// ```
    pub fn fenced(mut self, fencing: &Fencing) -> Self {
        self.options.fencing = fencing.clone();
        self
    }

    /// Lets at most so many children run at once: see [`Group::reserve`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (start, two) = (Instant::now(), 2.try_into().unwrap());
    /// let outcome = fence::try_group::<&str>().limit(two).run(async |group| {
    ///     for _ in 0..6 {
    ///         group.spawn(async { sleep(Duration::from_secs(1)).await });
    ///     }
    ///     Ok(())
    /// });
    /// assert!(outcome.await.is_ok());
    /// assert_eq!(start.elapsed().as_secs(), 3);
    /// # }
    /// ```
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.options.limit = Some(limit);
        self
    }

    /// Runs the host, and waits for everything that it spawned.
    ///
    /// A host that awaits a child which has failed learns that before it is cut: take the value by
    /// [`finished`](crate::Ended::finished), which is `None` then. An `unwrap` would panic, and the
    /// panic be resumed instead of the errors.
    ///
    /// # Errors
    ///
    /// What the host and the children failed with, or were cut by, or why the group was cancelled.
    /// If a fence around the group cuts it, [`Cleanup::errors`](crate::Cleanup::errors) of that fence
    /// has the errors as texts.
    ///
    /// # Panics
    ///
    /// With the panic of the host, or of the first child that panicked, once all have ended.
    ///
    /// # Cancel safety
    ///
    /// A fence that cuts it waits for the children; if it is dropped otherwise, they are aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::ParseIntError;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let sum = |texts: [&'static str; 2]| {
    ///     fence::try_group::<ParseIntError>().run(async move |group| {
    ///         let numbers = texts.map(|text| group.spawn(async { text.parse::<u32>() }));
    ///         let mut sum = 0;
    ///         for number in numbers {
    ///             sum += number.await.finished().unwrap_or(0);
    ///         }
    ///         Ok(sum)
    ///     })
    /// };
    /// assert_eq!(sum(["1", "2"]).await.unwrap(), 3);
    /// let failed = sum(["1", "x"]).await.unwrap_err();
    /// assert_eq!(failed.to_string(), "invalid digit found in string");
    /// # }
    /// ```
    pub fn run<H, F, T>(self, host: H) -> impl Future<Output = Result<T, GroupError<E>>>
    where
        H: FnOnce(Group<E>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        let errors = Errors::Collect(Mutex::default(), ToString::to_string);
        let group = Group::new(&self.options, errors);
        let inside = group.clone();
        let settle =
            move |result: Result<T, E>| result.map_err(|error| inside.failed(None, error)).ok();
        let awaited = Awaited(Some(group.clone()));
        run_host(self.options, group, host, settle, |outcome| {
            awaited.end(outcome)
        })
    }
}

/// Whoever awaits the group is handed its failures. Dropped, nobody is.
struct Awaited<E>(Option<Group<E>>);

impl<E> Awaited<E> {
    fn end<T>(mut self, outcome: Fenced<Option<T>>) -> Result<T, GroupError<E>> {
        let Some(group) = self.0.take() else {
            unreachable!("it has its group until it is dropped")
        };
        if let Some(panic) = group.take_panic() {
            resume_unwind(panic);
        }
        let failures = group.take_failures();
        match outcome.into_result() {
            Ok(Some(value)) if failures.is_empty() => Ok(value),
            outcome => Err(GroupError::new(failures, outcome.err())),
        }
    }
}

impl<E> Drop for Awaited<E> {
    fn drop(&mut self) {
        if let Some(group) = &self.0 {
            group.abandon();
        }
    }
}

impl<E> fmt::Debug for TryGrouping<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGrouping")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
