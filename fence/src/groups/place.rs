//! Waiting for a place in a group that has a limit.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::context::cancelled;
use crate::engine::frames::{current, user_code};
use crate::outcome::Cancelled;

/// Waits for a place.
pub(crate) type Queue = Pin<Box<dyn Future<Output = Result<Permit, Cancelled>> + Send>>;

/// A place, if the group has a limit.
pub(crate) type Permit = Option<OwnedSemaphorePermit>;

/// Waits for a place; not once a fence around this code has fired, even if that lets it go on: what
/// asks for a place has not started (D23).
pub(crate) async fn place(places: Arc<Semaphore>) -> Result<Permit, Cancelled> {
    if let Some(why) = user_code::why() {
        return Err(why);
    }
    if let Ok(permit) = places.clone().try_acquire_owned() {
        return Ok(Some(permit));
    }
    let (mut fired, mut place) = (pin!(cancelled()), pin!(places.acquire_owned()));
    poll_fn(|cx| match fired.as_mut().poll(cx) {
        Poll::Ready(why) => Poll::Ready(Err(why)),
        Poll::Pending => place.as_mut().poll(cx).map(|permit| Ok(permit.ok())),
    })
    .await
}

pin_project! {
    /// A child that keeps its place for as long as it runs.
    pub(crate) struct Placed<F> {
        #[pin]
        future: F,
        queue: Option<Queue>,
        permit: Permit,
    }
}

impl<F> Placed<F> {
    /// With a place, or one to wait for, or without the need of any.
    pub(crate) fn new(future: F, permit: Permit, queue: Option<Queue>) -> Self {
        Self {
            future,
            queue,
            permit,
        }
    }
}

impl<F: Future> Future for Placed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(queue) = this.queue {
            match ready!(queue.as_mut().poll(cx)) {
                Ok(permit) => *this.permit = permit,
                Err(why) => {
                    // The fence of the task cuts it after this poll.
                    current::stop_task(why.reasons());
                    *this.queue = Some(Box::pin(std::future::pending()));
                    return Poll::Pending;
                }
            }
            *this.queue = None;
        }
        this.future.poll(cx)
    }
}
