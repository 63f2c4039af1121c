//! The layer: how requests are treated.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::departure::Departure;
use super::detached::Detached;
use super::exchange::{Exchange, MARGIN};
use super::request::{DISCONNECT, RequestFence};
use super::settings::{BodyDrop, Settings};
use crate::fencing::Fencing;
use crate::http::deadlines::DeadlineHeaders;
use crate::trigger::{Event, Limit};

/// Fences the requests of a service: see the [module](self::super).
///
/// It binds around each request, on top of what is bound around the server:
///
/// - `"disconnect"`, an event that is set when the client leaves before it was answered;
/// - the `"deadline"` that the client asked for, and [`max_deadline`](Self::max_deadline);
/// - `"shutdown"`, the process-wide event of that name.
///
/// Binding cancels nothing. When the client leaves, only what is fenced in the handler stops, with
/// these reasons; the rest runs to its end, in a task if it was still running. Of those no more
/// than [`max_detached`](Self::max_detached) run at once, none longer than
/// [`detach_grace`](Self::detach_grace): a client that comes and goes must not multiply them.
///
/// A handler that panics is not polled again, and is no client that left.
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
#[derive(Clone)]
pub struct FenceLayer {
    settings: Arc<Settings>,
    detached: Detached,
}

impl Default for FenceLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl FenceLayer {
    /// A layer with the defaults that the methods name.
    #[must_use]
    pub fn new() -> Self {
        Self {
            settings: Arc::new(Settings {
                shutdown: Some(Event::named("shutdown").clone()),
                deadlines: DeadlineHeaders::default(),
                margin: MARGIN,
                max_deadline: None,
                max_detached: 1024,
                grace: Some(Duration::from_secs(30)),
                read_ahead: 64 * 1024,
                is_isolated: false,
                on_body_drop: BodyDrop::Drop,
                watch: None,
                on_disconnect: None,
            }),
            detached: Detached::new(),
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// Reads how much time a request has from these headers: those of gRPC and Connect unless set.
    ///
    /// The deadline that is bound comes [earlier](Self::margin), so that the client gets our answer,
    /// and not that of a framework that watches the same header.
    #[must_use]
    pub fn deadlines(self, headers: DeadlineHeaders) -> Self {
        self.with(|settings| settings.deadlines = headers)
    }

    /// Keeps that much of the time that the client asked for: 2 ms unless set. It is what a request
    /// and its answer take to come and go: a client whose time is over before ours leaves, and the
    /// reason is `"disconnect"` then, not `"deadline"`.
    #[must_use]
    pub fn margin(self, margin: Duration) -> Self {
        self.with(|settings| settings.margin = margin)
    }

    /// Gives each request no more time than this, whatever it asks for. Its code is `"deadline"`.
    #[must_use]
    pub fn max_deadline(self, limit: impl Limit) -> Self {
        self.with(|settings| settings.max_deadline = limit.limit())
    }

    /// Lets at most so many handlers run on after their client has left: 1024 unless set.
    ///
    /// Where there are more, the one that has been without its client for the longest is dropped,
    /// in the middle of what it does, fenced or not: this is the one case, beside the
    /// [grace](Self::detach_grace), in which the rest of a handler does not run to its end. So a
    /// client that leaves thousands of slow ones behind takes no place from those that have only a
    /// little left to do. [`Detached::shed`] counts them.
    #[must_use]
    pub fn max_detached(self, max: usize) -> Self {
        self.with(|settings| settings.max_detached = max)
    }

    /// Lets a handler run on for that long after its client has left: 30 s unless set. Then it is
    /// dropped, also one that [has a task of its own](Self::isolate).
    #[must_use]
    pub fn detach_grace(self, grace: impl Limit) -> Self {
        self.with(|settings| settings.grace = grace.limit())
    }

    /// Binds this event as `"shutdown"` instead of the process-wide one.
    #[must_use]
    pub fn shutdown(self, event: &Event) -> Self {
        self.with(|settings| settings.shutdown = Some(event.clone()))
    }

    /// Runs each handler in a task of its own from the start. Costs about a microsecond, and lets
    /// the connection notice that the client has left while a handler computes without waiting.
    #[must_use]
    pub fn isolate(self, isolate: bool) -> Self {
        self.with(|settings| settings.is_isolated = isolate)
    }

    /// Reads so many bytes of an HTTP/1.1 request's body ahead of the handler: 64 KiB unless set.
    /// Without that a client that leaves is not noticed while its request has not been read.
    /// Other versions need none of it, nor do requests that wait for `100 Continue`.
    #[must_use]
    pub fn read_ahead(self, bytes: usize) -> Self {
        self.with(|settings| settings.read_ahead = bytes)
    }

    /// What happens to the body of a response whose client leaves.
    #[must_use]
    pub fn on_body_drop(self, on_body_drop: BodyDrop) -> Self {
        self.with(|settings| settings.on_body_drop = on_body_drop)
    }

    /// Leaves requests alone that `watch` declines: they have no sources, and their handlers are
    /// dropped with their client.
    #[must_use]
    pub fn watch(
        self,
        watch: impl Fn(&http::request::Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.watch = Some(Arc::new(watch)))
    }

    /// Calls `tell` for each client that left, once its handler and the cleanups in it have ended.
    #[must_use]
    pub fn on_disconnect(self, tell: impl Fn(&Departure) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.on_disconnect = Some(Arc::new(tell)))
    }

    /// The handlers that run on without their client, of all services of this layer.
    #[must_use]
    pub fn detached(&self) -> Detached {
        self.detached.clone()
    }

    /// What a request shares with its answer; `None` if it is to be left alone, or an outer layer
    /// of this kind has seen to it.
    pub(crate) fn open<B>(&self, parts: &http::Request<B>) -> Option<Arc<Exchange>> {
        if parts.extensions().get::<RequestFence>().is_some() {
            return None;
        }
        let disconnect = Event::new();
        let mut fencing = Fencing::current().on(DISCONNECT, &disconnect);
        if let Some(shutdown) = &self.settings.shutdown {
            fencing = fencing.on("shutdown", shutdown);
        }
        let deadline = self.deadline(parts);
        if let Some(deadline) = deadline {
            fencing = fencing.deadline(deadline);
        }
        let fence = RequestFence {
            fencing,
            disconnect,
            deadline,
        };
        let (settings, detached) = (self.settings.clone(), self.detached.clone());
        Some(Exchange::new(settings, detached, fence, parts))
    }

    /// Whether the request is one to watch.
    pub(crate) fn is_watched<B>(&self, request: http::Request<B>) -> (bool, http::Request<B>) {
        let Some(watch) = &self.settings.watch else {
            return (true, request);
        };
        let (parts, body) = request.into_parts();
        (watch(&parts), http::Request::from_parts(parts, body))
    }

    /// By when it has to be answered: a little before the client, or a framework for it, gives up.
    fn deadline<B>(&self, request: &http::Request<B>) -> Option<Instant> {
        let asked = self.settings.deadlines.read_of(request);
        let asked = asked.map(|time| time.saturating_sub(self.settings.margin));
        let limit = asked.into_iter().chain(self.settings.max_deadline).min()?;
        Instant::now().checked_add(limit)
    }
}

impl fmt::Debug for FenceLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FenceLayer")
            .field("max_detached", &self.settings.max_detached)
            .field("detach_grace", &self.settings.grace)
            .field("max_deadline", &self.settings.max_deadline)
            .field("detached", &self.detached)
            .finish_non_exhaustive()
    }
}
