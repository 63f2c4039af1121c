//! A task that can be cancelled and waited for.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use tokio::task::{AbortHandle, Id, JoinError, JoinHandle};

use crate::engine::frames::current;
use crate::engine::{Blocked, Handle};
use crate::outcome::{Cancelled, Fenced};
use crate::tasks::ended::Ended;
use crate::util::message;

/// A task with a fence around it: cancelled through its handle, awaited for what became of it.
///
/// Made by [`spawn`](crate::spawn) and its likes, by [`Group::spawn`](crate::Group::spawn) and by
/// [`every`](crate::every). Dropping it lets the task run on, as with tokio's `JoinHandle`; what
/// encloses the task still does.
///
/// # Panics
///
/// If it is polled after it resolved.
///
/// # Cancel safety
///
/// Waiting for a `&mut Task` loses nothing; the task runs on either way.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut search = fence::spawn(async {
///     fence::on_cancel(async { println!("index closed") });
///     std::future::pending::<u64>().await
/// });
/// tokio::task::yield_now().await;
/// assert!(search.cancel());
/// let why = (&mut search).await.cancelled().unwrap();
/// assert_eq!(why.cleanup().ran(), 1);
/// # }
/// ```
pub struct Task<T> {
    handle: Handle,
    outcome: Outcome<T>,
    blocked: Blocked,
}

/// Where the outcome comes from.
enum Outcome<T> {
    /// A task of its own.
    Joined(JoinHandle<Fenced<T>>),
    /// A child, which the set of its group joins.
    Sent(oneshot::Receiver<Ended<T>>, AbortHandle),
    /// Cancelled: as its group had ended, or seen before and not handed on yet.
    Known(Cancelled),
}

impl<T> Task<T> {
    pub(crate) fn joined(handle: Handle, task: JoinHandle<Fenced<T>>) -> Self {
        Self {
            handle,
            outcome: Outcome::Joined(task),
            blocked: Blocked::default(),
        }
    }

    pub(crate) fn sent(
        handle: Handle,
        ended: oneshot::Receiver<Ended<T>>,
        task: AbortHandle,
    ) -> Self {
        Self {
            handle,
            outcome: Outcome::Sent(ended, task),
            blocked: Blocked::default(),
        }
    }

    pub(crate) fn refused(why: Cancelled) -> Self {
        Self {
            handle: Handle::of_refused(&why),
            outcome: Outcome::Known(why),
            blocked: Blocked::default(),
        }
    }

    /// Cancels it under the code `"handle"`: what [`Handle::cancel`] does.
    ///
    /// The task is cut at its next `.await` outside of shields, runs its cleanups and then ends.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = fence::spawn(std::future::pending::<()>());
    /// assert!(task.cancel());
    /// assert!(!task.cancel(), "it is cancelled already");
    /// assert!(task.await.cancelled_by("handle"));
    /// # }
    /// ```
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.handle.cancel()
    }

    /// The handle of its fence, to cancel it for reasons of your own and to ask for its state.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let task = fence::spawn(std::future::pending::<()>());
    /// task.handle().cancel_as("superseded");
    /// assert!(task.await.cancelled_by("superseded"));
    /// # }
    /// ```
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether it has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let task = fence::spawn(async { 7 });
    /// assert!(!task.is_finished());
    /// tokio::task::yield_now().await;
    /// assert!(task.is_finished());
    /// # }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.outcome {
            Outcome::Joined(task) => task.is_finished(),
            // Its outcome comes a moment before the runtime is done with it.
            Outcome::Sent(ended, task) => {
                !ended.is_empty() || ended.is_terminated() || task.is_finished()
            }
            Outcome::Known(_) => true,
        }
    }

    /// Drops it at its next `.await`, shielded or not: tokio's `abort`, for when
    /// [`cancel`](Self::cancel) is too polite. Its cleanups are left to the runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let task = fence::spawn(fence::shield(std::future::pending::<()>()));
    /// tokio::task::yield_now().await;
    /// task.cancel(); // has to wait for the shield
    /// task.abort();
    /// assert!(task.await.is_cancelled());
    /// # }
    /// ```
    pub fn abort(&self) {
        match &self.outcome {
            Outcome::Joined(task) => task.abort(),
            Outcome::Sent(_, task) => task.abort(),
            Outcome::Known(_) => {}
        }
    }

    /// The number of the task; `None` if its group had ended before it was spawned.
    pub(crate) fn id(&self) -> Option<Id> {
        match &self.outcome {
            Outcome::Joined(task) => Some(task.id()),
            Outcome::Sent(_, task) => Some(task.id()),
            Outcome::Known(_) => None,
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Ended<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<T>> {
        let ended = match &mut self.outcome {
            Outcome::Joined(task) => match ready!(Pin::new(task).poll(cx)) {
                Ok(outcome) => Some(outcome.into()),
                Err(error) => panicked(error),
            },
            Outcome::Sent(ended, _) => ready!(Pin::new(ended).poll(cx)).ok(),
            Outcome::Known(why) => Some(Ended::Cancelled(why.clone())),
        };
        let ended = ended.unwrap_or_else(|| Ended::Cancelled(self.handle.why_dropped()));
        match ended {
            // A fence around that cuts is the one to act: what it cut is not handed to the code
            // between (D13).
            Ended::Cancelled(why) if current::is_interrupted_now() => {
                self.outcome = Outcome::Known(why);
                self.blocked.stay(cx)
            }
            ended => Poll::Ready(ended),
        }
    }
}

/// `None` if it was aborted.
fn panicked<T>(error: JoinError) -> Option<Ended<T>> {
    let panic = error.try_into_panic().ok()?;
    Some(Ended::Panicked(message(&*panic)))
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
