//! What has to be undone when a fence cancels: registering it, and running it (D25).

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use crate::cancelled::Cancelled;
use crate::caught::{Caught, caught, message};
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
    let work = async move |why| {
        cleanup(why).await;
        Cleanup {
            ran: 1,
            ..Cleanup::default()
        }
    };
    let work: Work = Box::new(move |why, _| Box::pin(bound.bind(work(why))));
    register(Job::new(work, Turn::Undo))
}

/// Registers a job with the innermost fence. Outside of fences it is dropped at once.
pub(crate) fn register(job: Job) -> OnCancel {
    let job = Arc::new(job);
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

/// Is told why, and when its time is up.
pub(crate) type Work = Box<dyn FnOnce(Cancelled, Option<Instant>) -> Cleaning + Send>;

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
    work: Mutex<Option<Work>>,
    turn: Turn,
}

impl Job {
    pub(crate) fn new(work: Work, turn: Turn) -> Self {
        Self {
            work: Mutex::new(Some(work)),
            turn,
        }
    }

    fn take(&self) -> Option<Work> {
        self.lock().take()
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
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
        let work: Work = Box::new(|_, _| Box::pin(async { report }));
        Self {
            jobs: vec![Arc::new(Job::new(work, Turn::Join))],
            limit: Duration::MAX,
        }
    }
}

/// What became of the cleanups of a fence that cancelled, and of the fences and groups inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleanup {
    ran: usize,
    pub(crate) overran: usize,
    pub(crate) panics: Vec<String>,
    pub(crate) errors: Vec<String>,
}

impl Cleanup {
    /// Whether none overran, panicked or failed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.overran == 0 && self.panics.is_empty() && self.errors.is_empty()
    }

    /// How many ran to their end.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.ran
    }

    /// How many were dropped because their time was up; children of a group count as well.
    #[must_use]
    pub fn overran(&self) -> usize {
        self.overran
    }

    /// The messages of those that panicked, and of the first child of each group that did.
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.panics
    }

    /// What children of a [`try_group`](crate::try_group()) failed with that the fence cut, so
    /// that nobody else learns of it.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.ran += other.ran;
        self.overran += other.overran;
        self.panics.extend(other.panics);
        self.errors.extend(other.errors);
    }
}

impl fmt::Display for Cleanup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cleaned up", self.ran)?;
        if self.overran > 0 {
            write!(f, ", {} overran", self.overran)?;
        }
        for (texts, verb) in [(&self.panics, "panicked"), (&self.errors, "failed")] {
            if !texts.is_empty() {
                write!(f, ", {} {verb}: {}", texts.len(), texts.join("; "))?;
            }
        }
        Ok(())
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
            let work = work(why.clone(), end);
            // Joining minds the time by itself. A second timer might be first, and lose its report.
            let limit = end.filter(|_| job.turn == Turn::Undo);
            match until(limit, work).await {
                Some(Ok(done)) => report.merge(done),
                Some(Err(panic)) => report.panics.push(message(&*panic)),
                None => report.overran += 1,
            }
        }
    }
}

/// Runs one cleanup; `None` if it took too long. Without a runtime nobody can tell.
async fn until(end: Option<Instant>, cleanup: Cleaning) -> Option<Caught<Cleanup>> {
    match end {
        Some(end) if runtime::Handle::try_current().is_ok() => {
            timeout_at(end, caught(cleanup)).await.ok()
        }
        _ => Some(caught(cleanup).await),
    }
}
