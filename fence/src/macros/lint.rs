//! What the macros warn about: each returns what ought to be used, and the reason is the text.

/// A body that cannot be cancelled.
#[must_use = "this body has no `.await`, so nothing in it can be cancelled"]
pub trait FenceWithoutAnAwait {}

/// A call that holds the thread.
#[must_use = "`std::thread::sleep` blocks the thread, and a fence can only act at an `.await`; \
              use `tokio::time::sleep(…).await`"]
pub trait ThreadSleepInAFence {}

/// Another one.
#[must_use = "`block_on` blocks the thread, and a fence can only act at an `.await`; await the future"]
pub trait BlockOnInAFence {}

impl FenceWithoutAnAwait for () {}
impl ThreadSleepInAFence for () {}
impl BlockOnInAFence for () {}

/// Warns of it.
pub const fn fence_without_an_await() -> impl FenceWithoutAnAwait {}

/// Warns of it.
pub const fn thread_sleep_in_a_fence() -> impl ThreadSleepInAFence {}

/// Warns of it.
pub const fn block_on_in_a_fence() -> impl BlockOnInAFence {}
