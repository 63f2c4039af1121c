//! Handlers that run on after their client has left: how many, and for how long.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use super::departure::Fate;
use crate::cleanup::Counted;
use crate::trigger::Limit;
use crate::util::caught;

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
/// # }
/// ```
#[derive(Clone)]
pub struct Detached {
    counts: Arc<Counts>,
}

struct Counts {
    active: watch::Sender<usize>,
    departed: AtomicU64,
    shed: AtomicU64,
    panicked: AtomicU64,
    /// Taken before `active`, which is only to be waited for.
    places: AtomicUsize,
}

impl Detached {
    pub(crate) fn new() -> Self {
        Self {
            counts: Arc::new(Counts {
                active: watch::Sender::new(0),
                departed: AtomicU64::new(0),
                shed: AtomicU64::new(0),
                panicked: AtomicU64::new(0),
                places: AtomicUsize::new(0),
            }),
        }
    }

    /// How many run now.
    #[must_use]
    pub fn active(&self) -> usize {
        *self.counts.active.borrow()
    }

    /// How many clients have left before they were answered.
    #[must_use]
    pub fn departed(&self) -> u64 {
        self.counts.departed.load(Ordering::Relaxed)
    }

    /// How many handlers were dropped because too many ran already.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.counts.shed.load(Ordering::Relaxed)
    }

    /// How many have panicked.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.counts.panicked.load(Ordering::Relaxed)
    }

    /// Waits until none runs any more, for `limit` at most; returns how many are left.
    ///
    /// [`fence::drain`](crate::drain) waits for those of all layers.
    ///
    /// # Cancel safety
    ///
    /// Nothing to lose; the handlers run on.
    pub async fn drain(&self, limit: impl Limit) -> usize {
        let mut active = self.counts.active.subscribe();
        let done = async {
            // The sender lives as long as `self`.
            let _ = active.wait_for(|active| *active == 0).await;
        };
        match limit.limit() {
            Some(limit) => drop(timeout(limit, done).await),
            None => done.await,
        }
        self.active()
    }

    pub(crate) fn depart(&self) {
        self.counts.departed.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs what is left of a request in a task, if there is room and a runtime; says in the end
    /// what became of it.
    pub(crate) fn run<F>(
        &self,
        max: usize,
        grace: Option<Duration>,
        rest: F,
        tell: impl FnOnce(Fate) + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (Ok(runtime), Some(place)) = (Handle::try_current(), self.place(max)) else {
            self.counts.shed.fetch_add(1, Ordering::Relaxed);
            drop(rest);
            return tell(Fate::Shed);
        };
        let counts = self.counts.clone();
        runtime.spawn(async move {
            let fate = limited(grace, rest).await;
            let panicked = u64::from(fate == Fate::Panicked);
            counts.panicked.fetch_add(panicked, Ordering::Relaxed);
            // Whoever waits for it to end may end the process.
            tell(fate);
            drop(place);
        });
    }

    fn place(&self, max: usize) -> Option<Place> {
        let more = |taken| (taken < max).then_some(taken + 1);
        let places = &self.counts.places;
        places
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .ok()?;
        self.counts.active.send_modify(|active| *active += 1);
        Some(Place {
            counts: self.counts.clone(),
            _in_process: Counted::new(),
        })
    }
}

/// Drops what takes longer, and what panics, before it returns.
async fn limited(grace: Option<Duration>, rest: impl Future<Output = ()>) -> Fate {
    let rest = caught(rest);
    let ended = match grace {
        Some(grace) => timeout(grace, rest).await.ok(),
        None => Some(rest.await),
    };
    match ended {
        Some(Ok(())) => Fate::Finished,
        Some(Err(_)) => Fate::Panicked,
        None => Fate::OutOfTime,
    }
}

/// The place of a handler that runs on.
struct Place {
    counts: Arc<Counts>,
    _in_process: Counted,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counts.places.fetch_sub(1, Ordering::AcqRel);
        self.counts.active.send_modify(|active| *active -= 1);
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
