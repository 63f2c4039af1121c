//! How requests are treated.

use std::sync::Arc;
use std::time::Duration;

use super::departure::Departure;
use crate::http::deadlines::DeadlineHeaders;
use crate::trigger::Event;

type Watch = dyn Fn(&http::request::Parts) -> bool + Send + Sync;
type OnDisconnect = dyn Fn(&Departure) + Send + Sync;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) shutdown: Option<Event>,
    pub(crate) deadlines: DeadlineHeaders,
    pub(crate) margin: Duration,
    pub(crate) max_deadline: Option<Duration>,
    pub(crate) max_detached: usize,
    pub(crate) grace: Option<Duration>,
    pub(crate) read_ahead: usize,
    pub(crate) is_isolated: bool,
    pub(crate) on_body_drop: BodyDrop,
    pub(super) watch: Option<Arc<Watch>>,
    pub(crate) on_disconnect: Option<Arc<OnDisconnect>>,
}

/// What happens to the body of a response whose client leaves, once `"disconnect"` has fired.
///
/// # Examples
///
/// ```
/// use fence::service::{BodyDrop, FenceLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(BodyDrop::default(), BodyDrop::Drop);
/// let layer = FenceLayer::new().on_body_drop(BodyDrop::Drain);
/// # assert_eq!(layer.detached().active(), 0);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BodyDrop {
    /// It is dropped.
    #[default]
    Drop,
    /// It is read to its end, like a handler that runs on: so that a stream can save what it has
    /// done. A stream that has no end is dropped with its grace.
    Drain,
}
