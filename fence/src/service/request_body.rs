//! The body of a request, as the handler reads it.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Version, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::Exchange;
use super::reader::Reader;
use crate::asking;

pin_project! {
    /// The body of a request, unchanged, but that it never ends as if it were complete when the
    /// client left in the middle of it: that is a [`BodyError`].
    pub struct RequestBody<B>
    where
        B: Body,
    {
        #[pin]
        source: Source<B>,
    }

    impl<B> PinnedDrop for RequestBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            if let Proj::Watched { reader, .. } = this.project().source.project() {
                reader.forget();
            }
        }
    }
}

pin_project! {
    #[project = Proj]
    enum Source<B>
    where
        B: Body,
    {
        Alone { #[pin] body: B },
        Watched {
            reader: Arc<Reader<B>>,
            // The fence around was given the chance to be cut instead.
            has_waited: bool,
        },
    }
}

impl<B> RequestBody<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    pub(crate) fn alone(body: B) -> Self {
        Self {
            source: Source::Alone { body },
        }
    }

    /// Watches the body of a request, if it has one; and reads ahead of the handler where only
    /// that shows whether the client is there.
    pub(crate) fn watch(
        request: Request<B>,
        exchange: &Arc<Exchange>,
    ) -> (Request<Self>, Option<ReadAhead>) {
        if request.body().is_end_stream() {
            return (request.map(Self::alone), None);
        }
        // Reading would tell such a client to send its body.
        let is_asked_for = request.headers().contains_key(header::EXPECT);
        let is_old = request.version() < Version::HTTP_2;
        let limit = match exchange.settings.read_ahead {
            limit if is_old && !is_asked_for => limit,
            _ => 0,
        };
        let mut ahead = None;
        let request = request.map(|body| {
            let reader = Arc::new(Reader::new(body, exchange.clone(), limit, !is_old));
            if limit > 0 || !is_old {
                ahead = Some(ReadAhead(reader.clone()));
            }
            let source = Source::Watched {
                reader,
                has_waited: false,
            };
            Self { source }
        });
        (request, ahead)
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    type Data = B::Data;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BodyError>>> {
        let (reader, has_waited) = match self.project().source.project() {
            Proj::Alone { body } => return body.poll_frame(cx).map_err(BodyError::of),
            Proj::Watched { reader, has_waited } => (reader, has_waited),
        };
        let next = reader.poll(cx);
        // A fence around that is cut for the same departure tells more than the error; should it
        // decline, the error is there in the next poll.
        let has_left = matches!(&next, Poll::Ready(Some(Err(error))) if error.has_left());
        if has_left && !std::mem::replace(has_waited, true) && asking::why().is_some() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Alone { body } => body.is_end_stream(),
            Source::Watched { reader, .. } => reader.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Alone { body } => body.size_hint(),
            Source::Watched { reader, .. } => reader.size_hint(),
        }
    }
}

impl<B: Body> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

/// Reads a body ahead of the handler, as far as it may, for as long as the server waits.
pub(crate) struct ReadAhead(Arc<dyn Ahead>);

impl ReadAhead {
    pub(crate) fn poll(&self, cx: &mut Context<'_>) {
        self.0.poll_ahead(cx);
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

pub(crate) trait Ahead: Send + Sync {
    /// The server asks for the answer.
    fn poll_ahead(&self, cx: &mut Context<'_>);

    /// It asks no more.
    fn let_go(&self);
}

const LEFT: &str = "the client left before its request was complete";

/// Why the body of a request could not be read to its end.
#[derive(Clone, Debug)]
pub struct BodyError {
    cause: Option<Arc<dyn Error + Send + Sync>>,
    has_left: bool,
}

impl BodyError {
    pub(crate) fn of(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        let has_left = is_departure(&*cause);
        Self {
            cause: if has_left {
                instead()
            } else {
                Some(cause.into())
            },
            has_left,
        }
    }

    /// Whether the client has left. Otherwise it has sent what is no valid body.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.has_left
    }
}

/// What stands for the transport's error when the client left. tonic would take a stream that was
/// reset for a complete one.
#[cfg_attr(
    feature = "tonic",
    expect(clippy::unnecessary_wraps, reason = "there is none without tonic")
)]
fn instead() -> Option<Arc<dyn Error + Send + Sync>> {
    #[cfg(feature = "tonic")]
    return Some(Arc::new(tonic::Status::aborted(LEFT)));
    #[cfg(not(feature = "tonic"))]
    None
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause.as_ref().filter(|_| !self.has_left) {
            Some(cause) => write!(f, "{cause}"),
            None => f.write_str(LEFT),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}

/// Whether a transport error says that the other side is gone. Those of hyper and HTTP/2 are known
/// by their text: their types are those of crates which only servers need.
fn is_departure(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| {
        let io = error.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| GONE.contains(&io.kind())) || is_text_of_departure(&error.to_string())
    })
}

const GONE: [ErrorKind; 4] = [
    ErrorKind::BrokenPipe,
    ErrorKind::ConnectionAborted,
    ErrorKind::ConnectionReset,
    ErrorKind::UnexpectedEof,
];

fn is_text_of_departure(text: &str) -> bool {
    text.starts_with("stream error received")
        || text.starts_with("connection error")
        // The connection ended in the middle of a frame.
        || text == "bytes remaining on stream"
        // The server has dropped the connection.
        || text == "connection closed before message completed"
        // `h2` gives the text of an I/O error alone.
        || GONE.iter().any(|kind| text.ends_with(&kind.to_string()))
}
