//! The primitives of the lock-free parts: the standard library's, or loom's while a model runs.

#[cfg(not(fence_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard, OnceLock,
    atomic::{AtomicU64, Ordering},
};

#[cfg(fence_loom)]
pub(crate) use self::modelled::OnceLock;
#[cfg(fence_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

use std::sync::{LockResult, PoisonError};

/// Cells that each thread has for itself; in a model, each thread of the model.
#[cfg(not(fence_loom))]
macro_rules! cell_per_thread {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $init:expr;)*) => {
        thread_local! {
            $($(#[$doc])* static $name: Cell<$type> = const { Cell::new($init) };)*
        }
    };
}
#[cfg(fence_loom)]
macro_rules! cell_per_thread {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $init:expr;)*) => {
        loom::thread_local! { $($(#[$doc])* static $name: Cell<$type> = Cell::new($init);)* }
    };
}
pub(crate) use cell_per_thread;

/// The guard of a lock. No user code runs under our locks, so a poisoned one holds whole data.
pub(crate) fn unpoisoned<G>(locked: LockResult<G>) -> G {
    locked.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(fence_loom)]
mod modelled {
    use loom::sync::Mutex;
    use loom::sync::atomic::{AtomicBool, Ordering};

    /// std's `OnceLock` with its orderings made visible to loom.
    #[derive(Debug)]
    pub(crate) struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_set: AtomicBool,
        setting: Mutex<()>,
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
            let _one_at_a_time = super::unpoisoned(self.setting.lock());
            self.value.set(value)?;
            self.is_set.store(true, Ordering::Release);
            Ok(())
        }
    }
}
