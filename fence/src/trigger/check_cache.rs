//! A cache for `check`: nothing has fired in the whole process since the last look at the fences
//! of this thread, none of which had fired, and the earliest of their deadlines is ahead.
//!
//! A firing is noted before it can be seen and after it, as writers of a sequence lock do. A look
//! while one is on its way is not kept: it may have come too early, and the note that follows is
//! too late for a thread that sees the firing at once.

use std::cell::Cell;

use tokio::time::Instant;

use crate::util::{AtomicU64, Ordering, cell_per_thread, shared_static};

/// Added when a latch begins to fire.
const BEGUN: u64 = 1;
/// The bits that count those on their way; above them are those that have fired.
const ON_THE_WAY: u64 = 0xFFFF;
/// Added when it has.
const DONE: u64 = ON_THE_WAY;

/// No number of firings that is ever kept.
const UNKNOWN: u64 = u64::MAX;

shared_static!(FIRINGS: AtomicU64 = AtomicU64::new(0));

cell_per_thread! {
    /// How many had fired at the last look that found nothing, at any frame around. Frames that go
    /// leave it true, a new one does not.
    LOOKED: u64 = UNKNOWN;
    /// The earliest deadline of these frames.
    DEADLINE: Option<Instant> = None;
}

/// Publishes the firing of a latch: what any thread knows is out of date before anybody sees it.
pub(crate) fn while_firing<R>(publish: impl FnOnce() -> R) -> R {
    // Ordered before what `publish` releases, and so seen by all who see that.
    FIRINGS.fetch_add(BEGUN, Ordering::Relaxed);
    let published = publish();
    // Whoever looks with this number sees what was published.
    FIRINGS.fetch_add(DONE, Ordering::Release);
    published
}

/// A frame was added that nobody has looked at.
#[inline]
pub(crate) fn invalidate() {
    LOOKED.with(|looked| looked.set(UNKNOWN));
}

#[inline]
pub(crate) fn firings() -> u64 {
    FIRINGS.load(Ordering::Acquire)
}

/// Nothing had fired around this code when there had been that many firings, and nothing will that
/// is no latch before `deadline`.
#[inline]
pub(crate) fn store(firings: u64, deadline: Option<Instant>) {
    if firings & ON_THE_WAY == 0 {
        LOOKED.with(|looked| looked.set(firings));
        DEADLINE.with(|known| known.set(deadline));
    }
}

/// Whether what was stored still holds, so that `check` is `Ok` without a look.
#[inline]
pub(crate) fn is_valid() -> bool {
    LOOKED.with(Cell::get) == firings() && DEADLINE.with(Cell::get).is_none_or(is_ahead)
}

#[inline]
fn is_ahead(deadline: Instant) -> bool {
    Instant::now() < deadline
}
