//! A flag that wakes the one task that waits for it, and can be lowered again.

use std::task::Waker;

use crate::util::{AtomicBool, Mutex, Ordering, WakerId, contained, unpoisoned};

/// 1. It is raised before the waiter is taken, and looked at after one is left: so a waiter is
///    woken or refused.
/// 2. No waker is cloned, woken or dropped under the lock: all three are user code (D26).
#[derive(Default)]
pub(crate) struct Signal {
    is_raised: AtomicBool,
    /// Whether there is a waiter, so that a fence that has one need not lock.
    is_awaited: AtomicBool,
    waiter: Mutex<Option<Waker>>,
}

impl Signal {
    pub(crate) fn raise(&self) {
        self.is_raised.store(true, Ordering::Release);
    }

    /// Wakes the waiter, after raising it.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.replace(None) {
            waker.wake();
        }
    }

    pub(crate) fn lower(&self) {
        self.is_raised.store(false, Ordering::Release);
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.is_raised.load(Ordering::Acquire)
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.is_awaited.load(Ordering::Acquire)
    }

    /// Registers the waker in place of another one, and tells what it is known by; `None` if the
    /// signal is raised.
    pub(crate) fn wait(&self, waker: &Waker) -> Option<WakerId> {
        let clone = waker.clone();
        let id = WakerId::kept(waker, &clone);
        drop_contained(self.replace(Some(clone)));
        if self.is_raised() {
            self.leave();
            return None;
        }
        Some(id)
    }

    pub(crate) fn leave(&self) {
        drop_contained(self.replace(None));
    }

    fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        let mut waiter = unpoisoned(self.waiter.lock());
        self.is_awaited.store(waker.is_some(), Ordering::Release);
        std::mem::replace(&mut *waiter, waker)
    }
}

fn drop_contained(waker: Option<Waker>) {
    if let Some(waker) = waker {
        contained(|| drop(waker));
    }
}
