//! The futures that a child is wrapped in. Written by hand, since an `async` block has room for
//! what it awaits twice.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::sync::oneshot;

use crate::cleanup::{Job, Turn};
use crate::context::register;
use crate::engine::frames::current;
use crate::groups::task_set::TaskSet;
use crate::outcome::{Cleanup, Fenced, Firing, Reason};
use crate::tasks::{Ended, spawn_thread};
use crate::util::{AtomicBool, CatchUnwind, Caught, Ordering, caught, contained, message};

/// How a child ended; `None` if it was aborted.
pub(crate) type Outcome<T> = Option<Caught<Fenced<T>>>;

pin_project! {
    /// The whole of a child: `settle` is called with how it ended, after `counted` is dropped.
    pub(crate) struct ChildTask<F, C, S, T>
    where
        S: FnOnce(Outcome<T>),
    {
        #[pin]
        future: Option<CatchUnwind<F>>,
        rest: Option<(C, S)>,
        output: PhantomData<fn() -> T>,
    }

    impl<F, C, S, T> PinnedDrop for ChildTask<F, C, S, T>
    where
        S: FnOnce(Outcome<T>),
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some((counted, settle)) = this.rest.take() {
                contained(|| this.future.set(None));
                drop(counted);
                settle(None);
            }
        }
    }
}

impl<F, C, S, T> ChildTask<F, C, S, T>
where
    F: Future<Output = Fenced<T>>,
    S: FnOnce(Outcome<T>),
{
    pub(crate) fn new(future: F, counted: C, settle: S) -> Self {
        Self {
            future: Some(caught(future)),
            rest: Some((counted, settle)),
            output: PhantomData,
        }
    }
}

impl<F, C, S, T> Future for ChildTask<F, C, S, T>
where
    F: Future<Output = Fenced<T>>,
    S: FnOnce(Outcome<T>),
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if let Some(future) = this.future.as_pin_mut() {
            let outcome = ready!(future.poll(cx));
            if let Some((counted, settle)) = this.rest.take() {
                drop(counted);
                settle(Some(outcome));
            }
        }
        Poll::Ready(())
    }
}

pin_project! {
    /// The code of a child, whose panics end the child as a cut would: its cleanups run where they
    /// are joined, and not in the runtime.
    pub(crate) struct Contained<F> {
        #[pin]
        future: Option<F>,
        index: usize,
        tasks: Arc<TaskSet>,
    }

    impl<F> PinnedDrop for Contained<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| this.future.set(None))) {
                this.tasks.tear(*this.index, panic);
            }
        }
    }
}

impl<F> Contained<F> {
    pub(crate) fn new(future: F, index: usize, tasks: Arc<TaskSet>) -> Self {
        Self {
            future: Some(future),
            index,
            tasks,
        }
    }
}

impl<F: Future> Future for Contained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else {
            return Poll::Pending;
        };
        catch_unwind(AssertUnwindSafe(|| future.poll(cx))).unwrap_or_else(|panic| {
            let text = format!("panicked: {}", message(&*panic));
            this.tasks.tear(*this.index, panic);
            let why = Reason::new("failed".into(), Firing::of_failure(text));
            current::stop_panicked_task(why);
            Poll::Pending
        })
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
