//! What tests write again and again: time, polls by hand, wakers that count, logs.

mod log;
pub mod pages;
pub mod program;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

pub use self::log::Log;

#[must_use]
pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[must_use]
pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Stays pending.
pub async fn never() {
    std::future::pending::<()>().await;
}

/// Polls it once, with a waker that wakes nobody.
pub fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A waker, and how often it has been woken.
#[must_use]
pub fn counting_waker() -> (Waker, Arc<Wakes>) {
    let wakes = Arc::new(Wakes::default());
    (Waker::from(wakes.clone()), wakes)
}

#[derive(Debug, Default)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
