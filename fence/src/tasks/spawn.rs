//! Tasks and threads that belong to the fences around the place where they were spawned (D27, D28).

use std::panic::Location;
use std::sync::Arc;

use tokio::task;

use crate::cleanup::{BACKGROUND, Entry, LeftKind, Name};

use crate::context::Bound;
use crate::engine::blocking;
use crate::engine::frames::current;
use crate::engine::{Fence, Handle, Shared};
use crate::fencing::{Fencing, Policy};
use crate::outcome::{Fenced, Reason};
use crate::tasks::task::Task;
use crate::trigger::{Entry as TriggerEntry, Event, Parent};

/// Spawns a task that behaves as if the future stood here: the fences around enclose it too.
///
/// What is bound here is bound in the task. When a fence around this call cuts its body, or is
/// dropped midway, the task is cut as well, and its outcome tells why; a fence that completes lets
/// go of it. A [`shield`](crate::shield) between the fence and the call keeps the fence away. If
/// one of the fences has been cut before the task starts, the future is never polled. No code
/// waits for the task but that which awaits the [`Task`]; a [`group`](crate::group()) does.
///
/// The task encloses in turn what it spawns: cancelled, aborted or panicking it takes that along,
/// and one that runs to its end lets go of it. For deadlines and [links](Fencing::linked) it is
/// not there: those are matters between fences.
///
/// The fences around are looked at whenever the task is polled, and by
/// [`checkpoint`](crate::checkpoint) and the fences in it: a task that fires one of them is cut at
/// its next `.await`, even before the fence itself has been polled.
///
/// `tokio::spawn(future.in_context())` keeps only what is bound, and plain `tokio::spawn` nothing.
///
/// # Panics
///
/// Outside of a tokio runtime, like `tokio::spawn`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut helper = None;
/// let work = async {
///     helper = Some(fence::spawn(std::future::pending::<()>()));
///     std::future::pending::<()>().await
/// };
/// let outcome = Fencing::new().timeout(Duration::from_secs(1)).run(work).await;
/// assert!(outcome.is_cancelled());
/// assert!(helper.unwrap().await.cancelled_by("timeout"));
/// # }
/// ```
#[must_use = "the task runs on without it, and nobody learns how it ends: `drop` it to say so"]
#[track_caller]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (fence, handle) = SpawnContext::here().enclose(future);
    Task::joined(handle, task::spawn(fence))
}

/// Spawns a future that is not `Send` on the current `LocalSet`, like [`spawn`] otherwise.
///
/// # Panics
///
/// Outside of a `LocalSet`, like `tokio::task::spawn_local`.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use tokio::task::LocalSet;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let shared = Rc::new(7);
/// let inside = shared.clone();
/// let local = LocalSet::new();
/// let ended = local.run_until(async { fence::spawn_local(async move { *inside }).await }).await;
/// assert_eq!(ended.unwrap(), *shared);
/// # }
/// ```
#[must_use = "the task runs on without it, and nobody learns how it ends: `drop` it to say so"]
#[track_caller]
pub fn spawn_local<F>(future: F) -> Task<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    let (fence, handle) = SpawnContext::here().enclose(future);
    Task::joined(handle, task::spawn_local(fence))
}

/// Spawns plain code on a thread of the blocking pool, under the fences around, like [`spawn`].
///
/// Nothing can cut a thread: the code asks with [`check`](crate::check) and
/// [`remaining`](crate::remaining), which see a passed deadline without the runtime's help, and
/// learn of a cancellation even when nobody waits for the thread any more. Code that waits in the
/// queue while a fence around the call is cut is never run.
///
/// A thread that asks [`check`](crate::check) and the fence that waits for it learn of a firing
/// independently. Whoever is first, the caller has either a cancellation or a `Result` with one in
/// it: [`flatten`](crate::Fenced::flatten) makes one of both, as the last example does.
///
/// # Panics
///
/// Outside of a tokio runtime, like `tokio::task::spawn_blocking`.
///
/// # Examples
///
/// ```
/// use fence::{Cancelled, Event, Fencing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let stop = Event::new();
/// let search = async {
///     let search = fence::spawn_blocking(|| loop {
///         fence::check()?;
///         std::thread::yield_now();
///     });
///     stop.set();
///     let ended: Result<(), Cancelled> = search.await.flatten();
///     ended.unwrap_err().primary().code().to_owned()
/// };
/// let grace = std::time::Duration::from_secs(5);
/// let code = Fencing::new().on("stop", &stop).grace(grace).run(search).await;
/// assert_eq!(code.unwrap(), "stop");
/// # }
/// ```
///
/// Without a grace it is a race, and one `flatten` takes both of its ends:
///
/// ```
/// use std::time::Duration;
/// use fence::{Cancelled, Fencing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let counting = async {
///     let thread = fence::spawn_blocking(|| loop {
///         fence::check()?;
///         std::thread::yield_now();
///     });
///     thread.await.flatten()
/// };
/// let limit = Fencing::new().timeout(Duration::from_millis(5));
/// let counted: Result<(), Cancelled> = limit.run(counting).await.flatten();
/// assert!(counted.unwrap_err().is_timeout());
/// # }
/// ```
#[must_use = "the task runs on without it, and nobody learns how it ends: `drop` it to say so"]
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> Task<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_thread(f, Location::caller())
}

/// Spawns plain code, at a place that is not the caller's.
pub(crate) fn spawn_thread<F, R>(f: F, place: &'static Location<'static>) -> Task<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let entry = Entry::new(LeftKind::Thread, Name::of_code::<F>()).at(place);
    let (handle, f) = SpawnContext::here().enclose_blocking(f, entry);
    Task::joined(handle, task::spawn_blocking(f))
}

/// What encloses a task: the bound set, and the fences around the place where it is spawned.
#[derive(Clone, Default)]
pub(crate) struct SpawnContext {
    bound: Fencing,
    lineage: Fencing,
}

impl SpawnContext {
    pub(crate) fn here() -> Self {
        Self {
            bound: current::current(),
            lineage: current::lineage(),
        }
    }

    /// Adds what another set offers.
    #[cfg(feature = "signal")]
    pub(crate) fn offering(mut self, other: &Fencing) -> Self {
        self.bound = self.bound.offering(other);
        self
    }

    #[cfg(feature = "signal")]
    pub(crate) fn lineage(&self) -> Fencing {
        self.lineage.clone()
    }

    /// Adds a source.
    pub(crate) fn on(mut self, code: &'static str, event: &Event) -> Self {
        self.lineage = self.lineage.on(code, event);
        self
    }

    /// Its cleanups have as long as those of a fence with these policies.
    pub(crate) fn cleaning_like(mut self, policy: Option<&Policy>) -> Self {
        if let Some(limit) = policy.and_then(Policy::cleanup) {
            self.lineage = self.lineage.cleanup_within(limit);
        }
        self
    }

    /// Whether one of the sources has fired.
    pub(crate) fn is_cut(&self) -> bool {
        self.lineage.is_latched()
    }

    /// The fences around the place, outermost first.
    pub(crate) fn parents(&self) -> impl Iterator<Item = &Arc<dyn Parent>> {
        self.lineage
            .entries()
            .iter()
            .filter_map(|entry| entry.parent())
    }

    /// Runs plain code as if it stood there.
    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        blocking::enter(&self.bound, self.lineage.clone(), f)
    }

    /// Tells the fences around the place of progress.
    pub(crate) fn progress(&self) {
        self.lineage
            .entries()
            .iter()
            .for_each(TriggerEntry::progress);
    }

    /// Everything that has fired around the place.
    pub(crate) fn all_fired(&self) -> Vec<Reason> {
        let mut all = Vec::new();
        for entry in self.lineage.entries() {
            match entry.parent() {
                Some(parent) => all.append(&mut parent.all_fired()),
                None => entry.each_reason(|reason| all.push(reason)),
            }
        }
        all
    }

    /// The whole of a spawned task.
    pub(crate) fn enclose<F: Future>(self, future: F) -> (Bound<Fence<F>>, Handle) {
        let mut fence = Fence::root(self.lineage, future);
        let handle = fence.handle();
        (self.bound.bind(fence), handle)
    }

    /// Encloses plain code on a thread of its own, which may outlive all that is around.
    fn enclose_blocking<R>(
        self,
        f: impl FnOnce() -> R,
        entry: Entry,
    ) -> (Handle, impl FnOnce() -> Fenced<R>) {
        let handle = Handle::new(Arc::new(Shared::of(None)));
        let shared = handle.shared().clone();
        let entered = BACKGROUND.enter(entry.fenced(shared.clone(), self.lineage.clone()));
        let scope = move || {
            let _entered = entered;
            let Self { bound, lineage } = self;
            bound.bind_sync(|| blocking::run(lineage, Some(shared), f))
        };
        (handle, scope)
    }
}
