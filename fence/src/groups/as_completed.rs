//! The outcomes of a list of jobs, in the order in which they end.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "stream")]
use std::task::{Context, Poll};

use tokio::sync::mpsc::{self, error::SendError};

use crate::groups::join_guard::JoinGuard;
use crate::groups::task_set::TaskSet;
use crate::tasks::{Ended, SpawnContext};
use crate::trigger::Event;

/// The code of the reason that cancels what nobody waits for any more.
const CLOSED: &str = "closed";

/// Runs jobs as tasks, and hands on what became of each, the one first that ends first.
///
/// The tasks start at once and belong to the code that called this, like the children of a
/// [`group`](crate::group()): what is bound and the fences around enclose them, and a fence that
/// cuts this code waits for them. [`close`](AsCompleted::close) cancels and joins those that have
/// not ended; if it is dropped without that, they are aborted. Errors and panics are outcomes, and
/// stop nobody else. Without jobs it ends at once.
///
/// With the feature `stream` it is a `Stream`.
///
/// # Panics
///
/// Outside of a tokio runtime, like `tokio::spawn`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let answer_after = |secs| async move {
///     sleep(Duration::from_secs(secs)).await;
///     secs
/// };
/// let mut answers = fence::as_completed([3, 1, 2].map(answer_after));
/// assert_eq!(answers.next().await.unwrap().unwrap(), 1);
/// assert_eq!(answers.next().await.unwrap().unwrap(), 2);
///
/// let rest = answers.close().await;
/// assert!(rest[0].cancelled_by("closed"));
/// # }
/// ```
pub fn as_completed<I, F>(jobs: I) -> AsCompleted<F::Output>
where
    I: IntoIterator<Item = F>,
    F: Future<Output: Send> + Send + 'static,
{
    AsCompleted {
        outcomes: Arrivals::of(jobs),
    }
}

/// The outcomes of jobs as they end; made by [`as_completed`].
///
/// # Examples
///
/// ```
/// use fence::{AsCompleted, as_completed};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut squares: AsCompleted<u32> = as_completed([1, 2, 3].map(|n| async move { n * n }));
/// let mut sum = 0;
/// while let Some(square) = squares.next().await {
///     sum += square.unwrap();
/// }
/// assert_eq!(sum, 14);
/// # }
/// ```
#[must_use = "what is dropped without `close` is aborted"]
pub struct AsCompleted<T> {
    outcomes: Arrivals<T>,
}

impl<T> AsCompleted<T> {
    /// Waits for the next outcome; `None` after the last.
    ///
    /// # Cancel safety
    ///
    /// Nothing to lose: an outcome that was not handed on is so next time.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let mut jobs = fence::as_completed([std::future::ready(7)]);
    /// assert_eq!(jobs.next().await.unwrap().unwrap(), 7);
    /// assert!(jobs.next().await.is_none());
    /// # }
    /// ```
    pub async fn next(&mut self) -> Option<Ended<T>> {
        Some(self.outcomes.next().await?.1)
    }

    /// Cancels the tasks that have not ended, under the code `"closed"`, and waits for them, their
    /// cleanups included. Returns the outcomes that were not handed on.
    ///
    /// # Cancel safety
    ///
    /// A fence that cuts it waits for the tasks; if it is dropped otherwise, they are aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, as_completed};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let never = Event::new();
    /// let jobs = as_completed([never.wait(), never.wait()]);
    /// let rest = jobs.close().await;
    /// assert!(rest.iter().all(|ended| ended.cancelled_by("closed")));
    /// # }
    /// ```
    pub async fn close(self) -> Vec<Ended<T>> {
        let rest = self.outcomes.close().await;
        rest.into_iter().map(|(_, ended)| ended).collect()
    }
}

#[cfg(feature = "stream")]
impl<T> futures_core::Stream for AsCompleted<T> {
    type Item = Ended<T>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Ended<T>>> {
        let next = self.outcomes.poll_next(cx);
        next.map(|next| next.map(|(_, ended)| ended))
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("running", &self.outcomes.tasks.running())
            .finish_non_exhaustive()
    }
}

/// The outcomes of jobs, each with the place of its job in the list.
pub(crate) struct Arrivals<T> {
    outcomes: mpsc::UnboundedReceiver<(usize, Ended<T>)>,
    tasks: Arc<TaskSet>,
    stop: Event,
    _join_guard: JoinGuard,
}

impl<T> Arrivals<T> {
    pub(crate) fn of<I, F>(jobs: I) -> Self
    where
        I: IntoIterator<Item = F>,
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let (send, outcomes) = mpsc::unbounded_channel();
        let (tasks, stop) = (Arc::<TaskSet>::default(), Event::new());
        let context = SpawnContext::here().on(CLOSED, &stop);
        let hosting = JoinGuard::open(&tasks, context, Some(stop.clone()));
        for (index, job) in jobs.into_iter().enumerate() {
            let (send, of) = (send.clone(), tasks.clone());
            tasks.spawn(index, job, move |_, outcome| {
                let Some(outcome) = outcome else { return };
                // For the fence that cut the code that has stopped listening.
                if let Err(SendError((_, lost))) = send.send((index, outcome.into())) {
                    note(&of, lost);
                }
            });
        }
        Self {
            outcomes,
            tasks,
            stop,
            _join_guard: hosting,
        }
    }

    pub(crate) async fn next(&mut self) -> Option<(usize, Ended<T>)> {
        self.outcomes.recv().await
    }

    #[cfg(feature = "stream")]
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, Ended<T>)>> {
        self.outcomes.poll_recv(cx)
    }

    /// Notes the outcomes that will not be handed on.
    fn note_lost(&mut self) {
        self.outcomes.close();
        while let Ok((_, ended)) = self.outcomes.try_recv() {
            note(&self.tasks, ended);
        }
    }

    /// Cancels what has not ended, joins everything, and returns what has not been handed on.
    pub(crate) async fn close(mut self) -> Vec<(usize, Ended<T>)> {
        self.stop.set_internally("nobody waits for it any more");
        self.tasks.join().await;
        std::iter::from_fn(|| self.outcomes.try_recv().ok()).collect()
    }
}

/// What went wrong goes to the fence that cuts.
fn note<T>(tasks: &TaskSet, lost: Ended<T>) {
    match lost {
        Ended::Panicked(message) => tasks.note(|report| report.panics.push(message)),
        Ended::Cancelled(why) => tasks.note(|report| report.merge(why.cleanup().clone())),
        Ended::Finished(_) | Ended::Failed => {}
    }
}

/// Before the hosting, which leaves what was noted to the fence.
impl<T> Drop for Arrivals<T> {
    fn drop(&mut self) {
        self.note_lost();
    }
}
