//! What keeps a fence from cutting for a while: a shield that has started, or cleanups inside.
//!
//! The fence counts its holds, and what holds it keeps its number. Both happen while the fence
//! is polling them. A hold that moved out of its fence meanwhile, into another task, leaves word
//! here, where the fence looks when it has fired and is still held up.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::util::{Mutex, MutexGuard, shared_static, unpoisoned};

/// One hold on the fence of that number, or (0) on none. Dropped, it lets go (`frames/hold.rs`).
#[derive(Debug, Default)]
pub(crate) struct Hold(pub(in crate::engine) u64);

/// The holds on a fence that moved out of it.
#[derive(Default)]
pub(in crate::engine) struct Strays {
    pub(in crate::engine) released: u32,
    /// How many there were when the fence ended.
    expected: Option<u32>,
    /// The fence that they hold since then, 0 for none.
    heir: u64,
    waker: Option<Waker>,
}

shared_static!(STRAYS: Mutex<BTreeMap<u64, Strays>> = Mutex::new(BTreeMap::new()));

fn locked() -> MutexGuard<'static, BTreeMap<u64, Strays>> {
    unpoisoned(STRAYS.lock())
}

fn take(fence: u64) -> Option<Strays> {
    locked().remove(&fence)
}

/// A hold that moved out of its fence lets go: whom to wake, and which fence it holds instead if
/// that has ended.
pub(in crate::engine) fn release_stray(fence: u64) -> (Option<Waker>, u64) {
    let mut all = locked();
    let strays = all.entry(fence).or_default();
    strays.released += 1;
    let found = (strays.waker.take(), strays.heir);
    if strays.expected.is_some_and(|all| strays.released >= all) {
        all.remove(&fence);
    }
    found
}

/// How many of the holds on a fence are left. It is woken when one of them lets go elsewhere.
pub(crate) fn remaining(fence: u64, holds: u32, waker: &Waker) -> u32 {
    if holds == 0 {
        return 0;
    }
    // Wakers are cloned and dropped outside of the lock: both are user code (D26).
    let strays = Strays {
        waker: Some(waker.clone()),
        ..Strays::default()
    };
    let before = locked().insert(fence, strays);
    let released = before.as_ref().map_or(0, |before| before.released);
    let left = holds.saturating_sub(released);
    if left == 0 {
        drop(take(fence));
    }
    left
}

/// A fence has ended while some of its holds were on their way elsewhere: in a set that is owned
/// outside of it, say. They hold its heir from now on, the fence around; how many there are.
pub(crate) fn fence_ended(fence: u64, holds: u32, heir: u64) -> u32 {
    let mut all = locked();
    let before = all.remove(&fence);
    let released = before.as_ref().map_or(0, |before| before.released);
    let left = holds.saturating_sub(released);
    if left > 0 {
        let strays = Strays {
            expected: Some(left),
            heir,
            ..Strays::default()
        };
        all.insert(fence, strays);
    }
    drop(all);
    // Its waker is user code, so it goes after the lock (D26).
    drop(before);
    left
}
