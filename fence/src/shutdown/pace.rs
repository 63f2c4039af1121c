//! Who sets the events of a timeline in time: a plain thread, which no runtime holds up.
//!
//! Only where the clock of the runtime is paused, in a test, a task does it, on that clock; should
//! its runtime be gone before the end, the thread goes on from there. A timeline that is dropped
//! takes both with it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::shutdown::timeline::{Stage, Timeline, before};
use crate::util::unpoisoned;

/// What those who wait for a stage have before the next one, should it come at once: otherwise
/// which of them runs first would be anybody's guess.
const HEAD_START: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(super) struct Pace {
    /// To the thread. It ends once this is dropped.
    thread: Option<Sender<Tell>>,
    /// The runtime that was there in the beginning, if any: signals come in no runtime.
    runtime: Option<Handle>,
    task: OnceLock<TaskGuard>,
}

/// What the thread is told.
enum Tell {
    /// The time runs, from here on by the thread's clock.
    Go,
    /// An event was set.
    Hurry,
}

/// Aborts the task along with the timeline.
struct TaskGuard(AbortHandle);

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Pace {
    pub(super) fn start(timeline: Weak<Timeline>) -> io::Result<Self> {
        let (thread, told) = channel();
        let builder = thread::Builder::new().name("fence-shutdown".to_owned());
        builder.spawn(move || wait_for_begin(&timeline, &told))?;
        Ok(Self {
            thread: Some(thread),
            runtime: Handle::try_current().ok(),
            task: OnceLock::new(),
        })
    }

    pub(super) fn begin(&self, timeline: &Arc<Timeline>) {
        let runtime = Handle::try_current().ok().or_else(|| self.runtime.clone());
        match runtime.filter(is_paused) {
            Some(runtime) => {
                let handover = Handover(self.thread.clone());
                let task = runtime.spawn(follow(Arc::downgrade(timeline), handover));
                // It begins once.
                let _ = self.task.set(TaskGuard(task.abort_handle()));
            }
            None => self.tell(Tell::Go),
        }
    }

    /// A stage has come early.
    pub(super) fn hurry(&self) {
        self.tell(Tell::Hurry);
    }

    fn tell(&self, tell: Tell) {
        if let Some(thread) = &self.thread {
            // It is there until the plan is over.
            let _ = thread.send(tell);
        }
    }
}

/// Has the thread take over if the task goes with its runtime.
struct Handover(Option<Sender<Tell>>);

impl Drop for Handover {
    fn drop(&mut self) {
        if let Some(thread) = &self.0 {
            let _ = thread.send(Tell::Go);
        }
    }
}

async fn follow(timeline: Weak<Timeline>, mut handover: Handover) {
    for stage in Stage::ALL {
        let Some((span, event)) = timeline
            .upgrade()
            .map(|timeline| (timeline.span(stage), timeline.event(stage).clone()))
        else {
            return;
        };
        before(sleep(span), &event).await;
        if let Some(timeline) = timeline.upgrade() {
            // A waker that panics has told by that.
            let _ = catch_unwind(AssertUnwindSafe(|| timeline.set(stage)));
        }
    }
    handover.0 = None;
    if let Some(timeline) = timeline.upgrade() {
        timeline.end();
    }
}

fn wait_for_begin(timeline: &Weak<Timeline>, told: &Receiver<Tell>) {
    while let Ok(tell) = told.recv() {
        if matches!(tell, Tell::Go) {
            return follow_on_thread(timeline, told);
        }
    }
}

fn follow_on_thread(timeline: &Weak<Timeline>, told: &Receiver<Tell>) {
    for stage in Stage::ALL {
        if wait_for(stage, timeline, told).is_none() {
            return;
        }
    }
    if let Some(timeline) = timeline.upgrade() {
        timeline.end();
    }
}

/// Waits until a stage has come, and sets its event; `None` if the timeline is gone.
fn wait_for(stage: Stage, timeline: &Weak<Timeline>, told: &Receiver<Tell>) -> Option<()> {
    let start = Instant::now();
    loop {
        let this = timeline.upgrade()?;
        let mut span = this.span(stage);
        if !this.has_woken_before(stage) {
            span = span.max(HEAD_START);
        }
        let left = span.saturating_sub(start.elapsed());
        if left.is_zero() || this.event(stage).is_set() {
            if this.publish(stage) {
                apart(move || this.wake(stage));
            }
            return Some(());
        }
        drop(this);
        if matches!(told.recv_timeout(left), Err(RecvTimeoutError::Disconnected)) {
            return None;
        }
    }
}

/// Runs what wakes others on a thread of its own, as a waker may block, and the plan has to go on.
pub(super) fn apart(f: impl FnOnce() + Send + 'static) {
    let f = Arc::new(Mutex::new(Some(f)));
    let on_thread = f.clone();
    let builder = thread::Builder::new().name("fence-shutdown".to_owned());
    if builder.spawn(move || call(&on_thread)).is_err() {
        // As good as it gets.
        call(&f);
    }
}

fn call(f: &Mutex<Option<impl FnOnce()>>) {
    let f = unpoisoned(f.lock()).take();
    if let Some(f) = f {
        f();
    }
}

/// Whether the clock of the runtime stands still.
fn is_paused(runtime: &Handle) -> bool {
    let _inside = runtime.enter();
    let (before, start) = (tokio::time::Instant::now(), Instant::now());
    while start.elapsed() == Duration::ZERO {
        std::hint::spin_loop();
    }
    tokio::time::Instant::now() == before
}
