//! Small parts that know nothing of fences.

mod catch_unwind;
mod never;
mod now;
mod one_line;
mod panics;
mod small_list;
mod sync;
mod versions;
mod waker_id;

pub(crate) use catch_unwind::{CatchUnwind, Caught, caught, message};
pub use never::Returns;
pub(crate) use now::now;
pub(crate) use one_line::OneLine;
pub(crate) use panics::{Panics, contained};
pub(crate) use small_list::SmallList;
#[cfg(any(fence_loom, fence_shuttle))]
pub(crate) use sync::checker;
pub(crate) use sync::{
    AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Mutex, MutexGuard, OnceLock, Ordering,
    cell_per_thread, shared_static, unpoisoned,
};
pub(crate) use versions::Versions;
pub(crate) use waker_id::WakerId;
