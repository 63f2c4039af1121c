//! A set of futures with a waker each, of which only those are polled that were woken.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use crate::real::Future;

/// Unlike `FuturesUnordered` it polls and drops its parts in their order.
pub struct Woken {
    parts: Vec<(Option<Future>, Arc<Part>)>,
    outer: Arc<Mutex<Option<Waker>>>,
}

struct Part {
    woken: AtomicBool,
    outer: Arc<Mutex<Option<Waker>>>,
}

impl Wake for Part {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        let outer = self.outer.lock().unwrap().clone();
        if let Some(outer) = outer {
            outer.wake();
        }
    }
}

impl Woken {
    pub fn new(parts: impl Iterator<Item = Future>) -> Self {
        let outer = Arc::default();
        let part = |part| {
            let woken = AtomicBool::new(true);
            let outer = Arc::clone(&outer);
            (Some(part), Arc::new(Part { woken, outer }))
        };
        let parts = parts.map(part).collect();
        Self { parts, outer }
    }

    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|(part, _)| part.is_none())
    }

    /// Polls until nobody is woken any more: ready if a part has ended, or all had.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        *self.outer.lock().unwrap() = Some(cx.waker().clone());
        let mut ended = self.is_empty();
        for _ in 0..100 {
            let mut is_busy = false;
            for (part, woken) in &mut self.parts {
                let is_woken = woken.woken.swap(false, Ordering::SeqCst);
                let Some(future) = part.as_mut().filter(|_| is_woken) else {
                    continue;
                };
                is_busy = true;
                let waker = Waker::from(woken.clone());
                if future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
                {
                    *part = None;
                    ended = true;
                }
            }
            if !is_busy {
                return if ended {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                };
            }
        }
        panic!("a part of a set spins");
    }
}
