//! Jobs of which every result is wanted.

use crate::groups::as_completed::Arrivals;
use crate::outcome::Cancelled;
use crate::tasks::Ended;

/// Runs jobs as tasks, and returns what became of each, in the order of the list.
///
/// Nobody is cancelled because another one failed: errors and panics are outcomes in their place,
/// and it takes as long as the slowest job. The tasks are enclosed as those of
/// [`as_completed`](crate::as_completed()), which hands on what there is while others still run.
/// For the values or the first error by place, see [`Ended::flatten`].
///
/// # Panics
///
/// Outside of a tokio runtime, like `tokio::spawn`.
///
/// # Cancel safety
///
/// A fence that cuts it waits for the tasks; if it is dropped otherwise, they are aborted.
///
/// # Examples
///
/// ```
/// use fence::{Cancelled, Ended};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let half = |number: u32| async move {
///     if number % 2 == 0 { Ok(number / 2) } else { Err(Error::Odd(number)) }
/// };
/// let halves = fence::gather([2, 3, 4].map(half)).await;
/// assert_eq!(halves.len(), 3);
///
/// let all: Result<Vec<u32>, Error> = halves.into_iter().map(Ended::flatten).collect();
/// assert!(matches!(all, Err(Error::Odd(3))));
/// # }
/// # #[derive(Debug)]
/// # enum Error { Odd(u32), Cancelled(Cancelled) }
/// # impl From<Cancelled> for Error {
/// #     fn from(why: Cancelled) -> Self { Self::Cancelled(why) }
/// # }
/// ```
pub async fn gather<I, F>(jobs: I) -> Vec<Ended<F::Output>>
where
    I: IntoIterator<Item = F>,
    F: Future<Output: Send> + Send + 'static,
{
    let (mut arrivals, mut all) = (Arrivals::of(jobs), Vec::new());
    while let Some((index, ended)) = arrivals.next().await {
        if all.len() <= index {
            all.resize_with(index + 1, || None);
        }
        all[index] = Some(ended);
    }
    arrivals.close().await;
    let dropped = || Ended::Cancelled(Cancelled::of_drop(Vec::new()));
    all.into_iter()
        .map(|ended| ended.unwrap_or_else(dropped))
        .collect()
}
