//! Tasks that are polled by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use crate::real::{Future, World};

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub struct Task {
    pub body: Option<Future>,
    woken: Arc<Flag>,
    idle: u32,
}

impl Task {
    pub fn new(body: Future) -> Self {
        Self {
            body: Some(body),
            woken: Arc::new(Flag(AtomicBool::new(true))),
            idle: 0,
        }
    }

    /// Polls it once, and checks that it was woken if there was anything to do, and not forever
    /// if there was nothing.
    pub fn poll(&mut self, world: &World) {
        let Some(body) = &mut self.body else { return };
        let woken = self.woken.0.swap(false, Ordering::SeqCst);
        let lines = || world.record.lock().unwrap().lines.len();
        let before = lines();
        let waker = Waker::from(self.woken.clone());
        let poll = body.as_mut().poll(&mut Context::from_waker(&waker));
        let is_busy = poll.is_ready() || lines() > before;
        // One that asks sees a fence in another task fire before that has told anybody.
        let asked = || world.has_been_told(before);
        assert!(woken || !is_busy || asked(), "nobody woke the task");
        self.idle += u32::from(woken && !is_busy);
        assert!(self.idle < 60, "the task spins");
        if poll.is_ready() {
            self.body = None;
        }
    }
}
