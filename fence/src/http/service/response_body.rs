//! The body of a response: whether it was sent to its end.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::Next;
use super::departure::{Fate, Phase};
use super::exchange::Exchange;
use super::read_ahead::ReadAhead;
use super::seat::Rest;
use super::settings::BodyDrop;
use crate::engine::{Binding, within_bound};

pin_project! {
    /// The body of an answer. It is polled with the sources of its request bound, and knows when
    /// the client leaves before its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use fence::service::{FenceLayer, ResponseBody};
    /// use http::{Request, Response};
    /// use http_body_util::{BodyExt, Full};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// type Sent = Full<&'static [u8]>;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let handler = service_fn(async |_: Request<_>| Ok::<_, Infallible>(Response::new(Sent::new(b"page"))));
    /// let request = Request::new(Sent::default());
    /// let answer = FenceLayer::new().layer(handler).oneshot(request).await.unwrap();
    /// let body: ResponseBody<Sent> = answer.into_body();
    /// assert_eq!(body.collect().await.unwrap().to_bytes(), "page");
    /// # }
    /// ```
    pub struct ResponseBody<B>
    where
        B: Body,
        B: Send,
        B: 'static,
    {
        #[pin]
        body: Option<B>,
        // The same, to be drained later.
        boxed: Option<Pin<Box<B>>>,
        watched: Option<Watched>,
    }

    impl<B> PinnedDrop for ResponseBody<B>
    where
        B: Body,
        B: Send,
        B: 'static,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(watched) = this.watched.take() else { return };
            if watched.is_complete {
                return watched.exchange.end(Phase::Body);
            }
            let (exchange, since) = (watched.exchange, Instant::now());
            let code = exchange.leave("the client left before it had all of the answer");
            if let Some(body) = this.boxed.take() {
                let rest = exchange.fence.in_context(drain(body));
                let future = Box::pin(exchange.span.follow(Box::pin(rest)));
                exchange.detach(Phase::Body, code, Rest { future, task: None });
            } else {
                within_bound(&watched.binding, false, || this.body.set(None));
                exchange.tell(Phase::Body, code, since, Fate::Dropped);
            }
        }
    }
}

struct Watched {
    exchange: Arc<Exchange>,
    binding: Binding,
    /// How many bytes are to come, if the response says so.
    left: Option<u64>,
    /// It has been sent, or has failed by itself.
    is_complete: bool,
    /// The request may still be read while the answer is sent.
    ahead: Option<ReadAhead>,
}

impl<B: Body + Send + 'static> ResponseBody<B> {
    pub(crate) fn wrap(
        response: Response<B>,
        exchange: Option<Arc<Exchange>>,
        ahead: Option<ReadAhead>,
    ) -> Response<Self> {
        let watched = exchange
            .filter(|exchange| !is_empty(&response, exchange))
            .map(|exchange| Watched {
                binding: Binding::new(exchange.fence.fencing().clone()),
                left: length(&response),
                is_complete: false,
                ahead,
                exchange,
            });
        response.map(|body| {
            let is_drained = watched
                .as_ref()
                .is_some_and(|watched| watched.exchange.settings.on_body_drop == BodyDrop::Drain);
            let (body, boxed) = if is_drained {
                (None, Some(Box::pin(body)))
            } else {
                (Some(body), None)
            };
            Self {
                body,
                boxed,
                watched,
            }
        })
    }
}

/// Whether the server sends nothing of the body.
fn is_empty<B: Body>(response: &Response<B>, exchange: &Exchange) -> bool {
    let status = response.status();
    let has_none = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    has_none
        || status.is_informational()
        || exchange.is_head()
        || response.body().is_end_stream()
        || length(response) == Some(0)
}

fn length<B: Body>(response: &Response<B>) -> Option<u64> {
    let header = response.headers().get(http::header::CONTENT_LENGTH);
    let stated = header.and_then(|value| value.to_str().ok()?.parse().ok());
    stated.or_else(|| response.body().size_hint().exact())
}

/// Reads a body to its end.
async fn drain<B: Body>(mut body: Pin<Box<B>>) {
    while let Some(Ok(_)) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {}
}

impl<B: Body + Send + 'static> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let body = match (this.boxed, this.body.as_pin_mut()) {
            (Some(boxed), _) => boxed.as_mut(),
            (None, Some(body)) => body,
            (None, None) => unreachable!("a body is there until it is dropped"),
        };
        let Some(watched) = this.watched else {
            return body.poll_frame(cx);
        };
        watched.poll(body, cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner().is_some_and(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner().map(B::size_hint).unwrap_or_default()
    }
}

impl<B: Body + Send + 'static> ResponseBody<B> {
    fn inner(&self) -> Option<&B> {
        self.boxed.as_deref().or(self.body.as_ref())
    }
}

impl Watched {
    fn poll<B: Body>(
        &mut self,
        mut body: Pin<&mut B>,
        cx: &mut Context<'_>,
    ) -> Next<B::Data, B::Error> {
        if let Some(ahead) = &self.ahead {
            ahead.ask();
        }
        // If it panics, no client has left.
        let was_complete = std::mem::replace(&mut self.is_complete, true);
        let next = within_bound(&self.binding, false, || body.as_mut().poll_frame(cx));
        self.is_complete = match &next {
            Poll::Pending => was_complete,
            Poll::Ready(Some(Ok(frame))) => self.is_last(frame) || body.is_end_stream(),
            Poll::Ready(_) => true,
        };
        match &self.ahead {
            Some(ahead) if next.is_pending() => ahead.poll(cx),
            Some(_) if self.is_complete => self.ahead = None,
            _ => {}
        }
        next
    }

    fn is_last<D: Buf>(&mut self, frame: &Frame<D>) -> bool {
        let Some(data) = frame.data_ref() else {
            return frame.is_trailers();
        };
        let sent = u64::try_from(data.remaining()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(sent));
        self.left == Some(0)
    }
}

impl<B: Body + Send + 'static> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
