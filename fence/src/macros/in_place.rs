//! How a `fenced!` block written as `{ … }` is left.
//!
//! Such a block runs inside an `async` block, which evaluates to what the function around it
//! returns: so a `return` or a `?` means what it says, and none has to be rewritten. The value of
//! the block itself goes out by a slot, and the `async` block, which has nothing to return then,
//! tells its [`Body`] that it has ended and stays pending.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::outcome::Fenced;

/// A block that may return an `R` from the function around it.
#[derive(Debug)]
pub struct Block<R> {
    // Written and read in the same poll. Not a `Cell`, as the block may be polled by any thread.
    has_ended: AtomicBool,
    returns: PhantomData<fn() -> R>,
}

impl<R> Block<R> {
    /// A block that has not ended.
    #[expect(clippy::new_without_default, reason = "the macros know what they want")]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            has_ended: AtomicBool::new(false),
            returns: PhantomData,
        }
    }

    /// Nothing, but of the type that is returned.
    #[must_use]
    pub fn never(&self) -> Option<R> {
        None
    }

    /// The code of the block.
    pub fn body<F: Future<Output = R>>(&self, code: F) -> Body<'_, F> {
        Body {
            has_ended: &self.has_ended,
            code,
        }
    }

    /// What the code awaits when it has put its value, or a note, where it is looked for.
    pub const fn end(&self) -> End<'_> {
        End(&self.has_ended)
    }
}

pin_project! {
    /// Ends with what is returned from the function, or with nothing when the code has ended.
    #[derive(Debug)]
    pub struct Body<'a, F> {
        has_ended: &'a AtomicBool,
        #[pin]
        code: F,
    }
}

impl<F: Future> Future for Body<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = self.project();
        match this.code.poll(cx) {
            Poll::Ready(returned) => Poll::Ready(Some(returned)),
            Poll::Pending if this.has_ended.load(Relaxed) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Says that the block has ended, and nothing more.
#[derive(Debug)]
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct End<'a>(&'a AtomicBool);

impl Future for End<'_> {
    type Output = Infallible;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Infallible> {
        self.0.store(true, Relaxed);
        Poll::Pending
    }
}

/// What became of a block: its own outcome, or what is to be returned.
///
/// # Errors
///
/// What is to be returned.
pub fn left<R, V>(ended: Fenced<Option<R>>, slot: Option<V>) -> Result<Fenced<V>, R> {
    match ended {
        Fenced::Completed(Some(returned)) => Err(returned),
        Fenced::Completed(None) => Ok(Fenced::Completed(filled(slot))),
        Fenced::Cancelled(why) => Ok(Fenced::Cancelled(why)),
    }
}

/// The value of a block that returns nothing, if it has not been left by a `break`.
#[derive(Debug)]
pub struct Value<V>(pub Option<V>);

/// The outcome of a block that has not been left.
pub fn value<V>(ended: Fenced<Value<V>>) -> Fenced<V> {
    ended.map(|Value(value)| filled(value))
}

fn filled<V>(slot: Option<V>) -> V {
    match slot {
        Some(value) => value,
        None => unreachable!("a block that has not been left has a value"),
    }
}
