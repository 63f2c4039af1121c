//! The service: polls the handler in place, and sets it free when the server drops it.

use std::error::Error;
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
use super::handling::{Handle, Handling};
use super::layer::FenceLayer;
use super::overdue::Overdue;
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
    pub(super) fn new(inner: S, layer: FenceLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, B, R> Service<Request<B>> for FenceService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    R: Body + Send + 'static,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<R, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut request, mut asked) = (request, None);
        if self.layer.has_to_look() {
            let (looked_at, said) = self.layer.look(request);
            request = looked_at;
            let Ok(time) = said else {
                let handler = self.inner.call(request.map(RequestBody::alone));
                return ResponseFuture::of(Handler::Alone(Box::pin(handler)), None, None);
            };
            asked = time;
        }
        let exchange = self.layer.open(&mut request, asked);
        let overdue = match Overdue::of(&exchange, &request) {
            Some(overdue) if overdue.is_over() => return ResponseFuture::over(overdue),
            overdue => overdue,
        };
        let own_task = exchange.settings.is_isolated.then(|| exchange.clone());
        let mut ahead = None;
        // Moved no more often than it has to be: it is large.
        let mut watched = Some(RequestBody::watch(request, &exchange, &mut ahead));
        let handler = Handling::start(exchange, || self.inner.call(taken(&mut watched)));
        ResponseFuture::of(Handler::new(handler, own_task), ahead, overdue)
    }
}

fn taken<T>(slot: &mut Option<T>) -> T {
    let Some(value) = slot.take() else {
        unreachable!("it is called once")
    };
    value
}

type Answer<R, E> = Result<Response<ResponseBody<R>>, E>;

/// A handler, in place or in a task of its own.
enum Handler<R: Body + Send + 'static, E> {
    Inline(Pin<Box<dyn Handle<R, E>>>),
    Isolated(OwnTask<Answer<R, E>>, Arc<Exchange>),
    /// One that is left alone.
    Alone(Pin<Box<dyn Future<Output = Result<Response<R>, E>> + Send>>),
}

impl<R: Body + Send + 'static, E: Send + 'static> Handler<R, E> {
    #[inline]
    fn new(handler: Pin<Box<dyn Handle<R, E>>>, own_task: Option<Arc<Exchange>>) -> Self {
        match own_task {
            Some(exchange) => Self::isolated(handler, exchange),
            None => Self::Inline(handler),
        }
    }

    fn isolated(mut handler: Pin<Box<dyn Handle<R, E>>>, exchange: Arc<Exchange>) -> Self {
        let handler = std::future::poll_fn(move |cx| handler.as_mut().poll(cx));
        let spanned = exchange.span.follow(Box::pin(handler));
        Self::Isolated(OwnTask(tokio::spawn(spanned)), exchange)
    }

    /// Its request, unless it is left alone.
    fn exchange(&self) -> Option<Arc<Exchange>> {
        match self {
            Self::Inline(handler) => handler.exchange(),
            Self::Isolated(_, exchange) => Some(exchange.clone()),
            Self::Alone(_) => None,
        }
    }

    /// What is left of it without its client. It runs in its own task, or in one that is made. Of
    /// its answer nothing is sent, which nobody is to be told of again.
    fn rest(self, exchange: &Exchange) -> Rest {
        let task = match &self {
            Self::Isolated(own, _) => Some(own.0.abort_handle()),
            Self::Inline(_) | Self::Alone(_) => None,
        };
        let rest = async {
            if let Some(answer) = self.await {
                let _ = answer.map(|it| it.into_body().let_go());
            }
        };
        Rest {
            future: Box::pin(exchange.span.follow(Box::pin(rest))),
            task,
        }
    }
}

/// `None` if its own task was aborted.
impl<R: Body + Send + 'static, E> Future for Handler<R, E> {
    type Output = Option<Answer<R, E>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Inline(handler) => handler.as_mut().poll(cx).map(Some),
            Self::Isolated(task, _) => Pin::new(task).poll(cx),
            Self::Alone(handler) => {
                let answer = ready!(handler.as_mut().poll(cx));
                Poll::Ready(Some(answer.map(|it| ResponseBody::wrap(it, None))))
            }
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
    R: Body + Send + 'static,
    E: Send + 'static,
{
    /// Away while it is polled, so that one that panics is never polled again.
    handler: Option<Handler<R, E>>,
    ahead: Option<ReadAhead>,
    /// Answers in place of the handler.
    overdue: Option<Box<Overdue>>,
    has_started: bool,
}

impl<R: Body + Send + 'static, E: Send + 'static> ResponseFuture<R, E> {
    #[inline]
    fn of(handler: Handler<R, E>, ahead: Option<ReadAhead>, overdue: Option<Box<Overdue>>) -> Self {
        Self {
            has_started: matches!(handler, Handler::Isolated(..)),
            handler: Some(handler),
            ahead,
            overdue,
        }
    }

    /// Nothing but an answer that is overdue.
    fn over(overdue: Box<Overdue>) -> Self {
        Self {
            handler: None,
            ahead: None,
            overdue: Some(overdue),
            has_started: false,
        }
    }

    /// The handler has not answered yet.
    fn wait(&mut self, handler: Handler<R, E>, cx: &mut Context<'_>) -> Poll<Answer<R, E>> {
        self.handler = Some(handler);
        if let Some(ahead) = &self.ahead {
            ahead.poll(cx);
        }
        let overdue = self.overdue.as_mut();
        if overdue.is_some_and(|overdue| overdue.has_passed(cx)) {
            return self.answer_overdue();
        }
        Poll::Pending
    }

    /// The handler runs on by itself.
    #[cold]
    fn answer_overdue(&mut self) -> Poll<Answer<R, E>> {
        let Some(overdue) = self.overdue.take() else {
            panic!("a `ResponseFuture` was polled after it had resolved")
        };
        let exchange = &overdue.exchange;
        exchange.answer_overdue();
        self.ahead = None;
        if let Some(handler) = self.handler.take() {
            exchange.detach_overdue(handler.rest(exchange));
        }
        Poll::Ready(Ok(overdue.answer()))
    }
}

impl<R: Body + Send + 'static, E: Send + 'static> Future for ResponseFuture<R, E> {
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(mut handler) = self.handler.take() else {
            return self.answer_overdue();
        };
        self.has_started = true;
        if let Some(ahead) = &self.ahead {
            ahead.ask();
        }
        let mut answer = match Pin::new(&mut handler).poll(cx) {
            Poll::Ready(Some(answer)) => answer,
            // The runtime shuts down, and will not poll this again.
            Poll::Ready(None) => return Poll::Pending,
            Poll::Pending => return self.wait(handler, cx),
        };
        self.overdue = None;
        if let (Some(ahead), Ok(response)) = (self.ahead.take(), &mut answer) {
            response.body_mut().read_on(ahead);
        }
        Poll::Ready(answer)
    }
}

impl<R, E> Drop for ResponseFuture<R, E>
where
    R: Body + Send + 'static,
    E: Send + 'static,
{
    #[inline]
    fn drop(&mut self) {
        // One that has not started does nothing, like any future.
        if let Some(handler) = self.handler.take().filter(|_| self.has_started) {
            leave(handler);
        }
    }
}

/// The server has dropped a handler.
#[cold]
fn leave<R: Body + Send + 'static, E: Send + 'static>(handler: Handler<R, E>) {
    let Some(exchange) = handler.exchange() else {
        return;
    };
    // What was left to run on by the layer around has come to its end.
    if exchange.is_ended_outside() {
        return;
    }
    let code = exchange.leave("the client left before it was answered");
    exchange.detach(Phase::Handler, code, handler.rest(&exchange));
}

impl<R: Body + Send + 'static, E: Send + 'static> fmt::Debug for ResponseFuture<R, E> {
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
