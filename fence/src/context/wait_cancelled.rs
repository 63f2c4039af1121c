//! Waiting for the cancellation itself, in a body that has time left to finish (D23).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::engine::frames::current;
use crate::engine::frames::user_code;
use crate::outcome::Cancelled;
use crate::trigger::{Key, Parent};

/// Waits until a fence around this code has fired, and tells why.
///
/// For bodies with a [`grace`](crate::Fencing::grace), or under a
/// [`cooperative`](crate::Fencing::cooperative) fence: to stop in order, in the time that is left.
/// Of several fences that have fired the outermost is named. Fences beyond a
/// [`shield`](crate::shield) are not seen, and outside of fences it never resolves. Under a fence
/// without a grace the body is dropped at its next `.await` after this.
///
/// # Cancel safety
///
/// Nothing to lose.
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
/// let serving = async {
///     let why = fence::cancelled().await;
///     sleep(Duration::from_secs(1)).await; // says goodbye to everybody
///     why.primary().code().to_owned()
/// };
/// let limit = Duration::from_secs(5);
/// let outcome = Fencing::new().timeout(limit).grace(limit).run(serving).await;
/// assert_eq!(outcome.unwrap(), "timeout");
/// # }
/// ```
pub fn cancelled() -> WaitCancelled {
    WaitCancelled {
        registered: Vec::new(),
    }
}

/// The future of [`cancelled`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, WaitCancelled};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let told = Fencing::new().timeout(Duration::from_secs(5)).cooperative().run(async {
///     let waiting: WaitCancelled = fence::cancelled();
///     waiting.await.is_timeout()
/// });
/// assert!(told.await.unwrap());
/// # }
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct WaitCancelled {
    registered: Vec<(Arc<dyn Parent>, Key)>,
}

impl WaitCancelled {
    fn deregister(&mut self) {
        for (shared, key) in self.registered.drain(..) {
            if let Some(fired) = shared.fired() {
                fired.leave(key);
            }
        }
    }
}

impl Future for WaitCancelled {
    type Output = Cancelled;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancelled> {
        self.deregister();
        for shared in current::families() {
            let fired = shared.fired();
            if let Some(key) = fired.and_then(|fired| fired.waiters.insert(cx.waker())) {
                self.registered.push((shared, key));
            }
        }
        // After registering: a fence around the spawning place may fire on another thread.
        match user_code::why() {
            Some(why) => {
                self.deregister();
                Poll::Ready(why)
            }
            None => Poll::Pending,
        }
    }
}

impl Drop for WaitCancelled {
    fn drop(&mut self) {
        self.deregister();
    }
}

impl fmt::Debug for WaitCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitCancelled").finish_non_exhaustive()
    }
}
