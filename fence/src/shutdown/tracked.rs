//! Work that a shutdown waits for.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::watch;

use crate::cleanup;

/// How much of it there is.
#[derive(Clone, Default)]
pub(crate) struct Work(Arc<watch::Sender<usize>>);

impl Work {
    pub(crate) fn begin(&self) -> Busy {
        self.0.send_modify(|running| *running += 1);
        Busy(self.clone())
    }

    /// How much is left, with what the library runs in the background.
    pub(crate) fn left(&self) -> usize {
        *self.0.borrow() + cleanup::left()
    }

    /// Waits until nothing is left.
    pub(crate) async fn idle(&self) {
        while self.left() > 0 {
            // The sender is ours.
            let _ = self.0.subscribe().wait_for(|running| *running == 0).await;
            cleanup::drain(None).await;
        }
    }
}

/// Something that a [`Shutdown`](crate::Shutdown) waits for, as long as this value lives.
///
/// Made by [`Shutdown::busy`](crate::Shutdown::busy).
#[must_use = "what is dropped is not waited for"]
pub struct Busy(Work);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.send_modify(|running| *running -= 1);
    }
}

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Busy").finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that a [`Shutdown`](crate::Shutdown) waits for, until it ends or is dropped.
    ///
    /// Made by [`Shutdown::track`](crate::Shutdown::track).
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Tracked<F> {
        // Dropped first: its destructors are waited for too.
        #[pin]
        future: F,
        busy: Option<Busy>,
    }
}

impl<F> Tracked<F> {
    pub(crate) fn new(future: F, busy: Busy) -> Self {
        Self {
            future,
            busy: Some(busy),
        }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let value = ready!(this.future.poll(cx));
        *this.busy = None;
        Poll::Ready(value)
    }
}

impl<F> fmt::Debug for Tracked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked")
            .field("has_ended", &self.busy.is_none())
            .finish_non_exhaustive()
    }
}
