//! The surroundings of some code, for threads that fence did not start.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::context::{cancelled, detached};
use crate::engine::frames::current;
use crate::outcome::{Cancelled, Fenced, Reasons, Record};
use crate::tasks::spawn::SpawnContext;
use crate::trigger::{Key, Parent};

/// A snapshot of what is around this code: what is bound, and the fences.
///
/// For threads that fence did not start: rayon's, scoped ones, those of a C library that calls back.
/// Take it before, and ask it there: see [`Here`]. Where plain code is
/// [spawned](crate::spawn_blocking()), [`check`](crate::check) knows all that by itself.
///
/// # Examples
///
/// ```
/// use fence::{Cancelled, Event, Fencing};
///
/// let enough = Event::new();
/// let counted = Fencing::new().on("enough", &enough).run_blocking(|| {
///     let here = fence::here();
///     std::thread::scope(|scope| {
///         let counting = scope.spawn(|| {
///             // fence::check() knows nothing on this thread.
///             for number in 0.. {
///                 here.check()?;
///                 if number == 1000 {
///                     enough.set();
///                 }
///             }
///             Ok::<(), Cancelled>(())
///         });
///         counting.join().unwrap()
///     })
/// });
/// assert!(counted.flatten().unwrap_err().by("enough"));
/// ```
#[must_use]
pub fn here() -> Here {
    Here {
        context: SpawnContext::here(),
    }
}

/// What was around some code, to be asked and entered on any thread; made by [`here`].
///
/// It keeps no fence alive, and holds none up. Once all fences of the snapshot are over without
/// having been cut, nothing is around any more, and nothing fires.
///
/// # Examples
///
/// Work on a thread pool that stops within a step or two, and keeps what it has:
///
/// ```
/// use std::sync::Mutex;
/// use fence::{Event, Fencing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let stop = Event::new();
/// let (inside, results) = (stop.clone(), Mutex::new(Vec::new()));
/// let work = || {
///     let here = fence::here();
///     std::thread::scope(|scope| {
///         for worker in 0..2_u64 {
///             let (here, results, stop) = (here.clone(), &results, &inside);
///             scope.spawn(move || {
///                 let mut number = worker;
///                 while here.check().is_ok() {
///                     results.lock().unwrap().push(number * number);
///                     number += 2;
///                     if number > 100 {
///                         stop.set();
///                     }
///                 }
///             });
///         }
///     });
/// };
/// assert!(Fencing::new().on("stop", &stop).run_blocking(work).is_completed());
/// assert!(results.lock().unwrap().len() > 50);
/// # }
/// ```
#[derive(Clone)]
pub struct Here {
    context: SpawnContext,
}

impl Here {
    /// Whether to stop: an error with the reasons once one of the fences has fired.
    ///
    /// The same as [`check`](crate::check) where the snapshot was taken, from any thread: it sees
    /// deadlines that have passed without the help of a runtime, and a firing before the fence
    /// itself has been polled.
    ///
    /// # Errors
    ///
    /// Why the outermost of the fences that have fired did so.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// let limit = Fencing::new().timeout(Duration::from_millis(5));
    /// let rounds = limit.run_blocking(|| {
    ///     let here = fence::here();
    ///     std::thread::scope(|scope| {
    ///         let thread = scope.spawn(|| (0..u64::MAX).find(|_| here.check().is_err()));
    ///         thread.join().unwrap()
    ///     })
    /// });
    /// assert!(rounds.unwrap().is_some());
    /// ```
    pub fn check(&self) -> Result<(), Cancelled> {
        let mut seen = self.context.parents().map(|parent| parent.seen());
        match seen.find(|seen| !seen.is_empty()) {
            None => Ok(()),
            Some(seen) => Err(Cancelled::new(Record {
                reasons: Reasons::sorted(seen),
                ..Record::default()
            })),
        }
    }

    /// Tells the fences of the snapshot of progress: what [`progress`](crate::progress) does there.
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
    /// let hashing = Fencing::new().idle(Duration::from_secs(2)).run(async {
    ///     let here = fence::here();
    ///     for _block in 0..5 {
    ///         sleep(Duration::from_secs(1)).await;
    ///         std::thread::scope(|threads| threads.spawn(|| here.progress()).join()).unwrap();
    ///     }
    /// });
    /// assert!(hashing.await.is_completed());
    /// # }
    /// ```
    pub fn progress(&self) {
        self.context.progress();
    }

    /// The time left: what [`remaining`](crate::remaining) is where the snapshot was taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let limit = Fencing::new().timeout(Duration::from_secs(3));
    /// let here = limit.run(async { fence::here().remaining() });
    /// assert_eq!(here.await.unwrap(), Some(Duration::from_secs(3)));
    /// # }
    /// ```
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.enter(current::remaining)
    }

    /// Runs code as if it stood where the snapshot was taken: what is bound there is bound, `check`
    /// and `remaining` ask the fences there, and what is spawned is enclosed by them.
    ///
    /// What is around on this thread is replaced meanwhile. The code always runs, also if a fence
    /// has fired: it asks by itself. Nobody would wait for a cleanup of it:
    /// [`on_cancel`](crate::on_cancel) is refused, as
    /// [`is_registered`](crate::OnCancel::is_registered) says.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// /// Somewhere below, with no idea on which thread.
    /// fn is_in_time() -> bool {
    ///     fence::check().is_ok()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let late = Fencing::new().timeout(Duration::from_secs(1)).cooperative().run(async {
    ///     let here = fence::here();
    ///     tokio::time::sleep(Duration::from_secs(2)).await;
    ///     std::thread::spawn(move || here.enter(is_in_time)).join().unwrap()
    /// });
    /// assert!(!late.await.unwrap());
    /// # }
    /// ```
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        self.context.enter(f)
    }

    /// Waits until one of the fences has fired, and tells why; `None` once all of them are over
    /// without having been cut, at once if there are none.
    ///
    /// # Panics
    ///
    /// Like a fence, without a runtime with its time enabled, if there is a limit.
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
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let limit = Fencing::new().timeout(Duration::from_secs(1));
    /// let (send, here) = tokio::sync::oneshot::channel();
    /// let watching = tokio::spawn(async { here.await.map(|here: fence::Here| here.cancelled()) });
    /// let work = limit.run(async {
    ///     send.send(fence::here()).unwrap();
    ///     std::future::pending::<()>().await
    /// });
    /// assert!(work.await.is_cancelled());
    /// let why = watching.await.unwrap().unwrap().await;
    /// assert!(why.unwrap().is_timeout());
    /// # }
    /// ```
    pub fn cancelled(&self) -> impl Future<Output = Option<Cancelled>> + Send + 'static + use<> {
        let parents = self.context.parents().cloned().collect();
        let (watching, _) = self.context.clone().enclose(first_of(parents));
        let watching = detached(watching);
        async {
            match watching.await {
                Fenced::Completed(outcome) => outcome,
                Fenced::Cancelled(why) => Some(why),
            }
        }
    }
}

/// Why the fences around have fired; `None` once those are over.
async fn first_of(parents: Vec<Arc<dyn Parent>>) -> Option<Cancelled> {
    let (mut fired, mut over) = (pin!(cancelled()), WaitOver::new(parents));
    poll_fn(|cx| match over.poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => fired.as_mut().poll(cx).map(Some),
    })
    .await
}

/// Waits until fences are over.
struct WaitOver {
    parents: Vec<Arc<dyn Parent>>,
    registered: Vec<(Arc<dyn Parent>, Key)>,
}

impl WaitOver {
    fn new(parents: Vec<Arc<dyn Parent>>) -> Self {
        Self {
            parents,
            registered: Vec::new(),
        }
    }

    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.deregister();
        for parent in &self.parents {
            let key = parent
                .over()
                .and_then(|over| over.waiters.insert(cx.waker()));
            self.registered.extend(key.map(|key| (parent.clone(), key)));
        }
        // After registering: they may end on another thread.
        self.parents.retain(|parent| parent.is_alive());
        if self.parents.is_empty() {
            self.deregister();
            return Poll::Ready(());
        }
        Poll::Pending
    }

    fn deregister(&mut self) {
        for (parent, key) in self.registered.drain(..) {
            if let Some(over) = parent.over() {
                over.leave(key);
            }
        }
    }
}

impl Drop for WaitOver {
    fn drop(&mut self) {
        self.deregister();
    }
}

impl fmt::Debug for Here {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Here").finish_non_exhaustive()
    }
}
