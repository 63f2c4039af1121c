//! What goes on in the background: cleanups of fences that were dropped from outside, which the
//! runtime runs, best effort (D25); threads, which outlive their fences; requests without a client.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::cleanup::job::Cleaning;
use crate::cleanup::ledger::{Entered, Entry, Ledger, Name};
use crate::cleanup::left::{Drained, LeftKind};
use crate::trigger::Limit;
use crate::util::contained;

/// What all runtimes of this process run.
pub(crate) static BACKGROUND: LazyLock<Ledger> = LazyLock::new(Ledger::new);

/// Counts the handler of a request for as long as it lives.
#[cfg(feature = "tower")]
pub(crate) struct Counted {
    _entered: Entered,
}

#[cfg(feature = "tower")]
impl Counted {
    pub(crate) fn new() -> Self {
        let name = Name::Given("request".into());
        Self {
            _entered: BACKGROUND.enter(Entry::new(LeftKind::Handler, name)),
        }
    }
}

/// Has the runtime run them. Where there is none they are dropped.
pub(crate) fn hand_over(cleaning: Cleaning) {
    let Ok(runtime) = Handle::try_current() else {
        contained(|| drop(cleaning));
        return;
    };
    let entered = enter(&cleaning);
    runtime.spawn(async move {
        let _entered = entered;
        cleaning.await
    });
}

fn enter(cleaning: &Cleaning) -> Entered {
    let name = cleaning.name.clone().unwrap_or("a fence".into());
    let mut entry = Entry::new(LeftKind::Cleanup, Name::Given(name));
    entry.place = cleaning.place;
    BACKGROUND.enter(entry)
}

/// Waits until everything has ended that goes on in the background, for `limit` at most.
///
/// For the end of `main`. It waits for the cleanups that were handed to the runtime, since a fence
/// that is dropped from outside, because its task was aborted or lost a `select!`, cannot wait for
/// them; for the threads of [`spawn_blocking`](crate::spawn_blocking), which nothing can cut; and
/// for the handlers that run on without their client. Counts for the whole process. Returns what
/// has not ended: nothing unless the time was up.
///
/// # Panics
///
/// With a `limit`, if there is something to wait for and no tokio runtime with its time enabled.
///
/// # Cancel safety
///
/// Nothing to lose; the work goes on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let task = tokio::spawn(Fencing::new().named("booking").run(async {
///     fence::on_cancel(tokio::time::sleep(Duration::from_secs(2))); // releases the seat
///     std::future::pending::<()>().await
/// }));
/// tokio::task::yield_now().await;
/// task.abort();
/// assert!(task.await.unwrap_err().is_cancelled());
///
/// let drained = fence::drain(Duration::from_secs(1)).await;
/// assert_eq!(drained.left()[0].name(), "booking");
/// assert_eq!(drained.left()[0].age(), Duration::from_secs(1));
/// assert!(fence::drain(None).await.is_drained());
/// # }
/// ```
pub async fn drain(limit: impl Limit) -> Drained {
    let mut idle = pin!(BACKGROUND.idle());
    // A limit that has passed, or that nobody can tell, lets it say that there is nothing to do.
    let is_idle = poll_fn(|cx| Poll::Ready(idle.as_mut().poll(cx).is_ready())).await;
    match limit.limit().filter(|_| !is_idle) {
        Some(limit) => drop(timeout(limit, idle).await),
        None if is_idle => {}
        None => idle.await,
    }
    Drained::new(BACKGROUND.left())
}
