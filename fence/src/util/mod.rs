//! Small parts that know nothing of fences.

mod catch_unwind;
mod never;
mod small_list;
mod sync;
mod waker_id;

pub(crate) use catch_unwind::{CatchUnwind, Caught, caught, message};
pub(crate) use never::Returns;
pub(crate) use small_list::SmallList;
pub(crate) use sync::{Mutex, MutexGuard, OnceLock, unpoisoned};
pub(crate) use waker_id::WakerId;
