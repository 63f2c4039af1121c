//! Tasks that end with the code that spawned them.

use std::convert::Infallible;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;

use crate::fencing::Fencing;
use crate::groups::errors::{Errors, Handler};
use crate::groups::group::Group;
use crate::groups::member::Child;
use crate::groups::options::Options;
use crate::groups::run::run_host;
use crate::outcome::Fenced;
use crate::util::contained;

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
        on_error: Box::new(|_, error: Infallible| match error {}),
    }
}

/// A [`group`](crate::group()) that has not started.
///
/// # Examples
///
/// ```
/// use fence::{Grouping, group};
///
/// /// As the whole of a program configures it.
/// fn workers() -> Grouping {
///     group().limit(8.try_into().unwrap())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert!(workers().run(async |group| drop(group.spawn(async {}))).await.is_completed());
/// # }
/// ```
#[must_use = "a group does nothing until it is run"]
pub struct Grouping<E = Infallible> {
    options: Options,
    on_error: Handler<E>,
}

impl<E: Send + 'static> Grouping<E> {
    /// Hands the errors of children to `handler`, at once, in the child's task.
    ///
    /// A handler that panics is contained; the panic hook reports it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// static FAILED: AtomicU32 = AtomicU32::new(0);
    ///
    /// let group = fence::group().on_error(|error: std::num::ParseIntError| {
    ///     FAILED.fetch_add(1, Ordering::Relaxed);
    ///     println!("skipped: {error}");
    /// });
    /// let outcome = group.run(async |group| {
    ///     for line in ["1", "x", "3"] {
    ///         group.spawn(async { line.parse::<u32>() });
    ///     }
    /// });
    /// assert!(outcome.await.is_completed());
    /// assert_eq!(FAILED.load(Ordering::Relaxed), 1);
    /// # }
    /// ```
    pub fn on_error<T>(self, handler: impl Fn(T) + Send + Sync + 'static) -> Grouping<T> {
        self.on_child_error(move |_, error| handler(error))
    }

    /// Hands the errors of children to `handler`, like [`on_error`](Self::on_error), and says which
    /// child it was.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (send, failed) = std::sync::mpsc::channel();
    /// let group = fence::group().on_child_error(move |child, error: &str| {
    ///     send.send(format!("{child}: {error}")).unwrap();
    /// });
    /// let outcome = group.run(async |group| {
    ///     group.named("fetch").spawn(async { Err::<(), _>("no such host") });
    /// });
    /// assert!(outcome.await.is_completed());
    /// assert_eq!(failed.recv().unwrap(), "child 0 `fetch`: no such host");
    /// # }
    /// ```
    pub fn on_child_error<T>(
        self,
        handler: impl Fn(&Child, T) + Send + Sync + 'static,
    ) -> Grouping<T> {
        Grouping {
            options: self.options,
            on_error: Box::new(move |child, error| {
                contained(|| handler(child, error));
            }),
        }
    }

    /// Fences the group by this set: it cancels host and children. Policies count as well, such
    /// as [`linked`](Fencing::linked) and [`cleanup_within`](Fencing::cleanup_within).
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
    /// let outcome = fence::group()
    ///     .fenced(&limit)
    ///     .run(async |group| drop(group.spawn(std::future::pending::<()>())))
    ///     .await;
    /// assert!(outcome.cancelled_by("timeout"));
    /// # }
    /// ```
    pub fn fenced(mut self, fencing: &Fencing) -> Self {
        self.options.fencing = fencing.clone();
        self
    }

    /// Is no fence of the user's own: links pass it by.
    pub(crate) fn transparent(mut self) -> Self {
        self.options.is_transparent = true;
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
    /// let outcome = fence::group().limit(two).run(async |group| {
    ///     for _ in 0..6 {
    ///         group.spawn(async { sleep(Duration::from_secs(1)).await });
    ///     }
    /// });
    /// assert!(outcome.await.is_completed());
    /// assert_eq!(start.elapsed().as_secs(), 3);
    /// # }
    /// ```
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
    /// A fence that cuts it waits for the children; if it is dropped otherwise, they are aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let start = Instant::now();
    /// let outcome = fence::group()
    ///     .run(async |group| {
    ///         group.spawn(sleep(Duration::from_secs(3)));
    ///         "the host is done first"
    ///     })
    ///     .await;
    /// assert_eq!(start.elapsed().as_secs(), 3);
    /// assert!(outcome.is_completed());
    /// # }
    /// ```
    pub fn run<H, F>(self, host: H) -> impl Future<Output = Fenced<F::Output>>
    where
        H: FnOnce(Group<E>) -> F,
        F: Future,
    {
        let group = Group::new(&self.options, Errors::Handler(self.on_error));
        let ended = group.clone();
        let finish = move |outcome: Fenced<Option<F::Output>>| match ended.take_panic() {
            Some(panic) => resume_unwind(panic),
            None => outcome.and_then(|value| match value {
                Some(value) => Fenced::Completed(value),
                None => unreachable!("a host that left no value has panicked"),
            }),
        };
        run_host(self.options, group, host, Some, finish)
    }
}

impl<E> fmt::Debug for Grouping<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grouping")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
