//! The service: polls the handler in place, and sets it free when the server drops it.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body;
use tokio::task::{JoinError, JoinHandle};
use tower_service::Service;

use super::departure::Phase;
use super::exchange::Exchange;
use super::layer::FenceLayer;
use super::read_ahead::ReadAhead;
use super::request_body::RequestBody;
use super::response_body::ResponseBody;
use super::seat::Rest;

/// A service whose requests are fenced; made by [`FenceLayer`].
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use fence::service::{FenceLayer, FenceService};
/// use http::{Request, Response};
/// use http_body_util::Empty;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let handler = service_fn(async |_: Request<_>| {
///     Ok::<_, Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
/// });
/// let service: FenceService<_> = FenceLayer::new().layer(handler);
/// let request = Request::new(Empty::<bytes::Bytes>::new());
/// assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FenceService<S> {
    inner: S,
    layer: FenceLayer,
}

impl<S> FenceService<S> {
    pub(crate) fn new(inner: S, layer: FenceLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, B, R> Service<Request<B>> for FenceService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    R: Body + Send + 'static,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (is_watched, request) = self.layer.is_watched(request);
        let exchange = is_watched.then(|| self.layer.open(&request)).flatten();
        let Some(exchange) = exchange else {
            let handler = self.inner.call(request.map(RequestBody::alone));
            return ResponseFuture::alone(Box::pin(handler));
        };
        let (mut request, ahead) = RequestBody::watch(request, &exchange);
        request.extensions_mut().insert(exchange.fence.clone());
        let fencing = exchange.fence.fencing();
        let handler = fencing.bind_sync(|| self.inner.call(request));
        let handler = Box::pin(fencing.bind(handler));
        ResponseFuture::fenced(handler, exchange, ahead)
    }
}

type Answer<R, E> = Result<Response<R>, E>;

/// A handler, in place or in a task of its own.
enum Handler<R, E> {
    Inline(Pin<Box<dyn Future<Output = Answer<R, E>> + Send>>),
    Isolated(OwnTask<Answer<R, E>>),
}

impl<R: Send + 'static, E: Send + 'static> Handler<R, E> {
    /// What is left of it without its client. It runs in its own task, or in one that is made.
    fn rest(self, exchange: &Exchange) -> Rest {
        match self {
            Self::Inline(handler) => {
                let rest = Box::pin(async { drop(handler.await) });
                let future = Box::pin(exchange.span.follow(rest));
                Rest { future, task: None }
            }
            Self::Isolated(own) => {
                let task = Some(own.0.abort_handle());
                let future = Box::pin(async { drop(own.await) });
                Rest { future, task }
            }
        }
    }
}

impl<R, E> Future for Handler<R, E> {
    type Output = Answer<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer<R, E>> {
        match self.get_mut() {
            Self::Inline(handler) => handler.as_mut().poll(cx),
            Self::Isolated(task) => match ready!(Pin::new(task).poll(cx)) {
                Some(answer) => Poll::Ready(answer),
                // The runtime shuts down, and will not poll this again.
                None => Poll::Pending,
            },
        }
    }
}

/// A task that ends with the future that waits for it.
struct OwnTask<T>(JoinHandle<T>);

/// `None` if it was aborted.
impl<T> Future for OwnTask<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let ended = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(match ended.map_err(JoinError::try_into_panic) {
            Ok(value) => Some(value),
            Err(Ok(panic)) => resume_unwind(panic),
            Err(Err(_)) => None,
        })
    }
}

impl<T> Drop for OwnTask<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The answer of a fenced handler: the future of [`FenceService`].
///
/// # Cancel safety
///
/// Dropping it before the answer is there is how a client leaves: see [`FenceLayer`].
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use fence::service::{FenceLayer, ResponseFuture};
/// use http::{Request, Response};
/// use http_body_util::Empty;
/// use tower::{Layer, Service, service_fn};
///
/// type Nothing = Empty<bytes::Bytes>;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let handler = service_fn(async |_: Request<_>| Ok(Response::new(Nothing::new())));
/// let mut service = FenceLayer::new().layer(handler);
/// let answering: ResponseFuture<Nothing, Infallible> = service.call(Request::new(Nothing::new()));
/// assert_eq!(answering.await.unwrap().status(), 200);
/// # }
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct ResponseFuture<R, E>
where
    R: Send + 'static,
    E: Send + 'static,
{
    /// Away while it is polled, so that one that panics is never polled again.
    handler: Option<Handler<R, E>>,
    exchange: Option<Arc<Exchange>>,
    ahead: Option<ReadAhead>,
    has_started: bool,
}

impl<R: Send + 'static, E: Send + 'static> ResponseFuture<R, E> {
    fn alone(handler: Pin<Box<dyn Future<Output = Answer<R, E>> + Send>>) -> Self {
        Self {
            handler: Some(Handler::Inline(handler)),
            exchange: None,
            ahead: None,
            has_started: false,
        }
    }

    fn fenced(
        handler: Pin<Box<dyn Future<Output = Answer<R, E>> + Send>>,
        exchange: Arc<Exchange>,
        ahead: Option<ReadAhead>,
    ) -> Self {
        let handler = if exchange.settings.is_isolated {
            let spanned = exchange.span.follow(handler);
            Handler::Isolated(OwnTask(tokio::spawn(spanned)))
        } else {
            Handler::Inline(handler)
        };
        Self {
            has_started: matches!(handler, Handler::Isolated(_)),
            handler: Some(handler),
            exchange: Some(exchange),
            ahead,
        }
    }
}

impl<R: Body + Send + 'static, E: Send + 'static> Future for ResponseFuture<R, E> {
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut handler) = self.handler.take() else {
            panic!("a `ResponseFuture` was polled after it had resolved")
        };
        self.has_started = true;
        if let Some(ahead) = &self.ahead {
            ahead.ask();
        }
        match Pin::new(&mut handler).poll(cx) {
            Poll::Ready(answer) => {
                let ahead = self.ahead.take();
                let exchange = self.exchange.take();
                if let Some(exchange) = &exchange {
                    exchange.end(Phase::Handler);
                }
                Poll::Ready(answer.map(|response| ResponseBody::wrap(response, exchange, ahead)))
            }
            Poll::Pending => {
                self.handler = Some(handler);
                if let Some(ahead) = &self.ahead {
                    ahead.poll(cx);
                }
                Poll::Pending
            }
        }
    }
}

impl<R, E> Drop for ResponseFuture<R, E>
where
    R: Send + 'static,
    E: Send + 'static,
{
    fn drop(&mut self) {
        // One that has not started does nothing, like any future.
        let handler = self.handler.take().filter(|_| self.has_started);
        let (Some(handler), Some(exchange)) = (handler, self.exchange.take()) else {
            return;
        };
        let code = exchange.leave("the client left before it was answered");
        exchange.detach(Phase::Handler, code, handler.rest(&exchange));
    }
}

impl<R: Send + 'static, E: Send + 'static> fmt::Debug for ResponseFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl<S> tower_layer::Layer<S> for FenceLayer {
    type Service = FenceService<S>;

    fn layer(&self, inner: S) -> FenceService<S> {
        FenceService::new(inner, self.clone())
    }
}
