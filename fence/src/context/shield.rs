//! A part of a body that the fences around it may not cut (D21).

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::engine::Hold;
use crate::engine::frames::current;

/// Shields a future: once started, no enclosing fence drops it before its end.
///
/// A fence that fires meanwhile waits, and cuts at the next `.await` outside of every shield that
/// is not ready at once. Entering a shield is itself such a point: if an enclosing fence has fired
/// by then, the section never starts. Inside, [`check`](crate::check) and
/// [`remaining`](crate::remaining) see nothing of the fences around; fences inside work as usual,
/// and what is bound stays bound. A caller that is told "cancelled" should be able to rely on
/// it: let nothing that waits follow a section that decides the outcome.
///
/// A shield protects from fences only. Code that drops the task, by `abort` or by `select!`,
/// drops the section too: no code in place can survive that. Use [`spawn`](crate::spawn) outside of
/// fences, or [`on_cancel`](crate::on_cancel), for what has to happen even then.
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
pub fn shield<F: Future>(body: F) -> Shield<F> {
    Shield {
        body: Some(body),
        started: false,
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
            // The fence that has fired is polling this code, and acts when this poll returns.
            if current::is_interrupted_now() {
                return Poll::Pending;
            }
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
