//! The body of a request, as the handler reads it.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Version, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::body_error::BodyError;
use super::exchange::Exchange;
use super::read_ahead::ReadAhead;
use super::reader::Reader;
use crate::engine::frames::user_code;

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
            if let Proj::Sources { reader, .. } = this.project().source.project() {
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
        Sources {
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
            let source = Source::Sources {
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
            Proj::Sources { reader, has_waited } => (reader, has_waited),
        };
        let next = reader.poll(cx);
        // A fence around that is cut for the same departure tells more than the error; should it
        // decline, the error is there in the next poll.
        let has_left = matches!(&next, Poll::Ready(Some(Err(error))) if error.has_left());
        if has_left && !std::mem::replace(has_waited, true) && user_code::why().is_some() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Alone { body } => body.is_end_stream(),
            Source::Sources { reader, .. } => reader.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Alone { body } => body.size_hint(),
            Source::Sources { reader, .. } => reader.size_hint(),
        }
    }
}

impl<B: Body> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}
