//! What keeps a fence from cutting for a while: a shield that has started, or cleanups inside.
//!
//! The fence counts its holds, and whoever holds it keeps its number. Both happen while the fence
//! is polling them. A hold that moved out of its fence meanwhile, into another task, leaves word
//! here, where the fence looks when it has fired and is still held up.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// One hold on the fence of that number, or (0) on none. Dropped, it lets go (`frames/hold.rs`).
#[derive(Debug, Default)]
pub(crate) struct Hold(pub(in crate::engine) u64);

/// The holds on a fence that moved out of it.
#[derive(Default)]
pub(in crate::engine) struct Astray {
    pub(in crate::engine) released: u32,
    /// How many there were when the fence ended.
    expected: Option<u32>,
    waker: Option<Waker>,
}

static ASTRAY: Mutex<BTreeMap<u64, Astray>> = Mutex::new(BTreeMap::new());

fn locked() -> MutexGuard<'static, BTreeMap<u64, Astray>> {
    ASTRAY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(fence: u64) -> Option<Astray> {
    locked().remove(&fence)
}

/// Changes what is known of a fence, and forgets it once nothing is missing any more.
pub(in crate::engine) fn word(fence: u64, change: impl FnOnce(&mut Astray)) -> Option<Waker> {
    let mut all = locked();
    let astray = all.entry(fence).or_default();
    change(astray);
    let waker = astray.waker.take();
    if astray.expected.is_some_and(|all| astray.released >= all) {
        all.remove(&fence);
    }
    waker
}

/// How many of the holds on a fence are left. It is woken when one of them lets go elsewhere.
pub(crate) fn left(fence: u64, holds: u32, waker: &Waker) -> u32 {
    if holds == 0 {
        return 0;
    }
    // Wakers are cloned and dropped outside of the lock: both are user code (D26).
    let astray = Astray {
        waker: Some(waker.clone()),
        ..Astray::default()
    };
    let before = locked().insert(fence, astray);
    let released = before.as_ref().map_or(0, |before| before.released);
    let left = holds.saturating_sub(released);
    if left == 0 {
        drop(take(fence));
    }
    left
}

/// A fence has ended while that many holds were on their way elsewhere.
pub(crate) fn ended(fence: u64, holds: u32) {
    if holds == 0 {
        drop(take(fence));
    } else {
        drop(word(fence, |astray| astray.expected = Some(holds)));
    }
}
