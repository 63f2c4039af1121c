//! A handler that runs on without its client: in a task, until it ends, or somebody ends it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::departure::Fate;
use super::detached::Place;
use crate::engine::{Binding, within_bound};
use crate::util::unpoisoned;

/// Says what became of it.
pub(crate) type Tell = Box<dyn FnOnce(Fate) + Send>;

/// What is left of a request.
pub(crate) struct Rest {
    pub(crate) future: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Of a handler that has a task of its own, for which `future` waits.
    pub(crate) task: Option<AbortHandle>,
}

/// Where it runs. It is dropped there and then by whoever ends it, unless it is being polled, or
/// lives in a task of its own: then it is told to end, and is there until it has.
pub(super) struct Seat {
    state: Mutex<State>,
    /// Of its places.
    numbers: Vec<u64>,
    task: Option<AbortHandle>,
    /// The task that polls it here.
    poller: OnceLock<AbortHandle>,
}

struct State {
    /// Away while it is polled; gone once it has ended.
    work: Option<Work>,
    /// It has to end, for this reason.
    verdict: Option<Fate>,
    is_over: bool,
}

struct Work {
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
    tell: Tell,
    /// In each layer that it counts in.
    places: Vec<Place>,
}

impl Seat {
    pub(super) fn new(rest: Rest, tell: Tell, places: Vec<Place>) -> Self {
        let numbers = places.iter().map(Place::number).collect();
        let work = Work {
            future: rest.future,
            tell,
            places,
        };
        Self {
            state: Mutex::new(State {
                work: Some(work),
                verdict: None,
                is_over: false,
            }),
            numbers,
            task: rest.task,
            poller: OnceLock::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        unpoisoned(self.state.lock())
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.numbers.clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state().is_over
    }

    /// Runs it to its end, or for so long.
    pub(super) async fn run(self: Arc<Self>, grace: Option<Duration>) {
        let mut ended = std::future::poll_fn(|cx| self.poll(cx));
        if let Some(grace) = grace {
            if timeout(grace, &mut ended).await.is_ok() {
                return;
            }
            self.stop(Fate::OutOfTime);
        }
        ended.await;
    }

    pub(super) fn runs_in(&self, task: AbortHandle) {
        let _ = self.poller.set(task);
        self.release_poller();
    }

    /// It has to make room.
    pub(super) fn shed(&self) {
        self.stop(Fate::Shed);
        self.release_poller();
    }

    /// There is no runtime that could run it.
    pub(super) fn clear(&self) {
        self.stop(Fate::Shed);
        let work = self.state().work.take();
        if let Some(work) = work {
            work.end(Fate::Shed);
        }
    }

    fn stop(&self, fate: Fate) {
        let mut state = self.state();
        let fate = *state.verdict.get_or_insert(fate);
        if let Some(task) = &self.task {
            drop(state);
            return task.abort();
        }
        let work = state.work.take();
        state.is_over |= work.is_some();
        drop(state);
        if let Some(work) = work {
            work.end(fate);
        }
    }

    /// A task that has nothing to poll any more would be there for the rest of the grace.
    fn release_poller(&self) {
        if let Some(poller) = self.poller.get().filter(|_| self.is_empty()) {
            poller.abort();
        }
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Either it was ended meanwhile, or it has panicked where nobody catches that.
        let Some(mut work) = self.state().work.take() else {
            return Poll::Ready(());
        };
        let polled = catch_unwind(AssertUnwindSafe(|| work.future.as_mut().poll(cx)));
        let mut state = self.state();
        let fate = match (polled, state.verdict) {
            (Ok(Poll::Pending), verdict) if verdict.is_none() || self.task.is_some() => {
                state.work = Some(work);
                return Poll::Pending;
            }
            (Err(_), _) => Fate::Panicked,
            (Ok(_), verdict) => verdict.unwrap_or(Fate::Finished),
        };
        state.is_over = true;
        drop(state);
        work.end(fate);
        Poll::Ready(())
    }
}

impl Work {
    /// Whoever ends it has nothing to do with it: what its destructors do, and what panics in them
    /// or in who is told, stays here.
    fn end(self, fate: Fate) {
        let Self {
            future,
            tell,
            places,
        } = self;
        let drop_it = || within_bound(&Binding::default(), true, || drop(future));
        let has_panicked = catch_unwind(AssertUnwindSafe(drop_it)).is_err();
        let fate = if has_panicked { Fate::Panicked } else { fate };
        for place in &places {
            place.count(fate);
        }
        // Whoever waits for it to end may end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| tell(fate)));
        drop(places);
    }
}
