//! Code that may not go on while a fence around it cuts (D5, D13), and how it is woken (D5a).
//!
//! As a rule it is dropped with the body of that fence. But it may be owned outside of the fence
//! and polled through something that polls only what was woken, such as a `FuturesUnordered`: so it
//! leaves its waker with the fence, which wakes it once it is over.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use crate::trigger::{Key, Waiters};

/// Those who wait until a fence is over. Dropped with the fence, it wakes those that are left.
#[derive(Default)]
pub(crate) struct Over(OnceCell<Arc<Waiters>>);

impl Over {
    /// The body is gone, so that they may be polled by others again.
    pub(crate) fn wake(&self) {
        if let Some(waiters) = self.0.get() {
            // A waker that panics must not cost the fence its value, or the others their wake.
            let _ = catch_unwind(AssertUnwindSafe(|| waiters.close()));
        }
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        self.wake();
    }
}

/// A place among those who wait for one fence; given up when it is dropped.
#[derive(Default)]
pub(crate) struct Blocked(Option<(Arc<Waiters>, Key)>);

impl Blocked {
    /// Waits for that fence, and for no other any more. One that is over wakes at once.
    pub(crate) fn wait(&mut self, over: &Over, waker: &Waker) {
        self.leave();
        let waiters = over.0.get_or_init(|| Arc::new(Waiters::new()));
        match waiters.insert(waker) {
            Some(key) => self.0 = Some((waiters.clone(), key)),
            None => waker.wake_by_ref(),
        }
    }

    /// Waits no more.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if let Some((waiters, key)) = self.0.take() {
            waiters.remove(key);
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        self.leave();
    }
}
