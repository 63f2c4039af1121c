//! What code inside of fences can ask and do.

pub(crate) mod ambient;
pub(crate) mod bound;
pub(crate) mod future_ext;
pub(crate) mod on_cancel;
pub(crate) mod shield;
pub(crate) mod wait_cancelled;
