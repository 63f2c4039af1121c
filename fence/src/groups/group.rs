//! Spawning into a group.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

use crate::engine::Handle;
use crate::groups::child::threaded;
use crate::groups::errors::Errors;
use crate::groups::member::Child;
use crate::groups::options::Options;
use crate::groups::place::{Permit, Placed, Queue, place};
use crate::groups::task_set::TaskSet;
use crate::outcome::{Cancelled, Firing, Reason};
use crate::tasks::{ChildOutput, Task};
use crate::trigger::Parent;
use crate::util::{AtomicUsize, OnceLock, Ordering};

/// The inside of a [`group`](crate::group()) or [`try_group`](crate::try_group()): what its host,
/// and every child that is given a clone, spawns with.
///
/// A child sees what is bound where the group is run, and belongs to the group and the fences
/// around it, wherever it is spawned.
///
/// Once the group is cancelled, or its own fence has fired, nothing that is added is ever polled,
/// also while a [grace](crate::Fencing::grace) lets the others go on; and once it has ended,
/// nothing is spawned any more. When a fence around the group has fired and lets its body go on,
/// the group may still start what it needs to finish; but what waits for a place then, or asks for
/// one, is never polled. Either way the future is dropped, and its [`Task`] says why.
///
/// A shield in the host keeps the host, not the children: what waits for a child beside it may see
/// it cancelled before the host is cut.
///
/// # Examples
///
/// Children that spawn siblings, at most two of which run at once:
///
/// ```
/// use fence::Group;
///
/// fn visit(group: &Group, depth: u32) {
///     let inside = group.clone();
///     group.spawn(async move {
///         for _ in 0..depth {
///             visit(&inside, depth - 1);
///         }
///     });
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let two = 2.try_into().unwrap();
/// let outcome = fence::group().limit(two).run(async |group| visit(&group, 4)).await;
/// assert!(outcome.is_completed());
/// # }
/// ```
pub struct Group<E = Infallible> {
    inner: Arc<Inner<E>>,
    /// That of the children that are spawned through this value.
    name: Option<Cow<'static, str>>,
}

struct Inner<E> {
    tasks: Arc<TaskSet>,
    handle: OnceLock<Handle>,
    /// One for each child that may run.
    places: Option<Arc<Semaphore>>,
    errors: Errors<E>,
    /// How many children there have been.
    spawned: AtomicUsize,
}

impl<E> Group<E> {
    pub(crate) fn new(options: &Options, errors: Errors<E>) -> Self {
        let places = options.limit.map(|limit| {
            let limit = limit.get().min(Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(limit))
        });
        Self {
            inner: Arc::new(Inner {
                tasks: Arc::default(),
                handle: OnceLock::new(),
                places,
                errors,
                spawned: AtomicUsize::new(0),
            }),
            name: None,
        }
    }

    pub(crate) fn errors(&self) -> &Errors<E> {
        &self.inner.errors
    }

    pub(crate) fn tasks(&self) -> &Arc<TaskSet> {
        &self.inner.tasks
    }

    /// The group is cancelled through this handle.
    pub(crate) fn set_handle(&self, handle: Handle) {
        // It is run once, so this is the first value.
        let _ = self.inner.handle.set(handle);
    }

    /// Cancels the group under the code `"handle"`: what [`Handle::cancel`] does.
    ///
    /// Host and children are cut at their next `.await`, and the caller goes on to its own. As
    /// with any body, one that ends before is complete: a host that cancels and returns at once,
    /// with no child left to wait for, is `Completed`. A [`checkpoint`](crate::checkpoint) behind
    /// it makes sure.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let outcome = fence::group()
    ///     .run(async |group| {
    ///         group.spawn(std::future::pending::<()>());
    ///         group.cancel(); // cuts the child, which the group waits for
    ///     })
    ///     .await;
    /// assert!(outcome.cancelled_by("handle"));
    /// # }
    /// ```
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.handle().cancel()
    }

    /// The handle of the group, to cancel it for reasons of your own and to ask for its state.
    ///
    /// # Panics
    ///
    /// Never: the host of a group gets it only after it has its handle.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let outcome = fence::group()
    ///     .run(async |group| {
    ///         let watchdog = group.handle().clone();
    ///         group.spawn(async move { drop(watchdog.cancel_because("watchdog", "no heartbeat")) });
    ///         std::future::pending::<()>().await
    ///     })
    ///     .await;
    /// assert_eq!(outcome.reasons()[0].to_string(), "watchdog: no heartbeat");
    /// # }
    /// ```
    #[must_use]
    pub fn handle(&self) -> &Handle {
        let handle = self.inner.handle.get();
        handle.expect("a group that runs has its handle")
    }

    /// Names the children that are spawned through the returned value, of the same group: for errors
    /// and logs.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let failed = fence::try_group::<&str>().run(async |group| {
    ///     group.named("fetch").spawn(async { Err::<(), _>("no such host") });
    ///     Ok(())
    /// });
    /// assert_eq!(failed.await.unwrap_err().to_string(), "fetch: no such host");
    /// # }
    /// ```
    #[must_use]
    pub fn named(&self, name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: self.inner.clone(),
            name: Some(name.into()),
        }
    }

    /// How many children have not ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// fence::group()
    ///     .run(async |group| {
    ///         group.spawn(async {});
    ///         group.spawn(tokio::time::sleep(std::time::Duration::from_secs(1)));
    ///         assert_eq!(group.running(), 2);
    ///         tokio::task::yield_now().await;
    ///         assert_eq!(group.running(), 1);
    ///     })
    ///     .await
    ///     .unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn running(&self) -> usize {
        self.inner.tasks.running()
    }
}

impl<E: Send + 'static> Group<E> {
    /// Spawns a child. It never waits: under a [limit](crate::groups::grouping::Grouping::limit)
    /// the child does, for a place. [`reserve`](Self::reserve) is for those who should wait
    /// themselves.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, like `tokio::spawn`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let outcome = fence::group().run(async |group| {
    ///     let half = group.spawn(async {
    ///         sleep(Duration::from_secs(1)).await;
    ///         Ok(21)
    ///     });
    ///     group.spawn(async { println!("waited for, too") });
    ///     half.await.unwrap() * 2
    /// });
    /// assert_eq!(outcome.await.unwrap(), 42);
    /// # }
    /// ```
    pub fn spawn<F>(&self, future: F) -> Task<<F::Output as ChildOutput<E>>::Value>
    where
        F: Future<Output: ChildOutput<E, Value: Send> + Send> + Send + 'static,
    {
        self.spawn_at(Ok(None), future)
    }

    /// Spawns plain code on a thread of the blocking pool.
    ///
    /// Nothing can cut a thread, so a group that is cancelled waits for it, for as long as its
    /// cleanups may take: the code has to ask [`check`](crate::check). Code that still waits for
    /// its thread is never run.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, like `tokio::task::spawn_blocking`.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let outcome = fence::group().run(async |group| {
    ///     let sum = group.spawn_blocking(|| Ok((1..=1000).sum::<u32>()));
    ///     sum.await.unwrap()
    /// });
    /// assert_eq!(outcome.await.unwrap(), 500_500);
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn_blocking<F, O>(&self, f: F) -> Task<O::Value>
    where
        F: FnOnce() -> O + Send + 'static,
        O: ChildOutput<E, Value: Send> + Send + 'static,
    {
        self.spawn(threaded(f, Location::caller()))
    }

    /// Waits for a place for one more child: backpressure for the code that makes the work.
    ///
    /// Without a [limit](crate::groups::grouping::Grouping::limit) there always is one. A child
    /// that has a place and waits for another keeps its own: if all do, none ever gets one.
    ///
    /// # Cancel safety
    ///
    /// Dropping it gives up the place in the queue.
    ///
    /// # Examples
    ///
    /// ```
    /// # async fn serve(_: u32) {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let mut requests = 0..3;
    /// let hundred = 100.try_into().unwrap();
    /// fence::group()
    ///     .limit(hundred)
    ///     .run(async |group| loop {
    ///         let place = group.reserve().await; // nothing is accepted that cannot be served
    ///         let Some(request) = requests.next() else { break };
    ///         place.spawn(serve(request));
    ///     })
    ///     .await
    ///     .unwrap();
    /// # }
    /// ```
    pub async fn reserve(&self) -> Place<E> {
        let permit = match self.inner.places.clone() {
            Some(places) => place(places).await,
            None => Ok(None),
        };
        Place {
            group: self.clone(),
            permit,
        }
    }

    fn spawn_at<F>(
        &self,
        permit: Result<Permit, Cancelled>,
        future: F,
    ) -> Task<<F::Output as ChildOutput<E>>::Value>
    where
        F: Future<Output: ChildOutput<E, Value: Send> + Send> + Send + 'static,
    {
        let permit = match permit {
            Ok(permit) if !self.handle().shared().is_seen() => permit,
            Ok(_) => return Task::refused(self.why_ended()),
            Err(why) => return Task::refused(why),
        };
        let (send, ended) = oneshot::channel();
        let places = self.inner.places.clone().filter(|_| permit.is_none());
        let queue = places.map(|places| -> Queue { Box::pin(place(places)) });
        let body = Placed::new(future, permit, queue);
        let group = self.clone();
        let index = self.inner.spawned.fetch_add(1, Ordering::Relaxed);
        let settle = move |handle: &Handle, outcome| {
            let child = Child::new(index, group.name.clone());
            if let Some(ended) = group.settle(child, handle, outcome) {
                // Code that does not wait for it needs no outcome.
                let _ = send.send(ended);
            }
        };
        let (handle, task) = self.inner.tasks.spawn(index, body, settle);
        match task {
            Some(task) => Task::sent(handle, ended, task),
            None => Task::refused(self.why_ended()),
        }
    }

    /// Why nothing is added any more: it has ended, or its own fence has fired.
    fn why_ended(&self) -> Cancelled {
        let ended = || {
            let firing = Firing::of_drop().because("the group has ended");
            vec![Reason::new("dropped".into(), firing)]
        };
        let handle = self.handle();
        Cancelled::of_drop(match (handle.reasons(), handle.shared().seen()) {
            ([], seen) if seen.is_empty() => ended(),
            ([], seen) => seen,
            (reasons, _) => reasons.to_vec(),
        })
    }
}

impl<E> Clone for Group<E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            name: self.name.clone(),
        }
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("handle", &self.inner.handle.get())
            .field("running", &self.running())
            .finish_non_exhaustive()
    }
}

/// A place for one child; made by [`Group::reserve`]. Dropping it gives it back.
///
/// # Examples
///
/// ```
/// use fence::Place;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let one = 1.try_into().unwrap();
/// let outcome = fence::group().limit(one).run(async |group| {
///     let place: Place = group.reserve().await;
///     drop(place); // given back
///     group.reserve().await.spawn(async { Ok(7) }).await.unwrap()
/// });
/// assert_eq!(outcome.await.unwrap(), 7);
/// # }
/// ```
#[derive(Debug)]
pub struct Place<E = Infallible> {
    group: Group<E>,
    permit: Result<Permit, Cancelled>,
}

impl<E: Send + 'static> Place<E> {
    /// Spawns the child, which starts at once: like [`Group::spawn`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (start, two) = (Instant::now(), 2.try_into().unwrap());
    /// fence::group()
    ///     .limit(two)
    ///     .run(async |group| {
    ///         for _ in 0..3 {
    ///             let place = group.reserve().await;
    ///             place.spawn(sleep(Duration::from_secs(1)));
    ///         }
    ///         assert_eq!(start.elapsed().as_secs(), 1, "the third waited for a place");
    ///     })
    ///     .await
    ///     .unwrap();
    /// # }
    /// ```
    pub fn spawn<F>(self, future: F) -> Task<<F::Output as ChildOutput<E>>::Value>
    where
        F: Future<Output: ChildOutput<E, Value: Send> + Send> + Send + 'static,
    {
        self.group.spawn_at(self.permit, future)
    }
}
