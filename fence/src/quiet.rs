//! The short way of `check`: nothing has fired in the whole process since the last look at the
//! fences of this thread, none of which had fired.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many latches have fired.
static FIRINGS: AtomicU64 = AtomicU64::new(0);

/// No number of firings.
const NEVER: u64 = u64::MAX;

thread_local! {
    /// How many had fired at the last look that found nothing, at any frame of the stack. Frames
    /// that go leave it true, a new one does not.
    static LOOKED: Cell<u64> = const { Cell::new(NEVER) };
}

/// A latch has fired.
pub(crate) fn disturb() {
    FIRINGS.fetch_add(1, Ordering::Release);
}

/// A frame was added that nobody has looked at.
#[inline]
pub(crate) fn forget() {
    LOOKED.set(NEVER);
}

#[inline]
pub(crate) fn firings() -> u64 {
    FIRINGS.load(Ordering::Acquire)
}

/// Nothing had fired on the whole stack, when there had been that many firings.
#[inline]
pub(crate) fn looked(firings: u64) {
    LOOKED.set(firings);
}

#[inline]
pub(crate) fn is_quiet() -> bool {
    LOOKED.get() == firings()
}
