//! Tasks that are polled by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::real::{Future, World};

/// How often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub struct Task {
    pub body: Option<Future>,
    count: Arc<Count>,
    waker: Waker,
    /// As often as it had been woken before its last poll.
    seen: Option<usize>,
    idle: u32,
    /// Others are woken by its waker.
    is_shared: bool,
}

impl Task {
    pub fn new(body: Future) -> Self {
        let count = Arc::new(Count::default());
        Self {
            body: Some(body),
            waker: Waker::from(count.clone()),
            count,
            seen: None,
            idle: 0,
            is_shared: false,
        }
    }

    /// One with the same waker.
    pub fn beside(&self, body: Future) -> Self {
        Self {
            count: self.count.clone(),
            waker: self.waker.clone(),
            is_shared: true,
            ..Self::new(body)
        }
    }

    /// Polls it once, and checks that it was woken if there was anything to do, and not forever
    /// if there was nothing.
    pub fn poll(&mut self, world: &World) {
        let Some(body) = &mut self.body else { return };
        let count = self.count.0.load(Ordering::SeqCst);
        let woken = self.seen.replace(count) != Some(count);
        let lines = || world.record.lock().unwrap().lines.len();
        let before = lines();
        let mut cx = Context::from_waker(&self.waker);
        let poll = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut cx)));
        let poll = poll.unwrap_or_else(|panic| {
            world.died(&*panic);
            Poll::Ready(())
        });
        let is_busy = poll.is_ready() || lines() > before;
        assert!(woken || !is_busy, "nobody woke the task");
        self.idle += u32::from(woken && !is_busy && !self.is_shared);
        assert!(self.idle < 60, "the task spins");
        if poll.is_ready() {
            self.body = None;
        }
    }
}
