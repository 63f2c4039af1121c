//! The latch under every interleaving that loom can find.
//!
//! Run with `RUSTFLAGS="--cfg fence_loom" cargo test -p tokio-fence --lib --release models`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use loom::thread;

use crate::outcome::{Firing, ReasonKind};
use crate::trigger::check_cache;
use crate::trigger::latch::Latch;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (count.clone(), Waker::from(count))
    }

    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn fire(latch: &Latch) -> bool {
    let is_first = latch.fire(Firing::new(ReasonKind::Event));
    assert!(
        latch.is_fired(),
        "fired when `fire` returns, whoever was first"
    );
    is_first
}

/// Starts a thread that fires.
fn firing(latch: &Arc<Latch>) -> thread::JoinHandle<bool> {
    let latch = latch.clone();
    thread::spawn(move || fire(&latch))
}

#[test]
fn fired_between_check_and_registration() {
    loom::model(|| {
        let latch = Arc::new(Latch::new());
        let setter = firing(&latch);
        let (count, waker) = Count::new();
        let must_wake = !latch.is_fired() && latch.waiters.insert(&waker).is_some();
        assert!(setter.join().unwrap());
        assert_eq!(
            count.woken(),
            usize::from(must_wake),
            "woken once if registered"
        );
        assert_eq!(latch.waiters.len(), 0);
    });
}

#[test]
fn two_setters() {
    loom::model(|| {
        let latch = Arc::new(Latch::new());
        let (count, waker) = Count::new();
        latch.waiters.insert(&waker);
        let other = firing(&latch);
        let firsts = usize::from(fire(&latch)) + usize::from(other.join().unwrap());
        assert_eq!((firsts, count.woken()), (1, 1));
    });
}

#[test]
fn dropped_while_it_is_set() {
    loom::model(|| {
        let latch = Arc::new(Latch::new());
        let (count, waker) = Count::new();
        let key = latch.waiters.insert(&waker).unwrap();
        let setter = firing(&latch);
        latch.leave(key);
        setter.join().unwrap();
        assert!(count.woken() <= 1);
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1, "the list keeps no waker");
    });
}

#[test]
fn waker_changed_while_it_is_set() {
    loom::model(|| {
        let latch = Arc::new(Latch::new());
        let (_, old) = Count::new();
        let key = latch.waiters.insert(&old).unwrap();
        let setter = firing(&latch);
        let (count, new) = Count::new();
        latch.leave(key);
        let is_registered = latch.waiters.insert(&new).is_some();
        setter.join().unwrap();
        assert_eq!(
            count.woken(),
            usize::from(is_registered),
            "the new one is woken or refused"
        );
    });
}

/// In a model the first visit makes the shards.
#[test]
fn sharded_while_it_is_set() {
    static SHARDED: AtomicBool = AtomicBool::new(false);
    loom::model(|| {
        let latch = Arc::new(Latch::new());
        let setter = firing(&latch);
        let registrar = {
            let latch = latch.clone();
            thread::spawn(move || register_twice(&latch))
        };
        let (count, expected) = register_twice(&latch);
        setter.join().unwrap();
        let (other, other_expected) = registrar.join().unwrap();
        assert_eq!((count.woken(), other.woken()), (expected, other_expected));
        SHARDED.fetch_or(latch.waiters.is_sharded(), Ordering::SeqCst);
        assert_eq!(latch.waiters.len(), 0);
    });
    assert!(
        SHARDED.load(Ordering::SeqCst),
        "some interleaving reached the shards"
    );
}

/// Registers twice, the second time in a shard if the first met another thread.
fn register_twice(latch: &Latch) -> (Arc<Count>, usize) {
    let (count, waker) = Count::new();
    let keys = [latch.waiters.insert(&waker), latch.waiters.insert(&waker)];
    (count, keys.iter().flatten().count())
}

/// What `check` does: the short way, or a look that is kept if it finds nothing.
fn check(latch: &Latch) -> bool {
    if check_cache::is_valid() {
        return true;
    }
    let firings = check_cache::firings();
    let has_fired = latch.is_fired();
    if !has_fired {
        check_cache::store(firings, None);
    }
    !has_fired
}

/// Fails without either of the two notes in `check_cache::while_firing`, and if a look is kept
/// while a firing is on its way (`check_cache::store`), also if that firing is noted twice.
#[test]
fn asked_while_it_is_set() {
    loom::model(|| {
        let latch = Arc::new(Latch::new());
        let setter = firing(&latch);
        check(&latch);
        if latch.is_fired() {
            assert!(!check(&latch), "`check` lags behind `is_set`");
        }
        setter.join().unwrap();
        assert!(!check(&latch));
        let other = Latch::new();
        assert!(
            check(&other) && check_cache::is_valid(),
            "a later look is kept"
        );
    });
}
