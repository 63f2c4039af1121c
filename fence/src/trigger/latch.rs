//! A one-shot flag that remembers its firing: what an `Event` and a `Handle` are made of.

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ops::Deref;

use crate::outcome::Firing;
use crate::trigger::check_cache;
use crate::trigger::waiters::{Key, Waiters};
use crate::util::{OnceLock, cell_per_thread, contained};

cell_per_thread! {
    /// How often code on this thread has fired something: for a task that fires what encloses it.
    FIRED_HERE: u64 = 0;
}

/// How often code on this thread has fired something.
pub(crate) fn fired_here() -> u64 {
    FIRED_HERE.with(Cell::get)
}

pub(crate) fn note_fired_here() {
    FIRED_HERE.with(|fired| fired.set(fired.get().wrapping_add(1)));
}

pub(crate) struct Latch {
    firing: OnceLock<Firing>,
    pub(crate) waiters: Waiters,
}

/// A latch alone in its cache lines: two busy events side by side would slow each other down. Room
/// around it keeps others away as well as an alignment would, which allocators take long to
/// provide.
#[repr(C)]
pub(crate) struct Secluded {
    _before: Room,
    latch: Latch,
    _after: Room,
}

/// One cache line, never read or written. Processors fetch them in pairs: so two stand between.
type Room = MaybeUninit<[u64; 8]>;

impl Secluded {
    pub(crate) fn new() -> Self {
        Self {
            _before: Room::uninit(),
            latch: Latch::new(),
            _after: Room::uninit(),
        }
    }
}

impl Deref for Secluded {
    type Target = Latch;

    #[inline]
    fn deref(&self) -> &Latch {
        &self.latch
    }
}

impl Latch {
    pub(crate) fn new() -> Self {
        Self {
            firing: OnceLock::new(),
            waiters: Waiters::new(),
        }
    }

    /// Fires; `false` if it had fired before. Either way it has fired when this returns.
    pub(crate) fn fire(&self, firing: Firing) -> bool {
        note_fired_here();
        let is_first = self.publish(firing);
        if is_first {
            self.wake();
        }
        is_first
    }

    /// Fires as a consequence of what has fired elsewhere. A waker that panics is then nobody's
    /// concern.
    pub(crate) fn tell(&self, firing: Firing) {
        if self.publish(firing) {
            contained(|| self.wake());
        }
    }

    /// Fires without waking anybody; if this is `true` the caller sees to [`wake`](Self::wake).
    pub(crate) fn publish(&self, firing: Firing) -> bool {
        // Also the cause of one that comes too late is dropped outside of the note: user code
        // (D26).
        !self.is_fired() && check_cache::while_firing(|| self.firing.set(firing)).is_ok()
    }

    /// Wakes those who wait for what has fired.
    pub(crate) fn wake(&self) {
        self.waiters.close();
    }

    /// Takes a waiter back. Once it has fired all of them are gone, or going: `fire` sees to it.
    #[inline]
    pub(crate) fn leave(&self, key: Key) {
        if !self.is_fired() {
            self.waiters.remove(key);
        }
    }

    /// One atomic load.
    #[inline]
    pub(crate) fn is_fired(&self) -> bool {
        self.firing.get().is_some()
    }

    pub(crate) fn firing(&self) -> Option<&Firing> {
        self.firing.get()
    }
}
