//! Does `#[fenced]` get along with other attributes on the same function?

use std::cell::Cell;
use std::time::Duration;
use tracing::instrument;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[fence::fenced(timeout = "1s")]
#[instrument]
async fn fenced_above(id: u32) -> usize {
    tokio::task::yield_now().await;
    ENTERED.get()
}

#[instrument]
#[fence::fenced(timeout = "1s")]
async fn fenced_below(id: u32) -> usize {
    tokio::task::yield_now().await;
    ENTERED.get()
}

#[fence::fenced(timeout = limit)]
#[instrument]
async fn a_pattern((limit, _): (Duration, u8)) {
    std::future::pending::<()>().await;
}

/// `#[async_trait]` has rewritten what the other two see.
#[async_trait::async_trait]
trait Boxed {
    async fn above(&self) -> fence::Fenced<usize>;
    async fn below(&self) -> fence::Fenced<usize>;
    async fn with_err(&self, fails: bool) -> Result<usize, Failed>;
    async fn with_ret(&mut self, id: &u32) -> fence::Fenced<usize>;
}

#[derive(Debug, PartialEq)]
struct Failed;

impl From<fence::Cancelled> for Failed {
    fn from(_: fence::Cancelled) -> Self {
        Self
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

struct Memory;

#[async_trait::async_trait]
impl Boxed for Memory {
    #[fence::fenced(timeout = "1s")]
    #[instrument(skip(self))]
    async fn above(&self) -> usize {
        tokio::task::yield_now().await;
        ENTERED.get()
    }

    #[instrument(skip(self))]
    #[fence::fenced(timeout = "1s")]
    async fn below(&self) -> usize {
        tokio::task::yield_now().await;
        ENTERED.get()
    }

    #[fence::fenced(timeout = "1s", try)]
    #[instrument(skip(self), err)]
    async fn with_err(&self, fails: bool) -> Result<usize, Failed> {
        tokio::task::yield_now().await;
        if fails {
            return Err(Failed);
        }
        Ok(ENTERED.get())
    }

    #[fence::fenced(timeout = "1s")]
    #[instrument(skip(self), ret)]
    async fn with_ret(&mut self, id: &u32) -> usize {
        tokio::task::yield_now().await;
        ENTERED.get() + (*id as usize)
    }
}

thread_local! {
    /// Each test has a thread.
    static ENTERED: Cell<usize> = const { Cell::new(0) };
}

/// Counts how many spans are entered right now.
struct Counting;

impl Subscriber for Counting {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {}
    fn enter(&self, _: &Id) {
        ENTERED.set(ENTERED.get() + 1);
    }
    fn exit(&self, _: &Id) {
        ENTERED.set(ENTERED.get() - 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_span_is_entered_while_the_body_runs() {
    let _guard = tracing::subscriber::set_default(Counting);
    assert_eq!(fenced_above(1).await.completed(), Some(1));
    assert_eq!(fenced_below(1).await.completed(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn the_span_is_entered_in_a_boxed_method_too() {
    let _guard = tracing::subscriber::set_default(Counting);
    assert_eq!(Memory.above().await.completed(), Some(1));
    assert_eq!(Memory.below().await.completed(), Some(1));
    assert_eq!(Memory.with_err(false).await, Ok(1));
    assert_eq!(Memory.with_err(true).await, Err(Failed));
    assert_eq!(Memory.with_ret(&1).await.completed(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn an_option_names_what_a_pattern_binds() {
    assert!(a_pattern((Duration::from_secs(1), 0)).await.is_cancelled());
}

#[fence::fenced(timeout = "1s")]
#[tokio::test(start_paused = true)]
async fn above_a_test() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// Built-in attributes stay with the function.
#[must_use = "read it"]
#[inline]
#[doc(alias = "fetch")]
#[allow(clippy::unused_self)]
#[cfg_attr(test, track_caller)]
#[fence::fenced(timeout = "1s")]
pub async fn built_in(#[allow(unused_variables)] unused: u8) -> u8 {
    #![allow(unused_variables)]
    let also_unused = 1;
    tokio::task::yield_now().await;
    1
}

#[tokio::test(start_paused = true)]
async fn built_in_attributes_are_kept() {
    assert_eq!(built_in(1).await.completed(), Some(1));
}

/// The lints of clippy see the function as it was written: none of them has anything to say.
#[deny(clippy::pedantic)]
#[must_use]
#[fence::fenced(timeout = "1s")]
pub async fn linted(_ignored: u8, mut count: u8) -> u8 {
    tokio::task::yield_now().await;
    count += 1;
    count
}

#[tokio::test(start_paused = true)]
async fn lints_of_clippy() {
    assert_eq!(linted(1, 1).await.completed(), Some(2));
}
