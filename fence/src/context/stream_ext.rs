//! The verb of `Fencing` for streams.

use futures_core::Stream;

use crate::engine::FencedStream;
use crate::fencing::Fencing;

/// Fences a stream, as [`FutureExt`](crate::FutureExt) does a future.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, StreamExt as _};
/// use futures::{StreamExt as _, stream};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let chunks = stream::iter(["one", "two"]).chain(stream::pending());
/// let mut chunks = chunks.fenced(&Fencing::new().idle(Duration::from_secs(60)));
/// assert_eq!(chunks.next().await.unwrap().unwrap(), "one");
/// assert_eq!(chunks.next().await.unwrap().unwrap(), "two");
/// let why = chunks.next().await.unwrap().unwrap_err();
/// assert_eq!(why.to_string(), "cancelled: idle: nothing for 60s");
/// # }
/// ```
pub trait StreamExt: Stream + Sized {
    /// One fence around the whole stream, which yields `Result`s: its reasons are the last item.
    ///
    /// It looks at what has fired before each item, so that a stream that is always ready stops
    /// between two of them, and after the stream was pending. An item that is ready is never lost:
    /// it comes first, then the reasons. Each item is [`progress`](crate::progress), and the clock
    /// of an [idle limit](Fencing::idle) runs only while an item is being waited for; all other
    /// limits run on while the reader is busy. A fence around the reader that cuts keeps the next
    /// item from being taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing, StreamExt as _};
    /// use futures::{StreamExt as _, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let mut ticks = stream::iter(0..).fenced(&Fencing::new().on("stop", &stop));
    /// let mut seen = Vec::new();
    /// while let Some(Ok(tick)) = ticks.next().await {
    ///     seen.push(tick);
    ///     if tick == 2 {
    ///         stop.set();
    ///     }
    /// }
    /// assert_eq!(seen, [0, 1, 2]);
    /// # }
    /// ```
    fn fenced(self, fencing: &Fencing) -> FencedStream<Self> {
        FencedStream::of(fencing.clone(), self)
    }
}

impl<S: Stream> StreamExt for S {}
