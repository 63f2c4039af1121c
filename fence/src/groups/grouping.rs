//! Tasks that end with the code that spawned them.

use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::fencing::Fencing;
use crate::groups::errors::Errors;
use crate::groups::group::Group;
use crate::groups::options::Options;
use crate::groups::run::run_host;
use crate::outcome::Fenced;

/// A group of tasks, none of which outlives it; children may fail alone.
///
/// [`run`](Grouping::run) gives its host the [`Group`] to spawn with, and returns once the host and
/// all children have ended, their cleanups included, those too that children spawn meanwhile:
///
/// - A child that returns an error hands it to [`on_error`](Grouping::on_error) as it happens;
///   host and siblings go on. Without a handler, children cannot fail.
/// - If a fence around the group fires, or the group is cancelled through its handle, host and
///   children are cut, and the fence waits until the last child has ended: for as long as its
///   cleanups may take, then they are aborted.
/// - If the group is dropped from outside, its children are aborted.
/// - If the host or a child panics, that is resumed once all have ended. The panic of a host
///   cancels the children, the panic of a child cancels nobody.
///
/// [`try_group`](crate::try_group()) ends with the first error instead. For a list of jobs there
/// are [`gather`](crate::gather()), [`race`](crate::race()) and
/// [`as_completed`](crate::as_completed()).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let outcome = fence::group()
///     .on_error(|error: String| println!("one failed: {error}"))
///     .run(async |group| {
///         group.spawn(async { Err::<(), _>("disk full".to_owned()) });
///         let answer = group.spawn(async {
///             sleep(Duration::from_secs(1)).await;
///             Ok(42)
///         });
///         answer.await.unwrap()
///     })
///     .await;
/// assert_eq!(outcome.unwrap(), 42);
/// # }
/// ```
pub fn group() -> Grouping {
    Grouping {
        options: Options::default(),
        on_error: Box::new(|error: Infallible| match error {}),
    }
}

/// A [`group`](crate::group()) that has not started.
#[must_use = "a group does nothing until it is run"]
pub struct Grouping<E = Infallible> {
    options: Options,
    on_error: Box<dyn Fn(E) + Send + Sync>,
}

impl<E: Send + 'static> Grouping<E> {
    /// Hands the errors of children to `handler`, at once, in the child's task.
    ///
    /// A handler that panics is contained; the panic hook reports it.
    pub fn on_error<T>(self, handler: impl Fn(T) + Send + Sync + 'static) -> Grouping<T> {
        Grouping {
            options: self.options,
            on_error: Box::new(move |error| {
                let _ = catch_unwind(AssertUnwindSafe(|| handler(error)));
            }),
        }
    }

    /// Fences the group by this set: it cancels host and children. Policies count as well, such
    /// as [`linked`](Fencing::linked) and [`cleanup_within`](Fencing::cleanup_within).
    pub fn fenced(mut self, fencing: &Fencing) -> Self {
        self.options.fencing = fencing.clone();
        self
    }

    /// Lets at most so many children run at once: see [`Group::reserve`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.options.limit = Some(limit);
        self
    }

    /// Runs the host, and waits for everything that it spawned.
    ///
    /// The group is complete when both are: one that is cancelled while it waits for its children
    /// is cancelled, whatever its host has returned. Children belong to the fences around the
    /// first poll.
    ///
    /// # Panics
    ///
    /// With the panic of the host, or of the first child that panicked, once all have ended.
    ///
    /// # Cancel safety
    ///
    /// A fence that cuts it waits for the children; whoever else drops it has them aborted.
    pub async fn run<H, F>(self, host: H) -> Fenced<F::Output>
    where
        H: FnOnce(Group<E>) -> F,
        F: Future,
    {
        let group = Group::new(&self.options, Errors::Handler(self.on_error));
        let outcome = run_host(&self.options.fencing, &group, host, Some).await;
        match group.take_panic() {
            Some(panic) => resume_unwind(panic),
            None => outcome.and_then(|value| match value {
                Some(value) => Fenced::Completed(value),
                None => unreachable!("a host that left no value has panicked"),
            }),
        }
    }
}

impl<E> fmt::Debug for Grouping<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grouping")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
