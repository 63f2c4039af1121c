//! The primitives of whatever threads share: the standard library's, or those of a checker while its
//! models run, loom's (small, and every order) or shuttle's (larger, and orders at random).

#[cfg(fence_loom)]
pub(crate) use loom as checker;
#[cfg(fence_shuttle)]
pub(crate) use shuttle as checker;
#[cfg(not(any(fence_loom, fence_shuttle)))]
use std as checker;

#[cfg(any(fence_loom, fence_shuttle))]
pub(crate) use self::modelled::OnceLock;
#[cfg(not(any(fence_loom, fence_shuttle)))]
pub(crate) use std::sync::OnceLock;

pub(crate) use self::checker::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering,
};
pub(crate) use self::checker::sync::{Mutex, MutexGuard};
use std::sync::{LockResult, PoisonError};

/// Cells that each thread has for itself; in a model, each thread of the model.
#[cfg(not(any(fence_loom, fence_shuttle)))]
macro_rules! cell_per_thread {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $init:expr;)*) => {
        thread_local! {
            $($(#[$doc])* static $name: Cell<$type> = const { Cell::new($init) };)*
        }
    };
}
#[cfg(any(fence_loom, fence_shuttle))]
macro_rules! cell_per_thread {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $init:expr;)*) => {
        $crate::util::checker::thread_local! {
            $($(#[$doc])* static $name: Cell<$type> = Cell::new($init);)*
        }
    };
}
pub(crate) use cell_per_thread;

/// What all threads share; in a model, made anew for each of its runs.
#[cfg(not(any(fence_loom, fence_shuttle)))]
macro_rules! shared_static {
    ($(#[$doc:meta])* $name:ident: $type:ty = $init:expr) => {
        $(#[$doc])* static $name: $type = $init;
    };
}
#[cfg(any(fence_loom, fence_shuttle))]
macro_rules! shared_static {
    ($(#[$doc:meta])* $name:ident: $type:ty = $init:expr) => {
        $crate::util::checker::lazy_static! { $(#[$doc])* static ref $name: $type = $init; }
    };
}
pub(crate) use shared_static;

/// The guard of a lock. No user code runs under our locks, so a poisoned one holds whole data.
pub(crate) fn unpoisoned<G>(locked: LockResult<G>) -> G {
    locked.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(any(fence_loom, fence_shuttle))]
mod modelled {
    use super::{AtomicBool, Mutex, Ordering, unpoisoned};

    /// std's `OnceLock` with its orderings made visible to a checker.
    #[derive(Debug)]
    pub(crate) struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_set: AtomicBool,
        setting: Mutex<()>,
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            Self::new()
        }
    }

    impl<T> OnceLock<T> {
        pub(crate) fn new() -> Self {
            Self {
                value: std::sync::OnceLock::new(),
                is_set: AtomicBool::new(false),
                setting: Mutex::new(()),
            }
        }

        pub(crate) fn get(&self) -> Option<&T> {
            if self.is_set.load(Ordering::Acquire) {
                self.value.get()
            } else {
                None
            }
        }

        pub(crate) fn set(&self, value: T) -> Result<(), T> {
            let _one_at_a_time = unpoisoned(self.setting.lock());
            self.value.set(value)?;
            self.is_set.store(true, Ordering::Release);
            Ok(())
        }

        pub(crate) fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
            if let Some(value) = self.get() {
                return value;
            }
            let _one_at_a_time = unpoisoned(self.setting.lock());
            let value = self.value.get_or_init(init);
            self.is_set.store(true, Ordering::Release);
            value
        }

        pub(crate) fn take(&mut self) -> Option<T> {
            self.value.take()
        }
    }
}
