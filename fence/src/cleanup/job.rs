//! What has to be undone when a fence cancels: jobs, and running them (D25).

use std::borrow::Cow;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime;
use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::outcome::{Cancelled, Cleanup};
use crate::util::{Mutex, MutexGuard, caught, contained, message, now, unpoisoned};

/// Is told why, and when its time is up.
pub(crate) type CleanupFn = Box<dyn FnOnce(Cancelled, Option<Instant>) -> Undoing + Send>;

type Undoing = Pin<Box<dyn Future<Output = Cleanup> + Send>>;

/// When a job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    /// Last registered first.
    Undo,
    /// Before all that: tasks that are to be undone, or use what is, have to end first.
    Join,
}

/// A cleanup, until it is started or taken back.
pub(crate) struct Job {
    work: Mutex<Option<CleanupFn>>,
    turn: Turn,
    /// How many fences that complete hand it up to the one around.
    ups: AtomicU32,
    /// Where it was registered, if that is a line of the user's.
    place: Option<&'static Location<'static>>,
}

impl Job {
    pub(crate) fn new(work: CleanupFn, turn: Turn) -> Self {
        Self {
            work: Mutex::new(Some(work)),
            turn,
            ups: AtomicU32::new(0),
            place: None,
        }
    }

    /// How many levels it goes up so far.
    pub(crate) fn levels_up(&self) -> usize {
        self.ups.load(Ordering::Relaxed) as usize
    }

    /// It goes up one level more.
    pub(crate) fn hand_up(&self) {
        self.ups.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it goes up a level, which is counted off.
    pub(crate) fn goes_up(&self) -> bool {
        let one_less = |ups: u32| ups.checked_sub(1);
        let counted = self
            .ups
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        counted.is_ok() && self.is_armed()
    }

    /// Adds the line that registered it, if a user did.
    pub(crate) fn at(mut self, place: &'static Location<'static>) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn take(&self) -> Option<CleanupFn> {
        self.lock().take()
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<CleanupFn>> {
        unpoisoned(self.work.lock())
    }
}

/// One that is not needed any more drops what is the user's, and may be one of many.
impl Drop for Job {
    fn drop(&mut self) {
        let work = self.take();
        contained(|| drop(work));
    }
}

/// The cleanups of one fence.
pub(crate) struct Batch {
    jobs: Vec<Arc<Job>>,
    limit: Duration,
}

impl Batch {
    pub(crate) fn new(mut jobs: Vec<Arc<Job>>, limit: Duration) -> Self {
        jobs.sort_by_key(|job| job.turn);
        Self { jobs, limit }
    }

    /// Nothing to do any more, but to tell.
    pub(crate) fn done(report: Cleanup) -> Self {
        let work: CleanupFn = Box::new(|_, _| Box::pin(async { report }));
        Self {
            jobs: vec![Arc::new(Job::new(work, Turn::Join))],
            limit: Duration::MAX,
        }
    }

    /// Where the first that runs was registered.
    fn place(&self) -> Option<&'static Location<'static>> {
        let mut armed = self.jobs.iter().rev().filter(|job| job.is_armed());
        armed.find_map(|job| job.place)
    }
}

/// Cleanups that are running.
pub(crate) struct Cleaning {
    /// Of the fence.
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) place: Option<&'static Location<'static>>,
    work: Undoing,
}

/// Runs the batches in order, each last registered first.
pub(crate) fn clean(batches: Vec<Batch>, why: Cancelled) -> Cleaning {
    Cleaning {
        name: why.name().map(|name| name.to_owned().into()),
        place: batches.iter().find_map(Batch::place),
        work: Box::pin(async move {
            let mut report = Cleanup::default();
            for batch in batches {
                batch.run(&why, &mut report).await;
            }
            report
        }),
    }
}

impl Future for Cleaning {
    type Output = Cleanup;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cleanup> {
        self.work.as_mut().poll(cx)
    }
}

impl Batch {
    async fn run(mut self, why: &Cancelled, report: &mut Cleanup) {
        let end = now().checked_add(self.limit);
        while let Some(job) = self.jobs.pop() {
            let Some(work) = job.take() else { continue };
            let work = work(why.clone(), end);
            // Joining minds the time by itself. A second timer might be first, and lose its report.
            let limit = end.filter(|_| job.turn == Turn::Undo);
            let mut work = caught(work);
            match until(limit, &mut work).await {
                Some(Ok(done)) => report.merge(done),
                Some(Err(panic)) => report.panics.push(message(&*panic)),
                None => report.overran += 1,
            }
            // Its destructor is user code as well.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(work))) {
                report.panics.push(message(&*panic));
            }
        }
    }
}

/// Runs one cleanup; `None` if it took too long. Without a timer nobody can tell: then it has all
/// the time it wants.
async fn until<F: Future + Unpin>(end: Option<Instant>, cleanup: F) -> Option<F::Output> {
    match end.and_then(timer) {
        None => Some(cleanup.await),
        Some(timer) => {
            let (mut cleanup, mut timer) = (cleanup, pin!(timer));
            poll_fn(|cx| match Pin::new(&mut cleanup).poll(cx) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending => {
                    let timer = pin!(coop::unconstrained(timer.as_mut()));
                    timer.poll(cx).map(|()| None)
                }
            })
            .await
        }
    }
}

/// `None` outside of tokio, and in a runtime without its time, which there is no way to ask for.
fn timer(end: Instant) -> Option<Sleep> {
    runtime::Handle::try_current().ok()?;
    contained(|| sleep_until(end))
}
