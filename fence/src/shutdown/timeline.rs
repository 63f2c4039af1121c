//! What a shutdown does when: the engine behind a `Shutdown`.
//!
//! 1. `begun`, `soft`, `hard` and `over` are set in this order, each once. `soft` may be set by
//!    others, as it is the event of the process: then it has begun as well.
//! 2. One task sets them. Whoever waits, waits for an event and never for the task.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::{process, thread};

use tokio::time::sleep;

use crate::outcome::{Firing, ReasonKind};
use crate::shutdown::plan::ShutdownPlan;
use crate::trigger::Event;

pub(crate) struct Timeline {
    pub(crate) plan: ShutdownPlan,
    /// Somebody wants it to end: not ready any more.
    pub(crate) begun: Event,
    /// What may be interrupted is: `"shutdown"`.
    pub(crate) soft: Event,
    /// What is still there should give up: `"shutdown-hard"`.
    pub(crate) hard: Event,
    /// Nobody waits any longer.
    pub(crate) over: Event,
}

impl Timeline {
    pub(crate) fn start(plan: ShutdownPlan, soft: Event, hard: Event) -> Arc<Self> {
        let timeline = Arc::new(Self {
            plan,
            begun: Event::new(),
            soft,
            hard,
            over: Event::new(),
        });
        tokio::spawn(timeline.clone().follow());
        timeline
    }

    async fn follow(self: Arc<Self>) {
        before(self.begun.wait(), &self.soft).await;
        if let Some(firing) = self.soft.latch().firing() {
            self.begin(firing.clone());
        }
        before(sleep(self.plan.pre_drain), &self.soft).await;
        self.cut();
        sleep(self.plan.drain).await;
        self.set(&self.hard);
        sleep(self.plan.hard).await;
        self.set(&self.over);
    }

    /// `false` if it had begun.
    pub(crate) fn begin(&self, firing: Firing) -> bool {
        self.begun.latch().fire(firing)
    }

    /// A signal came.
    pub(crate) fn signalled(&self, name: &'static str) {
        self.begin(Firing::new(ReasonKind::Event).because(name).unlocated());
    }

    /// Nobody is served any longer: there is nothing to wait for before what is left is cut.
    pub(crate) fn finish(&self, why: &'static str) {
        self.signalled(why);
        self.cut();
    }

    fn cut(&self) {
        self.set(&self.soft);
    }

    /// Ends the process soon, from a thread, as the runtime may be about to go.
    pub(crate) fn exit(&self) {
        let slack = self.plan.slack();
        let exit = move || {
            thread::sleep(slack);
            process::exit(1)
        };
        let thread = thread::Builder::new().name("fence-shutdown".to_owned());
        // Without a thread it is up to the supervisor.
        drop(thread.spawn(exit));
    }

    /// Sets it for the reason for which all of it has begun.
    fn set(&self, event: &Event) {
        if let Some(begun) = self.begun.latch().firing() {
            event.latch().fire(begun.again());
        }
    }
}

/// What the future returns, unless the event is set first. A value that is ready is kept (D3).
pub(crate) async fn before<F: Future>(future: F, event: &Event) -> Option<F::Output> {
    let (mut future, mut set) = (pin!(future), pin!(event.wait()));
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => set.as_mut().poll(cx).map(|()| None),
    })
    .await
}
