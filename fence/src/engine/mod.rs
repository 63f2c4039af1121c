//! A fence: what it keeps, what it looks at, and in which order.

pub(crate) mod arming;
pub(crate) mod blocking;
pub(crate) mod decision;
pub(crate) mod engine;
pub(crate) mod fence;
pub(crate) mod first_poll;
pub(crate) mod frames;
pub(crate) mod handle;
pub(crate) mod poll;
pub(crate) mod record;
pub(crate) mod state;
pub(crate) mod teardown;
