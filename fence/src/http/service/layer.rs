//! The layer: how requests are treated.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::departure::Departure;
use super::detached::Detached;
use super::settings::{BodyDrop, Settings};
use crate::http::deadlines::DeadlineHeaders;
use crate::trigger::{Event, Limit};

/// Fences the requests of a service: see the [module](self::super).
///
/// It binds around each request, on top of what is bound around the server:
///
/// - `"disconnect"`, an event that is set when the client leaves before it was answered;
/// - the `"deadline"` that the client asked for, and [`max_deadline`](Self::max_deadline);
/// - `"shutdown-hard"`, the second stage of a [shutdown](Self::shutdown_hard).
///
/// `"shutdown"`, the first stage, is for those who name it: a fence with `on = "shutdown"`, such as
/// that of an endless stream, ends with it, and all others have until the second to be answered.
///
/// Binding cancels nothing. When the client leaves, only what is fenced in the handler stops, with
/// these reasons; the rest runs to its end, in a task if it was still running. Of those no more
/// than [`max_detached`](Self::max_detached) run at once, none longer than
/// [`detach_grace`](Self::detach_grace): a client that comes and goes must not multiply them.
///
/// A handler that panics is not polled again, and is no client that left.
///
/// # Layers in layers
///
/// A layer around an application and another one around a route in it share the request: one client
/// leaves, once. The tighter limit counts; everything else is as the layer of the route says, for
/// its route: how long and how many run on (they count in both), what happens to bodies, tasks, the
/// events of a shutdown. It is known by the request, in whatever task that comes, so that a request
/// which a handler sends to another service in the process is one of its own.
///
/// # Examples
///
/// Without a server: the response future is dropped, as a server does.
///
/// ```
/// use std::convert::Infallible;
/// use fence::{Fencing, service::FenceLayer};
/// use http::{Request, Response};
/// use tower_layer::Layer;
/// use tower_service::Service;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let (send, saved) = tokio::sync::oneshot::channel();
/// let mut send = Some(send);
/// let handler = tower::service_fn(move |_: Request<_>| {
///     let send = send.take().unwrap();
///     async move {
///         let answer = Fencing::current().run(std::future::pending::<()>()).await;
///         send.send(answer.cancelled_by("disconnect")).unwrap(); // always runs
///         Ok::<_, Infallible>(Response::new(http_body_util::Empty::<bytes::Bytes>::new()))
///     }
/// });
///
/// let mut service = FenceLayer::new().layer(handler);
/// let body = http_body_util::Empty::<bytes::Bytes>::new();
/// let mut answering = Box::pin(service.call(Request::new(body)));
/// assert!(futures::poll!(&mut answering).is_pending());
/// drop(answering); // the client leaves
/// assert!(saved.await.unwrap());
/// # }
/// ```
#[derive(Clone, Default)]
pub struct FenceLayer {
    pub(super) settings: Arc<Settings>,
}

impl FenceLayer {
    /// A layer with the defaults that the methods name.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use fence::service::FenceLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service: Router = Router::new()
    ///     .route("/", get(async || "page"))
    ///     .layer(FenceLayer::new());
    /// # assert!(service.has_routes());
    /// # }
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Reads how much time a request has from these headers: those of gRPC and Connect unless set.
    ///
    /// The deadline that is bound comes [earlier](Self::margin), so that the client gets our
    /// answer, and not that of a framework that watches the same header.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::{HeaderName, Request}, routing::get};
    /// use fence::{DeadlineHeaders, TimeUnit, service::FenceLayer};
    /// use tokio::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let patience = HeaderName::from_static("x-patience");
    /// let headers = DeadlineHeaders::default().custom(patience, TimeUnit::Seconds);
    /// let service = Router::new()
    ///     .route("/", get(async || {
    ///         assert_eq!(fence::remaining(), Some(Duration::from_millis(2900)));
    ///     }))
    ///     .layer(FenceLayer::new().deadlines(headers));
    /// let request = Request::get("/").header("x-patience", "3").body(Body::empty()).unwrap();
    /// assert_eq!(service.oneshot(request).await.unwrap().status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn deadlines(self, headers: DeadlineHeaders) -> Self {
        self.with(|settings| settings.deadlines = headers)
    }

    /// Keeps that much of the time that the client asked for: unless set 5 % of it, at least 2 ms and
    /// at most 100 ms, or 2 % where that is more. It is what a request and its answer take to come
    /// and go, and what a handler takes that has something to save: a client whose time is over
    /// before ours leaves, and the reason is `"disconnect"` then, not `"deadline"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::post};
    /// use fence::service::FenceLayer;
    /// use tokio::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let service = Router::new()
    ///     .route("/", post(async || {
    ///         assert_eq!(fence::remaining(), Some(Duration::from_millis(900)));
    ///     }))
    ///     .layer(FenceLayer::new().margin(Duration::from_millis(100)));
    /// let call = Request::post("/")
    ///     .header("content-type", "application/grpc")
    ///     .header("grpc-timeout", "1S")
    ///     .body(Body::empty())
    ///     .unwrap();
    /// assert_eq!(service.oneshot(call).await.unwrap().status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn margin(self, margin: Duration) -> Self {
        self.with(|settings| settings.margin = Some(margin))
    }

    /// Gives each request no more time than this, whatever it asks for. Its code is `"deadline"`.
    ///
    /// It is over with the head of the answer: a stream whose head went out in time goes on, unless
    /// [the body is covered](Self::deadline_covers_body) as well. What is fenced in the handler is
    /// cut then, and the body of the request fails with a timeout, so that a client cannot hold a
    /// handler by sending little. Other code runs on; [`respond_by`](Self::respond_by) answers
    /// whatever the handler does.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::{fenced, service::FenceLayer};
    /// use tokio::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// #[fenced]
    /// async fn search() {
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let service = Router::new()
    ///     .route("/", get(async || search().await.cancelled().unwrap().to_string()))
    ///     .layer(FenceLayer::new().max_deadline(Duration::from_secs(5)));
    /// let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    /// let text = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
    /// assert_eq!(text, "`search` cancelled: deadline: timed out after 5s");
    /// # }
    /// ```
    #[must_use]
    pub fn max_deadline(self, limit: impl Limit) -> Self {
        self.with(|settings| settings.max_deadline = limit.limit())
    }

    /// Answers by itself when the time of a request is over, with 504 or `DEADLINE_EXCEEDED`, and
    /// lets the handler run on without its client, as after a departure: what a `TimeoutLayer` is
    /// used for elsewhere, which drops the handler instead, wherever it is.
    ///
    /// `time` says how much each request has; the shortest counts of that, of what the client asked
    /// for and of [`max_deadline`](Self::max_deadline), which it leaves alone with `None`. A handler
    /// that answers in that very moment comes first, and one that had no time to begin with is not
    /// called. A body of an answer that is still being sent when *its* time is over, because the
    /// client said so or [`deadline_covers_body`](Self::deadline_covers_body) does, fails then; a
    /// gRPC stream ends with its status.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use std::time::Duration;
    /// use fence::service::{FenceLayer, RequestBody};
    /// use http::{Request, Response};
    /// use http_body_util::{BodyExt, Full};
    /// use tower::{Layer, Service, service_fn};
    ///
    /// type Body = Full<bytes::Bytes>;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let layer = FenceLayer::new().respond_by(|request| {
    ///     let is_report = request.uri.path().starts_with("/reports/");
    ///     Some(Duration::from_secs(if is_report { 60 } else { 5 }))
    /// });
    /// let mut service = layer.layer(service_fn(|_: Request<RequestBody<Body>>| async {
    ///     tokio::time::sleep(Duration::from_secs(20)).await; // obeys nobody
    ///     Ok::<_, Infallible>(Response::new(Body::from("done")))
    /// }));
    ///
    /// let request = |path: &str| Request::get(path).body(Body::default()).unwrap();
    /// let report = service.call(request("/reports/7")).await.unwrap();
    /// assert_eq!(report.status(), 200);
    /// let page = service.call(request("/page")).await.unwrap();
    /// assert_eq!(page.status(), 504);
    /// assert_eq!(layer.detached().active(), 1); // it runs on
    /// # }
    /// ```
    #[must_use]
    pub fn respond_by(
        self,
        time: impl Fn(&http::request::Parts) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.respond_by = Some(Arc::new(time)))
    }

    /// Whether the time that the layer gives covers the body of the answer too: not unless set. What
    /// the client asked for always does.
    ///
    /// What is fenced in the body is cut then. With [`respond_by`](Self::respond_by) a body that
    /// waits for something else fails, and its client sees that it is not complete. One that waits
    /// for its client cannot be ended by a layer.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::{Fencing, service::FenceLayer};
    /// use tokio::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// /// A stream that says why it ends.
    /// async fn stream() -> Body {
    ///     Body::from_stream(futures::stream::once(async {
    ///         let body = Fencing::current().run(std::future::pending::<()>());
    ///         Ok::<_, std::io::Error>(body.await.cancelled().unwrap().primary().code().to_owned())
    ///     }))
    /// }
    ///
    /// let layer = FenceLayer::new().max_deadline(Duration::from_secs(5)).deadline_covers_body(true);
    /// let service = Router::new().route("/", get(stream)).layer(layer);
    /// let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    /// assert_eq!(axum::body::to_bytes(answer.into_body(), 1000).await.unwrap(), "deadline");
    /// # }
    /// ```
    #[must_use]
    pub fn deadline_covers_body(self, covers: bool) -> Self {
        self.with(|settings| settings.covers_body = covers)
    }

    /// Lets at most so many handlers run on after their client has left: 1024 unless set.
    ///
    /// Where there are more, the one that has been without its client for the longest is dropped,
    /// in the middle of what it does, fenced or not: this is the one case, beside the
    /// [grace](Self::detach_grace), in which the rest of a handler does not run to its end. So a
    /// client that leaves thousands of slow ones behind takes no place from those that have only a
    /// little left to do. [`Detached::shed`] counts them.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let layer = FenceLayer::new().max_detached(1);
    /// let detached = layer.detached();
    /// let service = Router::new().route("/", get(std::future::pending::<()>)).layer(layer);
    /// for _ in 0..3 {
    ///     let mut answering = Box::pin(service.clone().oneshot(Request::new(Body::empty())));
    ///     assert!(futures::poll!(&mut answering).is_pending());
    ///     drop(answering); // the client leaves
    /// }
    /// assert_eq!((detached.active(), detached.shed()), (1, 2));
    /// # }
    /// ```
    #[must_use]
    pub fn max_detached(self, max: usize) -> Self {
        self.with(|settings| settings.max_detached = max)
    }

    /// Lets a handler run on for that long after its client has left: 30 s unless set. Then it is
    /// dropped, also one that [has a task of its own](Self::isolate).
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tokio::time::{Duration, sleep};
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let layer = FenceLayer::new().detach_grace(Duration::from_secs(2));
    /// let detached = layer.detached();
    /// let service = Router::new().route("/", get(std::future::pending::<()>)).layer(layer);
    /// let mut answering = Box::pin(service.oneshot(Request::new(Body::empty())));
    /// assert!(futures::poll!(&mut answering).is_pending());
    /// drop(answering); // the client leaves
    /// sleep(Duration::from_secs(3)).await;
    /// assert_eq!(detached.active(), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn detach_grace(self, grace: impl Limit) -> Self {
        self.with(|settings| settings.grace = grace.limit())
    }

    /// Offers this event as `"shutdown"`, instead of what is bound around the server or, without
    /// that, the process-wide one.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::{Event, fenced, service::FenceLayer};
    /// use tower::ServiceExt;
    ///
    /// #[fenced(on = "shutdown")]
    /// async fn stream() {
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let service = Router::new()
    ///     .route("/", get(async || assert!(stream().await.cancelled_by("shutdown"))))
    ///     .layer(FenceLayer::new().shutdown(&stop));
    /// stop.set();
    /// assert_eq!(service.oneshot(Request::new(Body::empty())).await.unwrap().status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn shutdown(self, event: &Event) -> Self {
        self.with(|settings| settings.shutdown = Some(event.clone()))
    }

    /// Binds this event as `"shutdown-hard"`, instead of what is bound around the server or, without
    /// that, the process-wide one.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::{Event, fenced, service::FenceLayer};
    /// use tower::ServiceExt;
    ///
    /// #[fenced] // what the layer binds
    /// async fn search() {
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let service = Router::new()
    ///     .route("/", get(async || assert!(search().await.cancelled_by("shutdown-hard"))))
    ///     .layer(FenceLayer::new().shutdown_hard(&stop));
    /// stop.set();
    /// assert_eq!(service.oneshot(Request::new(Body::empty())).await.unwrap().status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn shutdown_hard(self, event: &Event) -> Self {
        self.with(|settings| settings.shutdown_hard = Some(event.clone()))
    }

    /// Runs each handler in a task of its own from the start. Costs about a microsecond, and lets
    /// the connection notice that the client has left while a handler computes without waiting.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = Router::new()
    ///     .route("/", get(async || tokio::task::id().to_string()))
    ///     .layer(FenceLayer::new().isolate(true));
    /// let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    /// assert_eq!(answer.status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn isolate(self, isolate: bool) -> Self {
        self.with(|settings| settings.is_isolated = isolate)
    }

    /// Reads so many bytes of an HTTP/1.1 request's body ahead of the handler: 64 KiB unless set.
    /// Without that a client that leaves is not noticed while its request has not been read.
    /// Other versions need none of it, nor do requests that wait for `100 Continue`.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::post};
    /// use fence::service::FenceLayer;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = Router::new()
    ///     .route("/", post(async |text: String| text))
    ///     .layer(FenceLayer::new().read_ahead(1024 * 1024)); // uploads
    /// let answer = service.oneshot(Request::post("/").body(Body::from("text")).unwrap()).await.unwrap();
    /// assert_eq!(axum::body::to_bytes(answer.into_body(), 1000).await.unwrap(), "text");
    /// # }
    /// ```
    #[must_use]
    pub fn read_ahead(self, bytes: usize) -> Self {
        self.with(|settings| settings.read_ahead = bytes)
    }

    /// What happens to the body of a response whose client leaves.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{BodyDrop, FenceLayer};
    /// use futures::StreamExt;
    /// use tokio::sync::mpsc;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (send, mut saved) = mpsc::unbounded_channel();
    /// let parts = async move || {
    ///     let parts = futures::stream::iter(["one", "two"]).map(move |part| {
    ///         send.send(part).unwrap();
    ///         Ok::<_, std::convert::Infallible>(part)
    ///     });
    ///     Body::from_stream(parts)
    /// };
    /// let layer = FenceLayer::new().on_body_drop(BodyDrop::Drain);
    /// let service = Router::new().route("/", get(parts)).layer(layer);
    /// let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    /// drop(answer); // the client leaves before it has read anything
    /// assert_eq!(saved.recv().await, Some("one"));
    /// assert_eq!(saved.recv().await, Some("two"));
    /// # }
    /// ```
    #[must_use]
    pub fn on_body_drop(self, on_body_drop: BodyDrop) -> Self {
        self.with(|settings| settings.on_body_drop = on_body_drop)
    }

    /// Leaves requests alone that `watch` declines: they have no sources, and their handlers are
    /// dropped with their client.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{FenceLayer, RequestFence};
    /// use tower::ServiceExt;
    ///
    /// async fn page(fence: Option<RequestFence>) -> String {
    ///     fence.is_some().to_string()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = Router::new()
    ///     .route("/page", get(page))
    ///     .route("/health", get(page))
    ///     .layer(FenceLayer::new().watch(|request| request.uri.path() != "/health"));
    /// for (path, is_watched) in [("/page", "true"), ("/health", "false")] {
    ///     let request = Request::get(path).body(Body::empty()).unwrap();
    ///     let answer = service.clone().oneshot(request).await.unwrap();
    ///     assert_eq!(axum::body::to_bytes(answer.into_body(), 1000).await.unwrap(), is_watched);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn watch(
        self,
        watch: impl Fn(&http::request::Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.watch = Some(Arc::new(watch)))
    }

    /// Calls `tell` for each client that left, once its handler and the cleanups in it have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::FenceLayer;
    /// use tokio::{sync::mpsc, time::{Duration, sleep}};
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (send, mut log) = mpsc::unbounded_channel();
    /// let layer = FenceLayer::new().on_disconnect(move |left| send.send(left.to_string()).unwrap());
    /// let service = Router::new().route("/", get(|| sleep(Duration::from_secs(2)))).layer(layer);
    ///
    /// let mut answering = Box::pin(service.oneshot(Request::new(Body::empty())));
    /// assert!(futures::poll!(&mut answering).is_pending());
    /// drop(answering); // the client leaves
    /// let line = "GET /: disconnect after 0ns in the handler, finished after another 2s";
    /// assert_eq!(log.recv().await.unwrap(), line);
    /// # }
    /// ```
    #[must_use]
    pub fn on_disconnect(self, tell: impl Fn(&Departure) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.on_disconnect = Some(Arc::new(tell)))
    }

    /// Puts the [`RequestFence`](super::RequestFence) into the extensions of each request: not
    /// unless set, since [`RequestFence::current`](super::RequestFence::current) knows it too. For
    /// code that gets the request in a task of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{FenceLayer, RequestFence};
    /// use tower::ServiceExt;
    ///
    /// async fn page(request: Request<Body>) -> String {
    ///     let elsewhere = tokio::spawn(async move {
    ///         request.extensions().get::<RequestFence>().is_some().to_string()
    ///     });
    ///     elsewhere.await.unwrap()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = Router::new().route("/", get(page)).layer(FenceLayer::new().extension(true));
    /// let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    /// assert_eq!(axum::body::to_bytes(answer.into_body(), 1000).await.unwrap(), "true");
    /// # }
    /// ```
    #[must_use]
    pub fn extension(self, extension: bool) -> Self {
        self.with(|settings| settings.has_extension = extension)
    }

    /// The handlers that run on without their client, of all services of this layer.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::service::FenceLayer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let layer = FenceLayer::new();
    /// let detached = layer.detached(); // before the layer is given away
    /// drop(layer);
    /// assert_eq!(detached.active(), 0);
    /// # }
    /// ```
    #[must_use]
    pub fn detached(&self) -> Detached {
        self.settings.detached.clone()
    }
}

impl fmt::Debug for FenceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FenceLayer")
            .field("max_detached", &self.settings.max_detached)
            .field("detach_grace", &self.settings.grace)
            .field("max_deadline", &self.settings.max_deadline)
            .field("detached", &self.settings.detached)
            .finish_non_exhaustive()
    }
}
