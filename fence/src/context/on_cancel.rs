//! Registering what has to be undone when a fence cancels (D25).

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::cleanup::{CleanupFn, Job, Turn};
use crate::engine::frames::current;
use crate::outcome::{Cancelled, Cleanup};

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
/// [`drain`](crate::drain) waits for those.
///
/// A body that completes undoes nothing, also if it completes with an `Err`: what a `?` leaves
/// half done is the code's own to undo. Dropping the guard changes nothing;
/// [`OnCancel::disarm`] takes the cleanup back. Outside of fences the cleanup is dropped at once.
///
/// Register it *before* what it undoes, and let it do no harm if there is nothing to undo: a body
/// that is cut while it waits for the answer does not know.
///
/// # What to mind
///
/// - The future is made here, and what begins with the call begins now: `on_cancel(sleep(d))` counts
///   from the registration. An `async` block begins when it is polled.
/// - The innermost fence owns it. In a helper that is `#[fenced]` itself that is the helper's own
///   fence, which drops the undo when it completes: fence the caller, or register there.
/// - What is handed to the runtime meets a retry. A job that lost a `select!` and is begun again may
///   be undone after its second try: give each try an id, or wait with [`drain`](crate::drain).
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
/// use tokio::time::{Instant, sleep};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let ran_for = |lazy: bool| async move {
///     let start = Instant::now();
///     let limit = Fencing::new().timeout(Duration::from_secs(3));
///     let _ = limit
///         .run(async move {
///             if lazy {
///                 fence::on_cancel(async { sleep(Duration::from_secs(2)).await });
///             } else {
///                 fence::on_cancel(sleep(Duration::from_secs(2)));
///             }
///             std::future::pending::<()>().await
///         })
///         .await;
///     start.elapsed()
/// };
/// assert_eq!(ran_for(true).await, Duration::from_secs(5));
/// assert_eq!(ran_for(false).await, Duration::from_secs(3), "it was over when it was needed");
/// # }
/// ```
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
#[track_caller]
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
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let (send, mut log) = tokio::sync::mpsc::unbounded_channel();
/// let order = async {
///     fence::on_cancel_with(async move |why| send.send(why.to_string()).unwrap());
///     std::future::pending::<()>().await
/// };
/// let _ = Fencing::new().timeout(Duration::from_secs(5)).run(order).await;
/// assert_eq!(log.recv().await.unwrap(), "cancelled: timeout: timed out after 5s");
/// # }
/// ```
#[track_caller]
pub fn on_cancel_with<F>(cleanup: impl FnOnce(Cancelled) -> F + Send + 'static) -> OnCancel
where
    F: Future<Output = ()> + Send + 'static,
{
    let bound = current::current();
    let work = async move |why| {
        cleanup(why).await;
        Cleanup {
            ran: 1,
            ..Cleanup::default()
        }
    };
    let work: CleanupFn = Box::new(move |why, _| Box::pin(bound.bind(work(why))));
    register(Job::new(work, Turn::Undo).at(Location::caller()))
}

/// Registers a job with the innermost fence. Outside of fences it is dropped at once.
pub(crate) fn register(job: Job) -> OnCancel {
    let job = Arc::new(job);
    let is_registered = current::register(&job);
    if !is_registered {
        drop(job.take());
    }
    OnCancel { job, is_registered }
}

/// A registered cleanup; made by [`on_cancel`]. Dropping it leaves the cleanup armed.
///
/// # Examples
///
/// ```
/// use fence::{Fencing, OnCancel};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let order = Fencing::new().run(async {
///     let undo: OnCancel = fence::on_cancel(async { println!("seat released") });
///     // … the seat is paid for:
///     undo.disarm()
/// });
/// assert!(order.await.unwrap());
/// # }
/// ```
pub struct OnCancel {
    job: Arc<Job>,
    is_registered: bool,
}

impl OnCancel {
    /// Whether there is a fence that will run it. Outside of fences, and inside of
    /// [`Here::enter`](crate::Here::enter), there is none, and the cleanup is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Fencing, on_cancel};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// assert!(!on_cancel(async {}).is_registered(), "nothing will undo it: do not begin");
    /// let order = Fencing::new().run(async { on_cancel(async {}).is_registered() });
    /// assert!(order.await.unwrap());
    /// # }
    /// ```
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.is_registered
    }

    /// Leaves the cleanup to the fence around when its own fence completes; `false` if there is no
    /// fence around, and if it has started or was taken back.
    ///
    /// For a helper that begins something, and whose caller is to undo it if *that* is cut later. A
    /// fence that completes needs its cleanups no more and drops them; this one moves then to the
    /// fence around in the same task (a spawned task is one), as if it were registered there at that
    /// moment, with its limit and its reasons. One call goes up one level.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// async fn reserve() {
    ///     let undo = fence::on_cancel(async { println!("seat released") });
    ///     // … the seat is reserved:
    ///     assert!(undo.hand_up());
    /// }
    /// let order = async {
    ///     Fencing::new().timeout(Duration::from_secs(1)).run(reserve()).await.unwrap();
    ///     tokio::time::sleep(Duration::from_secs(60)).await; // the payment
    /// };
    /// let outcome = Fencing::new().timeout(Duration::from_secs(5)).run(order).await;
    /// assert_eq!(outcome.cancelled().unwrap().cleanup().ran(), 1);
    /// # }
    /// ```
    pub fn hand_up(&self) -> bool {
        let is_possible = self.is_registered
            && self.job.is_armed()
            && current::has_fences_around(self.job.levels_up() + 1);
        if is_possible {
            self.job.hand_up();
        }
        is_possible
    }

    /// Takes the cleanup back: `true` if that kept it from running, `false` if it has started, or
    /// there was no fence to register it with.
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
    ///     let seat = fence::on_cancel(async { println!("seat released") });
    ///     fence::on_cancel(async { println!("payment taken back") });
    ///     seat.disarm();
    ///     std::future::pending::<()>().await
    /// };
    /// let why = Fencing::new().timeout(Duration::from_secs(5)).run(order).await.cancelled().unwrap();
    /// assert_eq!(why.cleanup().ran(), 1);
    /// # }
    /// ```
    pub fn disarm(self) -> bool {
        self.job.take().is_some()
    }
}

impl fmt::Debug for OnCancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnCancel").finish_non_exhaustive()
    }
}
