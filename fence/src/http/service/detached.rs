//! Handlers that run on after their client has left: how many, and for how long.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::departure::Fate;
use super::seat::{Rest, Seat, Tell};
use crate::cleanup::Counted;
use crate::trigger::Limit;
use crate::util::unpoisoned;

/// The handlers of one [`FenceLayer`](super::FenceLayer) that run on without their client.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::service::FenceLayer;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let layer = FenceLayer::new();
/// let detached = layer.detached();
/// // … serve with the layer; then, before the process ends:
/// assert_eq!(detached.drain(Duration::from_secs(20)).await, 0);
/// println!("{} clients left early", detached.departed());
/// # }
/// ```
#[derive(Clone)]
pub struct Detached {
    counts: Arc<Counts>,
}

struct Counts {
    /// Those that run on, the one that has been detached longest first. They live in their tasks.
    running: Mutex<BTreeMap<u64, Weak<Seat>>>,
    next: AtomicU64,
    /// How many are there, with those that have been told to end.
    alive: watch::Sender<usize>,
    departed: AtomicU64,
    shed: AtomicU64,
    panicked: AtomicU64,
}

impl Detached {
    pub(crate) fn new() -> Self {
        Self {
            counts: Arc::new(Counts {
                running: Mutex::default(),
                next: AtomicU64::new(0),
                alive: watch::Sender::new(0),
                departed: AtomicU64::new(0),
                shed: AtomicU64::new(0),
                panicked: AtomicU64::new(0),
            }),
        }
    }

    /// How many run now.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tokio::time::{Duration, sleep};
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let layer = FenceLayer::new();
    /// let detached = layer.detached();
    /// let page = get(|| sleep(Duration::from_secs(2)));
    /// let service = Router::new().route("/", page).layer(layer);
    ///
    /// let mut answering = Box::pin(service.oneshot(Request::new(Body::empty())));
    /// assert!(futures::poll!(&mut answering).is_pending());
    /// drop(answering); // the client leaves
    /// assert_eq!((detached.active(), detached.departed()), (1, 1));
    /// sleep(Duration::from_secs(3)).await;
    /// assert_eq!((detached.active(), detached.departed()), (0, 1));
    /// # }
    /// ```
    #[must_use]
    pub fn active(&self) -> usize {
        unpoisoned(self.counts.running.lock()).len()
    }

    /// How many clients have left before they were answered.
    #[must_use]
    pub fn departed(&self) -> u64 {
        self.counts.departed.load(Ordering::Relaxed)
    }

    /// How many handlers were dropped because too many ran already: of those that do, the one that
    /// has run longest without its client makes room for the next.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let layer = FenceLayer::new().max_detached(0);
    /// let detached = layer.detached();
    /// let service = Router::new().route("/", get(std::future::pending::<()>)).layer(layer);
    ///
    /// let mut answering = Box::pin(service.oneshot(Request::new(Body::empty())));
    /// assert!(futures::poll!(&mut answering).is_pending());
    /// drop(answering); // the client leaves
    /// assert_eq!(detached.shed(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.counts.shed.load(Ordering::Relaxed)
    }

    /// How many have panicked.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let layer = FenceLayer::new();
    /// let detached = layer.detached();
    /// let page = async || -> &'static str {
    ///     tokio::task::yield_now().await;
    ///     panic!("no such page");
    /// };
    /// let service = Router::new().route("/", get(page)).layer(layer);
    ///
    /// let mut answering = Box::pin(service.oneshot(Request::new(Body::empty())));
    /// assert!(futures::poll!(&mut answering).is_pending());
    /// drop(answering); // the client leaves
    /// assert_eq!(detached.drain(None).await, 0);
    /// assert_eq!(detached.panicked(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.counts.panicked.load(Ordering::Relaxed)
    }

    /// Waits until none is there any more, for `limit` at most; returns how many are left. One that
    /// is over its time, or had to make room, counts until it has been dropped.
    ///
    /// [`fence::drain`](crate::drain) waits for those of all layers.
    ///
    /// # Cancel safety
    ///
    /// Nothing to lose; the handlers run on.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tokio::time::{Duration, sleep};
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let layer = FenceLayer::new();
    /// let detached = layer.detached();
    /// let page = get(|| sleep(Duration::from_secs(2)));
    /// let service = Router::new().route("/", page).layer(layer);
    ///
    /// let mut answering = Box::pin(service.oneshot(Request::new(Body::empty())));
    /// assert!(futures::poll!(&mut answering).is_pending());
    /// drop(answering); // the client leaves
    /// assert_eq!(detached.drain(Duration::from_secs(1)).await, 1);
    /// assert_eq!(detached.drain(Duration::from_secs(5)).await, 0);
    /// # }
    /// ```
    pub async fn drain(&self, limit: impl Limit) -> usize {
        let mut alive = self.counts.alive.subscribe();
        let done = async {
            // The sender lives as long as `self`.
            let _ = alive.wait_for(|alive| *alive == 0).await;
        };
        match limit.limit() {
            Some(limit) => drop(timeout(limit, done).await),
            None => done.await,
        }
        *self.counts.alive.borrow()
    }

    pub(crate) fn depart(&self) {
        self.counts.departed.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs what is left of a request in a task, if there may be any and there is a runtime; says
    /// in the end what became of it. Where `max` run already, the oldest of them has to go. It
    /// counts `also` among those of a layer inside.
    pub(super) fn run(
        &self,
        max: usize,
        grace: Option<Duration>,
        rest: Rest,
        tell: Tell,
        also: Option<(&Self, usize)>,
    ) {
        let layers = || std::iter::once((self, max)).chain(also);
        let places = layers().map(|(detached, _)| detached.place()).collect();
        let seat = Arc::new(Seat::new(rest, tell, places));
        let Ok(runtime) = Handle::try_current() else {
            return seat.clear();
        };
        if layers().any(|(_, max)| max == 0) {
            seat.shed();
        } else {
            for (number, (detached, max)) in seat.numbers().into_iter().zip(layers()) {
                for oldest in detached.make_room(max, number, &seat) {
                    oldest.shed();
                }
            }
        }
        if !seat.is_empty() {
            let task = runtime.spawn(seat.clone().run(grace));
            seat.runs_in(task.abort_handle());
        }
    }

    fn place(&self) -> Place {
        self.counts.alive.send_modify(|alive| *alive += 1);
        Place {
            counts: self.counts.clone(),
            number: self.counts.next.fetch_add(1, Ordering::Relaxed),
            _in_process: Counted::new(),
        }
    }

    /// Takes a place among those who run; those who lose theirs.
    fn make_room(&self, max: usize, number: u64, seat: &Arc<Seat>) -> Vec<Arc<Seat>> {
        let mut running = unpoisoned(self.counts.running.lock());
        let mut oldest = Vec::new();
        while running.len() >= max {
            let gone = running.pop_first().and_then(|(_, gone)| gone.upgrade());
            oldest.extend(gone);
        }
        running.insert(number, Arc::downgrade(seat));
        oldest
    }
}

/// The place of a handler that runs on.
pub(super) struct Place {
    counts: Arc<Counts>,
    number: u64,
    _in_process: Counted,
}

impl Place {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Counts what became of it.
    pub(super) fn count(&self, fate: Fate) {
        match fate {
            Fate::Shed => self.counts.shed.fetch_add(1, Ordering::Relaxed),
            Fate::Panicked => self.counts.panicked.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Also of a task that the runtime drops.
        unpoisoned(self.counts.running.lock()).remove(&self.number);
        self.counts.alive.send_modify(|alive| *alive -= 1);
    }
}

impl fmt::Debug for Detached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached")
            .field("active", &self.active())
            .field("departed", &self.departed())
            .field("shed", &self.shed())
            .field("panicked", &self.panicked())
            .finish()
    }
}
