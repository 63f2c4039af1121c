//! Small parts that know nothing of fences.

pub(crate) mod catch_unwind;
pub(crate) mod never;
pub(crate) mod small_list;
pub(crate) mod sync;
pub(crate) mod waker_id;
