//! Cleanups of fences that were dropped from outside: the runtime runs them, best effort (D25).

use std::sync::LazyLock;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::cleanup::job::Cleaning;
use crate::trigger::Limit;

/// How many batches the runtimes of this process are running.
static RUNNING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Counts one for as long as it lives.
pub(crate) struct Counted;

impl Counted {
    pub(crate) fn new() -> Self {
        RUNNING.send_modify(|running| *running += 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        RUNNING.send_modify(|running| *running -= 1);
    }
}

/// Has the runtime run them. Where there is none they are dropped.
pub(crate) fn hand_over(cleaning: Cleaning) {
    if let Ok(runtime) = Handle::try_current() {
        let counted = Counted::new();
        runtime.spawn(async move {
            let _counted = counted;
            cleaning.await
        });
    }
}

/// Waits until the cleanups that were handed to the runtime have ended, for `limit` at most.
///
/// For the end of `main`: a fence that is dropped from outside, because its task was aborted or
/// lost a `select!`, cannot wait for its cleanups. Counts for the whole process. Returns how many
/// fences still have cleanups running: 0 unless the time was up.
///
/// # Cancel safety
///
/// Nothing to lose; the cleanups run on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let task = tokio::spawn(Fencing::new().run(async {
///     fence::on_cancel(async { println!("seat released") });
///     std::future::pending::<()>().await
/// }));
/// tokio::task::yield_now().await;
/// task.abort();
/// assert!(task.await.unwrap_err().is_cancelled());
/// assert_eq!(fence::drain(Duration::from_secs(1)).await, 0);
/// # }
/// ```
pub async fn drain(limit: impl Limit) -> usize {
    let mut running = RUNNING.subscribe();
    let done = async {
        // The sender is never dropped.
        let _ = running.wait_for(|running| *running == 0).await;
    };
    match limit.limit() {
        // A deadline that has passed still lets `done` say that there is nothing to wait for.
        Some(limit) => drop(timeout(limit, done).await),
        None => done.await,
    }
    left()
}

/// How many fences have cleanups running.
pub(crate) fn left() -> usize {
    *RUNNING.borrow()
}
