//! What a shutdown does when: the engine behind a `Shutdown`.
//!
//! 1. `begun`, `soft`, `hard` and `over` are set in this order, each once. `soft` and `hard` may be
//!    set by others, as they are events of the process: then what comes before has come as well.
//! 2. One driver sets them (`pace.rs`). Others wait for an event and never for the driver.
//! 3. Waking the waiters of an event is user code, which may panic, or block. So an event is set on
//!    the thread of the driver, and its waiters are woken on another.

use std::error::Error;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use std::{future, io};

use crate::outcome::{Firing, ReasonKind};
use crate::shutdown::ending::Ending;
use crate::shutdown::pace::Pace;
use crate::shutdown::plan::ShutdownPlan;
use crate::shutdown::signals::Signal;
use crate::trigger::{Event, Wait};
use crate::util::unpoisoned;

pub(super) struct Timeline {
    pub(super) plan: ShutdownPlan,
    /// Somebody wants it to end: not ready any more.
    pub(super) begun: Event,
    /// What may be interrupted is: `"shutdown"`.
    pub(super) soft: Event,
    /// What is still there should give up: `"shutdown-hard"`.
    pub(super) hard: Event,
    /// Nobody waits any longer.
    pub(super) over: Event,
    /// Of an installed one.
    pub(super) ending: Option<Arc<Ending>>,
    pace: Pace,
    /// How many have had their waiters woken, of `begun`, `soft` and `hard`.
    woken: AtomicUsize,
    /// Waits for `soft` and `hard` on behalf of the timeline.
    watches: Mutex<Vec<Wait>>,
}

/// What is to come, in order.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    Soft,
    Hard,
    Over,
}

impl Stage {
    pub(super) const ALL: [Self; 3] = [Self::Soft, Self::Hard, Self::Over];
}

impl Timeline {
    pub(super) fn new(
        plan: ShutdownPlan,
        [soft, hard]: [Event; 2],
        ending: Option<Arc<Ending>>,
    ) -> io::Result<Arc<Self>> {
        let mut started = Ok(());
        let timeline = Arc::new_cyclic(|timeline| Self {
            plan,
            begun: Event::new(),
            soft,
            hard,
            over: Event::new(),
            ending,
            pace: Pace::start(timeline.clone()).unwrap_or_else(|why| {
                started = Err(why);
                Pace::default()
            }),
            woken: AtomicUsize::new(0),
            watches: Mutex::default(),
        });
        started?;
        timeline.watch();
        Ok(timeline)
    }

    /// Learns of it when somebody else sets an event.
    fn watch(self: &Arc<Self>) {
        let waker = Waker::from(Arc::new(Watch(Arc::downgrade(self))));
        let mut cx = Context::from_waker(&waker);
        for event in [&self.soft, &self.hard] {
            let mut wait = event.wait();
            if pin!(&mut wait).poll(&mut cx).is_ready() {
                self.changed();
            } else {
                unpoisoned(self.watches.lock()).push(wait);
            }
        }
    }

    /// Somebody has set an event; it may be us.
    fn changed(self: &Arc<Self>) {
        let set = [&self.soft, &self.hard];
        if let Some(firing) = set.iter().find_map(|event| event.latch().firing()) {
            self.begin(firing.clone());
        }
        if self.hard.is_set() {
            self.set(Stage::Soft);
        }
        self.pace.hurry();
    }

    /// What began it.
    pub(super) fn firing(&self) -> Option<&Firing> {
        self.begun.latch().firing()
    }

    /// `false` if it had begun.
    pub(super) fn begin(self: &Arc<Self>, firing: Firing) -> bool {
        let begun = self.begun.latch();
        let is_first = begun.publish(firing);
        if is_first {
            // First of all, as waiters may panic.
            self.pace.begin(self);
            begun.wake();
            self.count_woken();
        }
        is_first
    }

    /// For a cause that no line of the program gave.
    pub(super) fn begin_unlocated(self: &Arc<Self>, why: impl Into<Box<dyn Error + Send + Sync>>) {
        self.begin(Firing::new(ReasonKind::Event).because(why).unlocated());
    }

    /// The signal that began it, if one did.
    pub(super) fn signal(&self) -> Option<&Signal> {
        self.firing()?.cause()?.downcast_ref()
    }

    /// Nobody is served any longer: there is nothing to wait for before what is left is cut.
    pub(super) fn finish(self: &Arc<Self>, why: &'static str) {
        self.begin_unlocated(why);
        self.set(Stage::Soft);
    }

    /// How long after the stage before it comes.
    pub(super) fn span(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Soft => self.plan.pre_drain,
            Stage::Hard => self.plan.drain,
            Stage::Over => self.plan.hard,
        }
    }

    pub(super) fn event(&self, stage: Stage) -> &Event {
        match stage {
            Stage::Soft => &self.soft,
            Stage::Hard => &self.hard,
            Stage::Over => &self.over,
        }
    }

    /// Sets the event of a stage, for the reason for which all of it has begun.
    pub(super) fn set(&self, stage: Stage) {
        if let Some(firing) = self.firing().map(Firing::again) {
            self.event(stage).latch().fire(firing);
        }
    }

    /// The same for the driver: wakes nobody; if this is `true` the caller sees to that.
    pub(super) fn publish(&self, stage: Stage) -> bool {
        let firing = self.firing().map(Firing::again);
        firing.is_some_and(|firing| self.event(stage).latch().publish(firing))
    }

    pub(super) fn wake(&self, stage: Stage) {
        self.event(stage).latch().wake();
        self.count_woken();
    }

    fn count_woken(&self) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        self.pace.hurry();
    }

    /// Whether those who wait for what comes before a stage have been woken, as far as is known.
    pub(super) fn has_woken_before(&self, stage: Stage) -> bool {
        self.woken.load(Ordering::Relaxed) > stage as usize
    }

    /// The plan is over: the process ends soon, whatever it waits for.
    pub(super) fn end(&self) {
        if let Some(ending) = &self.ending {
            ending.begin(self.firing().cloned(), self.plan.slack());
        }
    }
}

/// The waker of a timeline that waits for its own events.
struct Watch(Weak<Timeline>);

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        if let Some(timeline) = self.0.upgrade() {
            timeline.changed();
        }
    }
}

/// What the future returns, unless the event is set first. A value that is ready is kept (D3).
pub(super) async fn before<F: Future>(future: F, event: &Event) -> Option<F::Output> {
    let (mut future, mut set) = (pin!(future), pin!(event.wait()));
    future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => set.as_mut().poll(cx).map(|()| None),
    })
    .await
}
