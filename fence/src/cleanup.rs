//! What has to be undone when a fence cancels: registering it, and running it (D25).

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use crate::cancelled::Cancelled;
use crate::context;

/// Registers a cleanup with the innermost fence: an async "undo" for when that fence cancels.
///
/// Cleanups start after the body was dropped, last registered first, and the fence resolves only
/// when they have ended. They are shielded: no fence around cuts them. Together they have the time
/// that [`cleanup_within`](crate::Fencing::cleanup_within) allows (5 s unless set); one that takes
/// longer is dropped, one that panics does not keep the others from running, and
/// [`Cancelled::cleanup`](crate::Cancelled::cleanup) tells of both. What was bound here is bound in
/// the cleanup.
///
/// If an enclosing fence cancels, the cleanups of the fences inside run first, innermost first. A
/// fence that is dropped from outside, or whose body panics, hands its cleanups to the runtime;
/// [`drain`](crate::drain) waits for those (rule D25).
///
/// A body that completes undoes nothing, also if it completes with an `Err`: what a `?` leaves
/// half done is the code's own to undo. Dropping the guard changes nothing;
/// [`OnCancel::disarm`] takes the cleanup back. Outside of fences the cleanup is dropped at once.
///
/// Register it *before* what it undoes, and let it do no harm if there is nothing to undo: a body
/// that is cut while it waits for the answer does not know.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let order = async {
///     let undo = fence::on_cancel(async { println!("seat released") });
///     // reserve(seat).await
///     tokio::time::sleep(Duration::from_secs(60)).await; // the payment
///     undo.disarm();
/// };
/// let outcome = Fencing::new().timeout(Duration::from_secs(5)).run(order).await;
/// assert_eq!(outcome.cancelled().unwrap().cleanup().ran(), 1);
/// # }
/// ```
pub fn on_cancel<F>(cleanup: F) -> OnCancel
where
    F: Future<Output = ()> + Send + 'static,
{
    on_cancel_with(move |_| cleanup)
}

/// Registers a cleanup that is told why, like [`on_cancel`] otherwise.
///
/// Handed to the runtime it is told of a reason under the code `"dropped"`, unless something had
/// fired.
pub fn on_cancel_with<F>(cleanup: impl FnOnce(Cancelled) -> F + Send + 'static) -> OnCancel
where
    F: Future<Output = ()> + Send + 'static,
{
    let bound = context::current();
    let work: Work = Box::new(move |why| Box::pin(bound.bind(async move { cleanup(why).await })));
    let job = Arc::new(Job(Mutex::new(Some(work))));
    if !context::register(&job) {
        drop(job.take());
    }
    OnCancel { job }
}

/// A registered cleanup; made by [`on_cancel`]. Dropping it leaves the cleanup armed.
pub struct OnCancel {
    job: Arc<Job>,
}

impl OnCancel {
    /// Takes the cleanup back: `true` if that kept it from running, `false` if it has started, or
    /// there was no fence to register it with.
    pub fn disarm(self) -> bool {
        self.job.take().is_some()
    }
}

impl fmt::Debug for OnCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCancel").finish_non_exhaustive()
    }
}

type Work = Box<dyn FnOnce(Cancelled) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// A cleanup, until it is started or taken back.
pub(crate) struct Job(Mutex<Option<Work>>);

impl Job {
    fn take(&self) -> Option<Work> {
        self.lock().take()
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Work>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cleanups of one fence.
pub(crate) struct Batch {
    pub(crate) jobs: Vec<Arc<Job>>,
    pub(crate) limit: Duration,
}

/// What became of the cleanups of a fence that cancelled, and of the fences inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    ran: usize,
    overran: usize,
    panics: Vec<String>,
}

impl Cleanup {
    /// Whether none overran or panicked.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.overran == 0 && self.panics.is_empty()
    }

    /// How many ran to their end.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.ran
    }

    /// How many were dropped because their time was up.
    #[must_use]
    pub fn overran(&self) -> usize {
        self.overran
    }

    /// The messages of those that panicked.
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.panics
    }
}

impl fmt::Display for Cleanup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cleaned up", self.ran)?;
        if self.overran > 0 {
            write!(f, ", {} overran", self.overran)?;
        }
        match self.panics.as_slice() {
            [] => Ok(()),
            panics => write!(f, ", {} panicked: {}", panics.len(), panics.join("; ")),
        }
    }
}

/// Cleanups that are running.
pub(crate) type Cleaning = Pin<Box<dyn Future<Output = Cleanup> + Send>>;

/// Runs the batches in order, each last registered first.
pub(crate) fn clean(batches: Vec<Batch>, why: Cancelled) -> Cleaning {
    Box::pin(async move {
        let mut report = Cleanup::default();
        for batch in batches {
            batch.run(&why, &mut report).await;
        }
        report
    })
}

impl Batch {
    async fn run(mut self, why: &Cancelled, report: &mut Cleanup) {
        let end = Instant::now().checked_add(self.limit);
        while let Some(job) = self.jobs.pop() {
            let Some(work) = job.take() else { continue };
            match until(end, work(why.clone())).await {
                Some(Ok(())) => report.ran += 1,
                Some(Err(panic)) => report.panics.push(message(&*panic)),
                None => report.overran += 1,
            }
        }
    }
}

type Caught = Result<(), Box<dyn Any + Send>>;

/// Runs one cleanup; `None` if it took too long. Without a runtime nobody can tell.
async fn until(
    end: Option<Instant>,
    cleanup: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> Option<Caught> {
    match end {
        Some(end) if runtime::Handle::try_current().is_ok() => {
            timeout_at(end, caught(cleanup)).await.ok()
        }
        _ => Some(caught(cleanup).await),
    }
}

async fn caught(cleanup: impl Future<Output = ()>) -> Caught {
    let mut cleanup = pin!(cleanup);
    std::future::poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| cleanup.as_mut().poll(cx))) {
            Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is no text".to_owned())
}
