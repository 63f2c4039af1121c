//! The body of a response: whether it was sent to its end.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::Next;
use super::body_error::BodyTimeout;
use super::departure::{Fate, Phase};
use super::exchange;
use super::read_ahead::ReadAhead;
use super::seat::Rest;
use super::settings::BodyDrop;
use super::time::Alarm;
use crate::engine::{Binding, within_bound};
use crate::http::answers::{GrpcCode, is_grpc};

type Boxed = Box<dyn Error + Send + Sync>;

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
        // Of an answer that the layer itself has given.
        own: Option<Box<Bytes>>,
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
                if let Some(exchange) = exchange::of(&watched.binding) {
                    exchange.end(Phase::Body);
                }
                return;
            }
            let Some(exchange) = exchange::shared(&watched.binding) else { return };
            let since = Instant::now();
            let code = exchange.leave("the client left before it had all of the answer");
            if let Some(body) = this.boxed.take() {
                let rest = exchange.fencing().bind(drain(body));
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
    binding: Binding,
    /// How many bytes are to come, if the response says so.
    left: Option<u64>,
    /// It has been sent, or has failed by itself.
    is_complete: bool,
    /// The request may still be read while the answer is sent.
    ahead: Option<ReadAhead>,
    /// Ends it when the time is over, if the layer is to.
    alarm: Option<Box<Alarm>>,
    is_grpc: bool,
}

impl<B: Body + Send + 'static> ResponseBody<B> {
    #[inline]
    pub(super) fn wrap(response: Response<B>, binding: Option<Binding>) -> Response<Self> {
        let watched = binding.and_then(|binding| Watched::of(&response, binding));
        response.map(|body| {
            let is_drained = watched.as_ref().is_some_and(Watched::is_drained);
            let (body, boxed) = if is_drained {
                (None, Some(Box::pin(body)))
            } else {
                (Some(body), None)
            };
            Self {
                body,
                boxed,
                own: None,
                watched,
            }
        })
    }

    /// Of the layer itself; its data are `Bytes`, or there are none.
    pub(super) fn own(bytes: Bytes) -> Self {
        Self {
            body: None,
            boxed: None,
            own: (!bytes.is_empty()).then(|| Box::new(bytes)),
            watched: None,
        }
    }

    /// The request may be read on, for as long as this is sent.
    pub(super) fn read_on(&mut self, ahead: ReadAhead) {
        if let Some(watched) = &mut self.watched {
            watched.ahead = Some(ahead);
        }
    }

    /// Watches no more.
    pub(super) fn let_go(mut self) {
        if let Some(watched) = self.watched.take() {
            within_bound(&watched.binding, false, || drop(self));
        }
    }

    fn inner(&self) -> Option<&B> {
        self.boxed.as_deref().or(self.body.as_ref())
    }
}

impl Watched {
    /// `None` if the server sends nothing of the body.
    #[inline]
    fn of<B: Body>(response: &Response<B>, binding: Binding) -> Option<Self> {
        let exchange = exchange::of(&binding)?;
        let status = response.status();
        let has_none = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
        let left = length(response);
        let is_empty = has_none
            || status.is_informational()
            || exchange.is_head
            || response.body().is_end_stream()
            || left == Some(0);
        if is_empty {
            return None;
        }
        let alarm = exchange.ends_body().then(Box::default);
        let is_grpc = alarm.is_some() && is_grpc(response.headers());
        let is_renewed = exchange.has_limits_of_the_head();
        Some(Self {
            // What limits the head of the answer alone is over.
            binding: if is_renewed {
                binding.renewed()
            } else {
                binding
            },
            left,
            is_complete: false,
            ahead: None,
            alarm,
            is_grpc,
        })
    }

    fn is_drained(&self) -> bool {
        let exchange = exchange::of(&self.binding);
        exchange.is_some_and(|exchange| exchange.body_drop() == BodyDrop::Drain)
    }
}

fn length<B: Body>(response: &Response<B>) -> Option<u64> {
    let stated = || {
        let header = response.headers().get(http::header::CONTENT_LENGTH);
        header?.to_str().ok()?.parse().ok()
    };
    response.body().size_hint().exact().or_else(stated)
}

/// Reads a body to its end.
async fn drain<B: Body>(mut body: Pin<Box<B>>) {
    while let Some(Ok(_)) = std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {}
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Error: Into<Boxed>> + Send + 'static,
{
    type Data = B::Data;
    type Error = Boxed;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Boxed>>> {
        let mut this = self.project();
        let body = match (this.boxed.as_mut(), this.body.as_mut().as_pin_mut()) {
            (Some(boxed), _) => boxed.as_mut(),
            (None, Some(body)) => body,
            (None, None) => {
                return Poll::Ready(
                    own_data(this.own.take().map(|own| *own)).map(|data| Ok(Frame::data(data))),
                );
            }
        };
        let Some(watched) = this.watched.as_mut() else {
            return body.poll_frame(cx).map_err(Into::into);
        };
        let next = watched.poll(body, cx);
        if next.is_pending() && watched.is_overdue(cx) {
            let end = watched.end();
            within_bound(&watched.binding, false, || {
                *this.boxed = None;
                this.body.set(None);
            });
            return Poll::Ready(Some(end));
        }
        next.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.inner().map_or(self.own.is_none(), B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let own = || self.own.as_ref().map_or(0, |own| own.len());
        match self.inner() {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(own().try_into().unwrap_or(u64::MAX)),
        }
    }
}

/// The data of the layer's own answer, which are there only if they are of this type.
fn own_data<D: 'static>(mut own: Option<Bytes>) -> Option<D> {
    let own: &mut dyn Any = &mut own;
    own.downcast_mut::<Option<D>>()?.take()
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
        let mut next = Poll::Pending;
        within_bound(&self.binding, false, || next = body.as_mut().poll_frame(cx));
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

    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        let limit = exchange::of(&self.binding).and_then(|exchange| exchange.limit());
        let alarm = self.alarm.as_mut();
        alarm.is_some_and(|alarm| alarm.has_passed(limit, cx))
    }

    /// What the client gets in place of the rest: gRPC has a way to say so.
    fn end<D>(&mut self) -> Result<Frame<D>, Boxed> {
        self.is_complete = true;
        self.ahead = None;
        if !self.is_grpc {
            return Err(Box::new(BodyTimeout::new()));
        }
        let mut trailers = HeaderMap::new();
        let status = HeaderValue::from(GrpcCode::DeadlineExceeded as i32);
        trailers.insert("grpc-status", status);
        trailers.insert("grpc-message", HeaderValue::from_static("deadline"));
        Ok(Frame::trailers(trailers))
    }
}

impl<B: Body + Send + 'static> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
