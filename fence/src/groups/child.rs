//! The futures that a child is wrapped in. Written by hand, since an `async` block has room for
//! what it awaits twice.

use std::future::poll_fn;
use std::panic::{Location, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::cleanup::{Job, Turn};
use crate::context::{cancelled, register};
use crate::engine::frames::{current, user_code};
use crate::outcome::{Cancelled, Cleanup};
use crate::tasks::{Ended, spawn_thread};
use crate::util::{CatchUnwind, Caught, caught};

pin_project! {
    /// The whole of a child: `settle` is called with how it ended, after `counted` is dropped.
    pub(crate) struct ChildTask<F, C, S> {
        #[pin]
        future: CatchUnwind<F>,
        rest: Option<(C, S)>,
    }
}

impl<F: Future, C, S> ChildTask<F, C, S> {
    pub(crate) fn new(future: F, counted: C, settle: S) -> Self {
        Self {
            future: caught(future),
            rest: Some((counted, settle)),
        }
    }
}

impl<F, C, S> Future for ChildTask<F, C, S>
where
    F: Future,
    S: FnOnce(Caught<F::Output>),
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let outcome = ready!(this.future.poll(cx));
        if let Some((counted, settle)) = this.rest.take() {
            drop(counted);
            settle(outcome);
        }
        Poll::Ready(())
    }
}

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

/// A child that runs on a thread. Cut, it waits for a thread that runs, and keeps one that does not
/// from starting.
pub(crate) async fn threaded<F, O>(f: F, place: &'static Location<'static>) -> O
where
    F: FnOnce() -> O + Send + 'static,
    O: Send + 'static,
{
    // Either may be first: the thread that starts, or the cut that keeps it from that.
    let claimed = Arc::new(AtomicBool::new(false));
    let (running, ended) = oneshot::channel::<()>();
    let claim = claimed.clone();
    let run = move || {
        let _running = running;
        (!claim.swap(true, Ordering::AcqRel)).then(f)
    };
    let thread = spawn_thread(run, place);
    let wait = async move {
        if claimed.swap(true, Ordering::AcqRel) {
            // It is never sent: the thread drops it.
            let _ = ended.await;
        }
        Cleanup::default()
    };
    register(Job::new(Box::new(|_, _| Box::pin(wait)), Turn::Undo));
    match thread.await {
        Ended::Finished(Some(output)) => output,
        Ended::Panicked(message) => resume_unwind(Box::new(message)),
        // It was never run, because this child is being cut.
        Ended::Finished(None) | Ended::Failed | Ended::Cancelled(_) => std::future::pending().await,
    }
}
