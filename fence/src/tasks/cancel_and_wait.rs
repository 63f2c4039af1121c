//! Cancelling tasks, and waiting until they have ended.

use crate::tasks::ended::Ended;
use crate::tasks::task::Task;

/// Cancels a task under the code `"handle"`, at once, and waits until it has ended.
///
/// What it returns tells apart how: a task that finished all the same is
/// [`Finished`](Ended::Finished), with its value or its error. The task ends at its next `.await`
/// outside of shields, after its cleanups; one that never started is never polled. A task that
/// stops *itself* this way is cancelled and does not wait, since it would do so forever; a thread
/// that was spawned by it is not recognised.
///
/// The task is cancelled by the *call*, before anything is awaited: what may still keep it from
/// that, such as a shield or a fence around the waiting, does not.
///
/// # Cancel safety
///
/// The task is cancelled either way; its outcome is lost.
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
/// let upload = fence::spawn(async {
///     fence::on_cancel(async { sleep(Duration::from_secs(1)).await }); // takes the parts back
///     std::future::pending::<()>().await
/// });
/// tokio::task::yield_now().await;
///
/// let ended = fence::cancel_and_wait(upload).await;
/// assert!(ended.is_cancelled());
/// assert_eq!(start.elapsed().as_secs(), 1);
/// # }
/// ```
#[track_caller]
pub fn cancel_and_wait<T>(task: Task<T>) -> impl Future<Output = Ended<T>> + use<T> {
    task.cancel();
    async {
        if task
            .id()
            .is_some_and(|id| tokio::task::try_id() == Some(id))
        {
            return Ended::Cancelled(task.handle().why_dropped());
        }
        task.await
    }
}

/// Cancels many tasks at once, and waits until all have ended, which takes as long as the slowest.
///
/// Returns what became of each, in their order.
///
/// # Cancel safety
///
/// The tasks are cancelled either way; their outcomes are lost.
///
/// # Examples
///
/// ```
/// use fence::{cancel_and_wait_all, spawn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let tasks = [spawn(std::future::pending::<()>()), spawn(std::future::pending())];
/// let ended = cancel_and_wait_all(tasks).await;
/// assert!(ended.iter().all(|ended| ended.is_cancelled()));
/// # }
/// ```
#[track_caller]
pub fn cancel_and_wait_all<I, T>(tasks: I) -> impl Future<Output = Vec<Ended<T>>> + use<I, T>
where
    I: IntoIterator<Item = Task<T>>,
{
    let stopping: Vec<_> = tasks.into_iter().map(cancel_and_wait).collect();
    async {
        let mut ended = Vec::with_capacity(stopping.len());
        for task in stopping {
            ended.push(task.await);
        }
        ended
    }
}
