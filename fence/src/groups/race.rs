//! Jobs of which one result is enough.

use crate::context::checkpoint;
use crate::groups::as_completed::Arrivals;
use crate::tasks::Ended;

/// Runs jobs as tasks, and returns what the first one returns; `None` if there are no jobs.
///
/// Of jobs that need not wait for anything the first listed wins where one thread runs them. On
/// several threads, or of those that wait for one instant, any may.
///
/// The others are cancelled, under the code `"closed"`, and have ended when this returns, cleanups
/// included, which take 5 s at most. Of jobs that return a `Result` the first error counts as well:
/// [`race_ok`] goes on to the first success. The tasks are enclosed as those of
/// [`as_completed`](crate::as_completed()); `select!` races futures in place.
///
/// # Panics
///
/// If the first job to end panics; with its message, once the others have ended.
///
/// # Cancel safety
///
/// A fence that cuts it waits for the tasks; if it is dropped otherwise, they are aborted.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mirror = |name, secs| async move {
///     sleep(Duration::from_secs(secs)).await;
///     name
/// };
/// let fastest = fence::race([mirror("far", 3), mirror("near", 1)]).await;
/// assert_eq!(fastest, Some("near"));
/// # }
/// ```
pub async fn race<I, F>(jobs: I) -> Option<F::Output>
where
    I: IntoIterator<Item = F>,
    F: Future<Output: Send> + Send + 'static,
{
    let mut arrivals = Arrivals::of(jobs);
    let first = arrivals.next().await;
    arrivals.close().await;
    match first {
        Some((_, ended)) => Some(finished(ended).await),
        None => None,
    }
}

/// Runs jobs as tasks, and returns the first success, with the errors that came before it.
///
/// Like [`race`] otherwise.
///
/// # Errors
///
/// All errors in the order in which they came, if no job succeeds; none if there are no jobs.
///
/// # Panics
///
/// If a job panics before one succeeds; with its message, once the others have ended.
///
/// # Cancel safety
///
/// A fence that cuts it waits for the tasks; if it is dropped otherwise, they are aborted.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let cached = async { Err("not in the cache") };
/// let (page, errors) = fence::race_ok([cached]).await.unwrap_or(("fetched", vec![]));
/// assert_eq!((page, errors.len()), ("fetched", 0));
/// # }
/// ```
pub async fn race_ok<I, F, T, E>(jobs: I) -> Result<(T, Vec<E>), Vec<E>>
where
    I: IntoIterator<Item = F>,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let (mut arrivals, mut errors) = (Arrivals::of(jobs), Vec::new());
    let last = loop {
        match arrivals.next().await {
            Some((_, Ended::Finished(Err(error)))) => errors.push(error),
            last => break last,
        }
    };
    arrivals.close().await;
    let last = match last {
        Some((_, ended)) => Some(finished(ended).await),
        None => None,
    };
    match last {
        Some(Ok(value)) => Ok((value, errors)),
        Some(Err(_)) => unreachable!("errors do not end the race"),
        None => Err(errors),
    }
}

/// The value of a job. Only what encloses this code cuts a job before the race is decided: then
/// this code is about to be cut, too, and has only been held up by a shield.
async fn finished<T>(ended: Ended<T>) -> T {
    if ended.is_cancelled() {
        checkpoint().await;
    }
    ended.expect("a job of a race did not finish")
}
