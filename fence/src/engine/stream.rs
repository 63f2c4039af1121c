//! A stream that is a fence: the items are handed out while the body is pending.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

use crate::engine::engine::{Body, Core, Engine};
use crate::engine::frames::current;
use crate::engine::handle::Handle;
use crate::engine::poll::Between;
use crate::engine::state::timer::Timer;
use crate::fencing::Fencing;
use crate::outcome::Cancelled;
use crate::util::contained;

pin_project! {
    /// A stream with one fence around all of it; made by [`StreamExt::fenced`].
    ///
    /// It yields `Ok` for each item and, if it is cancelled, one `Err` that says why as its last.
    ///
    /// [`StreamExt::fenced`]: crate::StreamExt::fenced
    ///
    /// # Panics
    ///
    /// As a [`Fence`](crate::Fence) does. After a panic of the stream it has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses none. Dropping the fenced stream drops
    /// the stream, with its context set.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, FencedStream, Fencing, StreamExt as _};
    /// use futures::{StreamExt as _, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let numbers = stream::iter(0..);
    /// let mut numbers: FencedStream<_> = numbers.fenced(&Fencing::new().on("stop", &stop));
    /// assert_eq!(numbers.next().await.unwrap().unwrap(), 0);
    /// stop.set();
    /// let why = numbers.next().await.unwrap().unwrap_err();
    /// assert!(why.by("stop"));
    /// assert!(numbers.next().await.is_none());
    /// # }
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct FencedStream<S> {
        // `None` once it has ended. Dropped before the rest, as any body is before its scope.
        #[pin]
        stream: Option<S>,
        // Apart, so that a stream that may be moved between two items still may.
        timer: Pin<Box<Timer>>,
        core: Core<()>,
        progress: Progress,
    }

    impl<S> PinnedDrop for FencedStream<S> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.core.state.is_begun() {
                let mut body = DropStream(this.stream.as_mut());
                this.core.engine(this.timer.as_mut()).abandon(&mut body);
            }
        }
    }
}

/// How far it is with its items.
#[derive(Debug)]
enum Progress {
    /// The next one is being waited for, or has yet to be.
    Waiting,
    /// One was handed out, and nobody has asked for the next.
    Between,
    /// The last one was handed out, and then it was cancelled.
    Cancelled(Cancelled),
    Ended,
}

impl<S: Stream> FencedStream<S> {
    pub(crate) fn of(fencing: Fencing, stream: S) -> Self {
        Self {
            stream: Some(stream),
            timer: Box::pin(Timer::default()),
            core: Core::new(fencing, ()),
            progress: Progress::Waiting,
        }
    }

    /// A handle on its fence, to cancel it from elsewhere. Allocates with the first one.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Fencing, StreamExt as _};
    /// use futures::{StreamExt as _, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut silence = stream::pending::<()>().fenced(&Fencing::new());
    /// silence.handle().cancel();
    /// assert!(silence.next().await.unwrap().unwrap_err().by("handle"));
    /// # }
    /// ```
    pub fn handle(&mut self) -> Handle {
        self.core.handle()
    }

    /// The items alone: a cancellation ends the stream, and
    /// [`take_cancelled`](UntilCancelled::take_cancelled) tells why afterwards.
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
    /// let limit = Fencing::new().timeout(Duration::from_secs(1));
    /// let items = stream::iter([1, 2, 3]).chain(stream::pending());
    /// let mut items = items.fenced(&limit).until_cancelled();
    /// assert_eq!(items.by_ref().collect::<Vec<_>>().await, [1, 2, 3]);
    /// assert!(items.take_cancelled().unwrap().is_timeout());
    /// # }
    /// ```
    pub fn until_cancelled(self) -> UntilCancelled<S> {
        UntilCancelled {
            stream: self,
            cancelled: None,
        }
    }
}

impl<S: Stream> Stream for FencedStream<S> {
    type Item = Result<S::Item, Cancelled>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        // Should the stream panic, it has ended.
        let before = std::mem::replace(this.progress, Progress::Ended);
        let mut engine = this.core.engine(this.timer.as_mut());
        let mut body = PollStream {
            stream: this.stream,
            item: None,
            asks: false,
        };
        let poll = match before {
            Progress::Ended => return Poll::Ready(None),
            Progress::Cancelled(why) => return Poll::Ready(Some(Err(why))),
            Progress::Waiting => engine.poll(&mut body, cx),
            Progress::Between => {
                let Some(poll) = poll_between(&mut engine, &mut body, cx) else {
                    *this.progress = Progress::Between;
                    return Poll::Pending;
                };
                poll
            }
        };
        if poll.is_pending() && body.item.is_some() {
            engine.state.count_idle(false);
        }
        let (progress, next) = outcome(poll, body.item);
        *this.progress = progress;
        next
    }

    /// It may be cancelled at any time, which is one item more.
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.stream.as_ref().map(Stream::size_hint);
        let upper = left.map_or(Some(0), |(_, upper)| upper);
        match &self.progress {
            Progress::Ended => (0, Some(0)),
            Progress::Cancelled(_) => (1, Some(1)),
            Progress::Waiting | Progress::Between => (0, upper.and_then(|it| it.checked_add(1))),
        }
    }
}

/// Asks for the next item, unless something has fired since the last one; `None` if a fence around
/// cuts.
fn poll_between<S: Stream>(
    engine: &mut Engine<'_>,
    body: &mut PollStream<'_, S>,
    cx: &mut Context<'_>,
) -> Option<Poll<Result<(), Cancelled>>> {
    match engine.look_between(cx) {
        Between::Blocked => return None,
        Between::Fired => {
            engine.state.count_idle(true);
            body.asks = true;
            let poll = engine.poll(body, cx);
            body.asks = false;
            if poll.is_ready() {
                return Some(poll);
            }
        }
        Between::Quiet => engine.state.count_idle(true),
    }
    Some(engine.poll(body, cx))
}

/// An item comes first, then why it is the last.
fn outcome<T>(
    poll: Poll<Result<(), Cancelled>>,
    item: Option<T>,
) -> (Progress, Poll<Option<Result<T, Cancelled>>>) {
    match (poll, item) {
        (Poll::Pending, None) => (Progress::Waiting, Poll::Pending),
        (Poll::Pending, Some(item)) => (Progress::Between, Poll::Ready(Some(Ok(item)))),
        (Poll::Ready(Err(why)), Some(item)) => {
            (Progress::Cancelled(why), Poll::Ready(Some(Ok(item))))
        }
        (Poll::Ready(Err(why)), None) => (Progress::Ended, Poll::Ready(Some(Err(why)))),
        (Poll::Ready(Ok(())), _) => (Progress::Ended, Poll::Ready(None)),
    }
}

impl<S: Stream> FusedStream for FencedStream<S> {
    fn is_terminated(&self) -> bool {
        matches!(self.progress, Progress::Ended)
    }
}

impl<S> fmt::Debug for FencedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FencedStream")
            .field("phase", &self.core.state.phase())
            .field("fencing", &self.core.state.fencing)
            .finish_non_exhaustive()
    }
}

/// A stream as the body of its fence, pending until it ends.
struct PollStream<'a, S: Stream> {
    stream: Pin<&'a mut Option<S>>,
    item: Option<S::Item>,
    /// Whether the fence is only to look at what has fired.
    asks: bool,
}

impl<S: Stream> Body for PollStream<'_, S> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.asks {
            return false;
        }
        let Some(stream) = self.stream.as_mut().as_pin_mut() else {
            unreachable!("a fence has its body until it ends")
        };
        let Poll::Ready(next) = stream.poll_next(cx) else {
            return false;
        };
        self.item = next;
        if self.item.is_some() {
            current::progress();
            return false;
        }
        contained(|| self.stream.set(None));
        true
    }

    fn cut(&mut self) {
        self.stream.set(None);
    }
}

/// A stream that is dropped with its fence.
struct DropStream<'a, S>(Pin<&'a mut Option<S>>);

impl<S> Body for DropStream<'_, S> {
    fn poll(&mut self, _: &mut Context<'_>) -> bool {
        false
    }

    fn cut(&mut self) {
        self.0.set(None);
    }
}

pin_project! {
    /// The items of a fenced stream; made by [`FencedStream::until_cancelled`].
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Fencing, StreamExt as _, UntilCancelled};
    /// use futures::{StreamExt as _, stream};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut items: UntilCancelled<_> =
    ///     stream::iter([1, 2]).fenced(&Fencing::new()).until_cancelled();
    /// assert_eq!(items.by_ref().count().await, 2);
    /// assert!(items.take_cancelled().is_none(), "it came to its end");
    /// # }
    /// ```
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct UntilCancelled<S> {
        #[pin]
        stream: FencedStream<S>,
        cancelled: Option<Cancelled>,
    }
}

impl<S> UntilCancelled<S> {
    /// Why it ended; `None` if it has not, came to its own end, or was asked before.
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
    /// let limit = Fencing::new().idle(Duration::from_secs(1));
    /// let mut items = stream::pending::<()>().fenced(&limit).until_cancelled();
    /// assert!(items.next().await.is_none());
    /// assert!(items.take_cancelled().unwrap().by("idle"));
    /// # }
    /// ```
    pub fn take_cancelled(&mut self) -> Option<Cancelled> {
        self.cancelled.take()
    }
}

impl<S: Stream> Stream for UntilCancelled<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        this.stream.poll_next(cx).map(|next| match next? {
            Ok(item) => Some(item),
            Err(why) => {
                *this.cancelled = Some(why);
                None
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.stream.size_hint().1)
    }
}

impl<S: Stream> FusedStream for UntilCancelled<S> {
    fn is_terminated(&self) -> bool {
        self.stream.is_terminated()
    }
}
