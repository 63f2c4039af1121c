//! The body of a request, as the handler reads it.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Version, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::task::coop;

use super::Next;
use super::body_error::BodyError;
use super::exchange::Exchange;
use super::kin;
use super::read_ahead::ReadAhead;
use super::reader::Reader;
use super::time::Alarm;
use crate::engine::frames::user_code;

pin_project! {
    /// The body of a request, unchanged, but that it never ends as if it were complete when the
    /// client left in the middle of it: that is a [`BodyError`], and so is the end of the time that
    /// the request has.
    ///
    /// It fails once, and has ended then, in whatever way the body of the server goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use axum::body::Body;
    /// use fence::service::{FenceLayer, RequestBody};
    /// use http::{Request, Response};
    /// use http_body_util::BodyExt;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// async fn size(request: Request<RequestBody<Body>>) -> Result<Response<Body>, Infallible> {
    ///     let text = match request.into_body().collect().await {
    ///         Ok(body) => format!("{} bytes", body.to_bytes().len()),
    ///         Err(error) if error.has_left() => String::new(), // which nobody reads
    ///         Err(error) => error.to_string(),
    ///     };
    ///     Ok(Response::new(Body::from(text)))
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = FenceLayer::new().layer(service_fn(size));
    /// let answer = service.oneshot(Request::new(Body::from("text"))).await.unwrap();
    /// assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "4 bytes");
    /// # }
    /// ```
    pub struct RequestBody<B>
    where
        B: Body,
    {
        #[pin]
        source: Source<B>,
        // None if the request is left alone.
        exchange: Option<Arc<Exchange>>,
        late: Option<Box<Late>>,
        has_ended: bool,
    }

    impl<B> PinnedDrop for RequestBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            if let Proj::Watched { reader } = this.project().source.project() {
                reader.forget();
            }
        }
    }
}

/// What few bodies need.
#[derive(Default)]
struct Late {
    alarm: Alarm,
    /// To be told in the next poll: the fence around was given the chance to be cut instead.
    held_back: Option<BodyError>,
}

pin_project! {
    #[project = Proj]
    enum Source<B>
    where
        B: Body,
    {
        Plain { #[pin] body: B },
        Watched { reader: Arc<Reader<B>> },
    }
}

impl<B> RequestBody<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    pub(super) fn alone(body: B) -> Self {
        Self::plain(body, None)
    }

    fn plain(body: B, exchange: Option<Arc<Exchange>>) -> Self {
        Self::from(Source::Plain { body }, exchange)
    }

    fn from(source: Source<B>, exchange: Option<Arc<Exchange>>) -> Self {
        Self {
            source,
            exchange,
            late: None,
            has_ended: false,
        }
    }

    /// Watches the body of a request, if it has one; and reads `ahead` of the handler where only
    /// that shows whether the client is there. Below a layer that does so, it only keeps the time.
    #[inline]
    pub(super) fn watch(
        request: Request<B>,
        exchange: &Arc<Exchange>,
        ahead: &mut Option<ReadAhead>,
    ) -> Request<Self> {
        if exchange.is_inner() || is_without_body(&request) {
            return request.map(|body| Self::plain(body, Some(exchange.clone())));
        }
        // Reading would tell such a client to send its body.
        let is_asked_for = request.headers().contains_key(header::EXPECT);
        let is_framed = is_framed(&request);
        let limit = match exchange.settings.read_ahead {
            limit if !is_framed && !is_asked_for => limit,
            _ => 0,
        };
        request.map(|body| {
            let reader = Arc::new(Reader::new(body, exchange.clone(), limit, is_framed));
            if limit > 0 || is_framed {
                *ahead = Some(ReadAhead(reader.clone()));
            }
            Self::from(Source::Watched { reader }, Some(exchange.clone()))
        })
    }
}

fn is_framed<B>(request: &Request<B>) -> bool {
    request.version() >= Version::HTTP_2
}

/// Whether there is no body. That of an HTTP/2 request may have ended before anybody looked, which
/// says nothing if the client has been reset since.
fn is_without_body<B: Body>(request: &Request<B>) -> bool {
    const WITHOUT: [Method; 6] = [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::DELETE,
        Method::TRACE,
        Method::CONNECT,
    ];
    let is_stated_empty = || match request.headers().get(header::CONTENT_LENGTH) {
        Some(length) => length == "0",
        None => WITHOUT.contains(request.method()),
    };
    request.body().is_end_stream() && (!is_framed(request) || is_stated_empty())
}

/// The next frame, for as long as the request has time.
fn read<B>(
    source: Pin<&mut Source<B>>,
    exchange: Option<&Exchange>,
    late: &mut Option<Box<Late>>,
    cx: &mut Context<'_>,
) -> Next<B::Data, BodyError>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let next = match source.project() {
        Proj::Plain { body } => body.poll_frame(cx).map_err(BodyError::of),
        Proj::Watched { reader } => reader.poll(cx),
    };
    if let Some(exchange) = exchange.filter(|_| next.is_pending()) {
        let mut has_passed = |at| {
            let late = late.get_or_insert_default();
            late.alarm.has_passed(Some(at), cx)
        };
        if exchange.reading_limit().is_some_and(&mut has_passed) || exchange.is_overdue_for(cx) {
            return Poll::Ready(Some(Err(BodyError::overdue())));
        }
    }
    next
}

impl<B> Body for RequestBody<B>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    type Data = B::Data;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BodyError>>> {
        let this = self.project();
        if *this.has_ended {
            // Whoever reads on in a loop leaves the thread to others, and to its own fences.
            ready!(coop::poll_proceed(cx)).made_progress();
            return Poll::Ready(None);
        }
        let held_back = this.late.as_mut().and_then(|late| late.held_back.take());
        let mut next = held_back.map(Err);
        if next.is_none() {
            next = ready!(read(this.source, this.exchange.as_deref(), this.late, cx));
            let error = next.as_ref().and_then(|next| next.as_ref().err());
            // A fence around that is cut for the same reason tells more than the error; should it
            // decline, the error is there in the next poll.
            if error.is_some_and(BodyError::is_of_request) && user_code::why().is_some() {
                this.late.get_or_insert_default().held_back = next.and_then(Result::err);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        *this.has_ended = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        kin::tell(self.exchange.as_ref());
        self.has_ended
            || match &self.source {
                Source::Plain { body } => body.is_end_stream(),
                Source::Watched { reader } => reader.is_end_stream(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        kin::tell(self.exchange.as_ref());
        match &self.source {
            _ if self.has_ended => SizeHint::with_exact(0),
            Source::Plain { body } => body.size_hint(),
            Source::Watched { reader } => reader.size_hint(),
        }
    }
}

impl<B: Body> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}
