//! Testing code that may be cut (feature `test-util`).
//!
//! Cancellation is a matter of *when*, so a test has to choose the moment. Three ways, from coarse
//! to fine:
//!
//! - **A moment in time.** Under `#[tokio::test(start_paused = true)]` the clock stands still while
//!   anything can run and jumps to the next timer otherwise: an hour passes at once, and a timeout
//!   of 5 s fires after exactly 5 s. Everything here reads that clock.
//! - **A moment in the code.** An [`Event`] that the code under test is fenced by, or that is bound
//!   around it under the name it asks for, is set where the test wants it:
//!   `Fencing::new().on("shutdown", &stop).bind(code)`.
//! - **Every moment.** [`cancel_at_every_await`] tries them all.
//!
//! What to assert on is in the outcome: [`codes`] of its reasons, and
//! [`Cancelled::cleanup`](crate::Cancelled::cleanup) for what was undone.
//!
//! The page `docs/testing.md` of the repository goes through all of it.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::fencing::Fencing;
use crate::outcome::{Fenced, Reason};
use crate::trigger::Event;

/// The code of the reason that [`cancel_at_every_await`] cancels with.
pub const CANCEL: &str = "every await";

/// The codes of reasons, in firing order: what most assertions are about.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, testing::codes};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let limits = Fencing::new().timeout(Duration::from_secs(1)).budget(Duration::from_secs(1));
/// let outcome = limits.run(std::future::pending::<()>()).await;
/// assert_eq!(codes(outcome.reasons()), ["timeout", "budget"]);
/// # }
/// ```
#[must_use]
pub fn codes(reasons: &[Reason]) -> Vec<&str> {
    reasons.iter().map(Reason::code).collect()
}

/// Runs a future again and again, cancelled after 0, 1, 2, … polls, until it completes.
///
/// `body` makes the future anew for each run; it is fenced, and the fence fires right after the
/// poll whose turn it is, so that the body is cut at the `.await` it is in. After 0 polls means
/// that it never starts. `check` is given the number of polls and the outcome once all cleanups
/// have run; the last run is the one that completes. Fences and shields inside work as usual: a run
/// may complete late although it was cancelled, and so may be followed by others.
///
/// Returns how many runs were cancelled. That is the number to look at when a test passes too
/// easily: 1 means that the body waits nowhere.
///
/// # Panics
///
/// Whatever `body` and `check` panic with.
///
/// # Cancel safety
///
/// Dropping it drops the run it is in.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use fence::testing::cancel_at_every_await;
/// use tokio::time::{Duration, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let (from, to) = (Cell::new(10), Cell::new(0));
/// let transfer = || async {
///     sleep(Duration::from_secs(1)).await; // is it allowed?
///     fence::shield(async {
///         from.set(from.get() - 1);
///         sleep(Duration::from_secs(1)).await;
///         to.set(to.get() + 1);
///     })
///     .await;
/// };
///
/// let cancelled = cancel_at_every_await(transfer, async |polls, _| {
///     assert_eq!(from.get() + to.get(), 10, "after {polls} polls");
/// })
/// .await;
/// assert_eq!(cancelled, 2); // before the start, and in the first wait: the shield holds
/// # }
/// ```
pub async fn cancel_at_every_await<F: Future>(
    mut body: impl FnMut() -> F,
    mut check: impl AsyncFnMut(usize, Fenced<F::Output>),
) -> usize {
    let mut cancelled = 0;
    for polls in 0.. {
        let cancel = Event::new();
        if polls == 0 {
            cancel.set();
        }
        let fencing = Fencing::new().on(CANCEL, &cancel);
        let body = CancelledAfter {
            body: body(),
            polls,
            cancel: cancel.clone(),
        };
        let outcome = fencing.run(body).await;
        cancelled += usize::from(outcome.is_cancelled());
        check(polls, outcome).await;
        if !cancel.is_set() {
            break;
        }
    }
    cancelled
}

pin_project! {
    /// A body that sets an event after so many polls, unless it ends before.
    struct CancelledAfter<F> {
        #[pin]
        body: F,
        polls: usize,
        cancel: Event,
    }
}

impl<F: Future> Future for CancelledAfter<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let poll = this.body.poll(cx);
        if poll.is_pending() {
            *this.polls = this.polls.saturating_sub(1);
            if *this.polls == 0 {
                this.cancel.set();
            }
        }
        poll
    }
}
