//! What may fire: the trait, events, tokens, time.

#[cfg(feature = "tokio-util")]
mod cancellation_token;
pub(crate) mod check_cache;
pub(crate) mod event;
pub(crate) mod latch;
#[cfg(all(test, fence_loom))]
mod loom_models;
pub(crate) mod source;
pub(crate) mod time;
pub(crate) mod trigger;
pub(crate) mod waiters;
