//! What a handler can know of its own request.

use tokio::time::Instant;

use crate::context::Bound;
use crate::fencing::Fencing;
use crate::trigger::Event;

/// The code of the event that is set when the client leaves.
pub(crate) const DISCONNECT: &str = "disconnect";

/// The sources of one request: put into its extensions by [`FenceLayer`](super::FenceLayer), and an
/// extractor with the feature `axum`.
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
/// async fn upgrade<B>(request: http::Request<B>) {
///     let fence = request.extensions().get::<RequestFence>().expect("there is a layer");
///     // The socket of an upgraded connection lives in a task of its own.
///     tokio::spawn(fence.in_context(async { /* talk */ }));
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequestFence {
    pub(crate) fencing: Fencing,
    pub(crate) disconnect: Event,
    pub(crate) deadline: Option<Instant>,
}

impl RequestFence {
    /// What is bound around the handler: see [`FenceLayer`](super::FenceLayer).
    #[must_use]
    pub fn fencing(&self) -> &Fencing {
        &self.fencing
    }

    /// Set when the client leaves before it is answered.
    #[must_use]
    pub fn disconnect(&self) -> &Event {
        &self.disconnect
    }

    /// By when the answer has to be there, if the client or the layer said so.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Binds the sources of the request around a future that runs elsewhere.
    pub fn in_context<F: Future>(&self, future: F) -> Bound<F> {
        self.fencing.bind(future)
    }
}
