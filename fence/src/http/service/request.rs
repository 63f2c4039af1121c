//! What a handler can know of its own request.

use std::fmt;
use std::sync::Arc;

use tokio::time::Instant;

use super::exchange::Exchange;
use crate::context::Bound;
use crate::engine::owner;
use crate::fencing::Fencing;
use crate::trigger::Event;

/// The code of the event that is set when the client leaves.
pub(crate) const DISCONNECT: &str = "disconnect";

/// The sources of one request: what [`FenceLayer`](super::FenceLayer) binds around its handler, and
/// an extractor with the feature `axum`.
///
/// Code below the handler does without: what is bound travels in the context. This is for code that
/// the context does not reach, such as the task of an upgraded connection, and for those who want
/// the event itself.
///
/// # Examples
///
/// ```
/// use fence::service::RequestFence;
///
/// async fn upgrade() {
///     let fence = RequestFence::current().expect("there is a layer");
///     // The socket of an upgraded connection lives in a task of its own.
///     tokio::spawn(async move { fence.in_context(async { /* talk */ }).await });
/// }
/// ```
#[derive(Clone)]
pub struct RequestFence {
    pub(super) exchange: Arc<Exchange>,
}

impl RequestFence {
    /// That of the request whose handler, or whose body of an answer, runs here. `None` in tasks of
    /// their own: take it along, or put it into the [extensions](super::FenceLayer::extension) for
    /// those who get the request there.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{FenceLayer, RequestFence};
    /// use tower::ServiceExt;
    ///
    /// /// Far below the handler.
    /// fn is_wanted() -> bool {
    ///     RequestFence::current().is_none_or(|request| !request.disconnect().is_set())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// assert!(is_wanted(), "outside of requests");
    /// let service = Router::new()
    ///     .route("/", get(async || is_wanted().to_string()))
    ///     .layer(FenceLayer::new());
    /// let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
    /// assert_eq!(axum::body::to_bytes(answer.into_body(), 1000).await.unwrap(), "true");
    /// # }
    /// ```
    #[must_use]
    pub fn current() -> Option<Self> {
        let exchange = owner()?.into_any().downcast().ok()?;
        Some(Self { exchange })
    }

    /// What is bound now: see [`FenceLayer`](super::FenceLayer). Once the handler has answered, that
    /// is without what limits the head of the answer alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{FenceLayer, RequestFence};
    /// use tower::ServiceExt;
    ///
    /// async fn page(fence: RequestFence) -> &'static str {
    ///     // For a thread pool that the context does not reach.
    ///     let fencing = fence.fencing().clone();
    ///     let counting = std::thread::spawn(move || fencing.run_blocking(|| "counted"));
    ///     counting.join().unwrap().unwrap()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let service = Router::new().route("/", get(page)).layer(FenceLayer::new());
    /// assert_eq!(service.oneshot(Request::new(Body::empty())).await.unwrap().status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn fencing(&self) -> &Fencing {
        self.exchange.fencing()
    }

    /// Set when the client leaves before it is answered.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{FenceLayer, RequestFence};
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (send, mut log) = tokio::sync::mpsc::unbounded_channel();
    /// let page = move |fence: RequestFence| async move {
    ///     fence.disconnect().wait().await;
    ///     send.send("the client has left").unwrap();
    /// };
    /// let service = Router::new().route("/", get(page)).layer(FenceLayer::new());
    /// let mut answering = Box::pin(service.oneshot(Request::new(Body::empty())));
    /// assert!(futures::poll!(&mut answering).is_pending());
    /// drop(answering);
    /// assert_eq!(log.recv().await.unwrap(), "the client has left");
    /// # }
    /// ```
    #[must_use]
    pub fn disconnect(&self) -> &Event {
        self.exchange.disconnect()
    }

    /// By when the answer has to be there, if the client or the layer said so; once its head is,
    /// by when all of it has to be.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{FenceLayer, RequestFence};
    /// use tokio::time::{Duration, Instant};
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let at = Instant::now() + Duration::from_secs(5);
    /// let page = get(async move |fence: RequestFence| assert_eq!(fence.deadline(), Some(at)));
    /// let service = Router::new()
    ///     .route("/", page)
    ///     .layer(FenceLayer::new().max_deadline(Duration::from_secs(5)));
    /// assert_eq!(service.oneshot(Request::new(Body::empty())).await.unwrap().status(), 200);
    /// # }
    /// ```
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.exchange.limit()
    }

    /// Binds the sources of the request around a future that runs elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::{Router, body::Body, http::Request, routing::get};
    /// use fence::service::{FenceLayer, RequestFence};
    /// use tokio::time::Duration;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let page = get(async |fence: RequestFence| {
    ///     let elsewhere = tokio::spawn(fence.in_context(async { fence::remaining() }));
    ///     assert_eq!(elsewhere.await.unwrap(), Some(Duration::from_secs(5)));
    /// });
    /// let service = Router::new()
    ///     .route("/", page)
    ///     .layer(FenceLayer::new().max_deadline(Duration::from_secs(5)));
    /// assert_eq!(service.oneshot(Request::new(Body::empty())).await.unwrap().status(), 200);
    /// # }
    /// ```
    pub fn in_context<F: Future>(&self, future: F) -> Bound<F> {
        self.fencing().bind(future)
    }
}

impl fmt::Debug for RequestFence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestFence")
            .field("fencing", self.fencing())
            .field("disconnect", self.disconnect())
            .field("deadline", &self.deadline())
            .finish()
    }
}
