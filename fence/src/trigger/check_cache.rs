//! A cache for `check`: nothing has fired in the whole process since the last look at the fences
//! of this thread, none of which had fired, and the earliest of their deadlines is ahead.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

/// How many latches have fired.
static FIRINGS: AtomicU64 = AtomicU64::new(0);

/// No number of firings.
const UNKNOWN: u64 = u64::MAX;

thread_local! {
    /// How many had fired at the last look that found nothing, at any frame around. Frames that go
    /// leave it true, a new one does not.
    static LOOKED: Cell<u64> = const { Cell::new(UNKNOWN) };
    /// The earliest deadline of these frames.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A latch fires: what any thread knows is out of date.
pub(crate) fn note_firing() {
    FIRINGS.fetch_add(1, Ordering::Release);
}

/// A frame was added that nobody has looked at.
#[inline]
pub(crate) fn invalidate() {
    LOOKED.set(UNKNOWN);
}

#[inline]
pub(crate) fn firings() -> u64 {
    FIRINGS.load(Ordering::Acquire)
}

/// Nothing had fired around this code when there had been that many firings, and nothing will that
/// is no latch before `deadline`.
#[inline]
pub(crate) fn store(firings: u64, deadline: Option<Instant>) {
    LOOKED.set(firings);
    DEADLINE.set(deadline);
}

/// Whether what was stored still holds, so that `check` is `Ok` without a look.
#[inline]
pub(crate) fn is_valid() -> bool {
    LOOKED.get() == firings() && DEADLINE.get().is_none_or(is_ahead)
}

#[inline]
fn is_ahead(deadline: Instant) -> bool {
    Instant::now() < deadline
}
