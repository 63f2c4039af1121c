//! Tasks that the fences around the spawning place enclose.

pub(crate) mod cancel_and_wait;
pub(crate) mod ended;
pub(crate) mod spawn;
pub(crate) mod task;
