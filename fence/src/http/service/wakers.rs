//! Those who wait for the body of a request.

use std::sync::Mutex;
use std::task::Waker;

use crate::util::unpoisoned;

/// Wakes both.
#[derive(Default)]
pub(crate) struct WakeBoth {
    pub(crate) handler: Slot,
    pub(crate) watcher: Slot,
}

impl WakeBoth {
    pub(crate) fn wake(&self) {
        self.handler.wake();
        self.watcher.wake();
    }
}

/// A waker, if anybody waits.
#[derive(Default)]
pub(crate) struct Slot(Mutex<Option<Waker>>);

impl Slot {
    pub(crate) fn set(&self, waker: &Waker) {
        let is_same = |known: &Waker| known.will_wake(waker);
        if unpoisoned(self.0.lock()).as_ref().is_some_and(is_same) {
            return;
        }
        // Wakers are user code: cloned and dropped outside of the lock (D26).
        let fresh = Some(waker.clone());
        let before = std::mem::replace(&mut *unpoisoned(self.0.lock()), fresh);
        drop(before);
    }

    pub(crate) fn wake(&self) {
        let waker = unpoisoned(self.0.lock()).take();
        waker.into_iter().for_each(Waker::wake);
    }
}
