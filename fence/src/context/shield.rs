//! A part of a body that the fences around it may not cut (D21).

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::engine::frames::current;
use crate::engine::{Blocked, Hold};

/// Shields a future: no enclosing fence drops it before its end.
///
/// It starts where it is reached, also if a fence around it has fired by then, so that nothing that
/// was read or done right before it is lost. The fence waits, and cuts once its body is pending
/// outside of every shield, or reaches a fence or a [`checkpoint`](crate::checkpoint). It lets
/// further sections start for as long as its cleanups may take
/// ([`cleanup_within`](crate::Fencing::cleanup_within), 5 s unless set), counted from the end of a
/// grace; one that is reached later stays pending. So neither overlapping sections nor a loop of
/// them holds a fence for good.
///
/// Inside, [`check`](crate::check) and [`remaining`](crate::remaining) see nothing of the fences
/// around; fences inside work as usual, and what is bound stays bound. Whoever is told "cancelled"
/// should be able to rely on it: let nothing that waits follow a section that decides the outcome.
///
/// A shield protects from fences only. Whoever drops the task, by `abort` or by `select!`, drops
/// the section too: no code in place can survive that. Spawn what has to outlive it where no fence
/// encloses it: inside of the shield, as in `shield(async { fence::spawn(commit()).await })`. A
/// task that was spawned outside of the shield is not kept by it.
///
/// While a fence that has fired is held up, no code of its body passes a fence or a checkpoint
/// outside of shields. A section that waits for such code waits for good: give it a limit, by a
/// fence inside. The same holds for a shield that is forgotten (`mem::forget`): it is never over.
///
/// # Panics
///
/// If it is polled after it resolved.
///
/// # Cancel safety
///
/// That of the future. A shield that is dropped, or panics, lifts itself.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let transfer = async {
///     sleep(Duration::from_millis(900)).await; // may be cut
///     fence::shield(async {
///         sleep(Duration::from_secs(3)).await; // once begun, it may not
///         "committed"
///     })
///     .await
/// };
/// let limit = Fencing::new().timeout(Duration::from_secs(1));
/// assert_eq!(limit.run(transfer).await.unwrap(), "committed");
/// # }
/// ```
///
/// It keeps a task that is spawned inside of it, and none that was spawned before:
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, shield};
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// async fn commit() -> &'static str {
///     sleep(Duration::from_secs(3)).await;
///     "committed"
/// }
/// let limit = Fencing::new().timeout(Duration::from_secs(1));
/// let inside = limit.run(shield(async { fence::spawn(commit()).await.finished() }));
/// assert_eq!(inside.await.completed().flatten(), Some("committed"));
///
/// let before = limit.run(async {
///     let task = fence::spawn(commit());
///     shield(task).await.finished()
/// });
/// assert_eq!(before.await.completed().flatten(), None); // cut after a second
/// # }
/// ```
pub fn shield<F: Future>(body: F) -> Shield<F> {
    Shield {
        body: Some(body),
        started: false,
        blocked: Blocked::default(),
        hold: Hold::default(),
    }
}

pin_project! {
    /// The future of [`shield`].
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Shield;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let section: Shield<_> = fence::shield(async { "committed" });
    /// assert_eq!(section.await, "committed");
    /// # }
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Shield<F> {
        #[pin]
        body: Option<F>,
        started: bool,
        blocked: Blocked,
        hold: Hold,
    }

    impl<F> PinnedDrop for Shield<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if *this.started && this.body.is_some() {
                current::within_shield(|| this.body.set(None));
            }
        }
    }
}

impl<F: Future> Future for Shield<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if !*this.started {
            if current::refuses_shields() {
                return this.blocked.stay(cx);
            }
            this.blocked.leave();
            *this.started = true;
        }
        // Lifted by unwinding, and when the body is ready.
        let mut hold = std::mem::take(this.hold);
        let poll = current::within_shield(|| {
            let Some(body) = this.body.as_mut().as_pin_mut() else {
                panic!("a `Shield` was polled after it had resolved")
            };
            let value = ready!(body.poll(cx));
            this.body.set(None);
            Poll::Ready(value)
        });
        if poll.is_pending() {
            hold.keep();
            *this.hold = hold;
        }
        poll
    }
}

impl<F> fmt::Debug for Shield<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield")
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}
