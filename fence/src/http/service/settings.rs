//! How requests are treated.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;

use super::departure::Departure;
use super::detached::Detached;
use crate::http::deadlines::DeadlineHeaders;
use crate::trigger::Event;

type Watch = dyn Fn(&Parts) -> bool + Send + Sync;
type RespondBy = dyn Fn(&Parts) -> Option<Duration> + Send + Sync;
type OnDisconnect = dyn Fn(&Departure) + Send + Sync;

#[derive(Clone)]
pub(crate) struct Settings {
    /// Offered, in place of what the surroundings mean.
    pub(super) shutdown: Option<Event>,
    /// Obeyed, in place of what the surroundings mean.
    pub(super) shutdown_hard: Option<Event>,
    pub(super) deadlines: DeadlineHeaders,
    /// Grows with the deadline unless set.
    pub(super) margin: Option<Duration>,
    pub(super) max_deadline: Option<Duration>,
    pub(super) respond_by: Option<Arc<RespondBy>>,
    pub(super) covers_body: bool,
    pub(super) max_detached: usize,
    pub(super) grace: Option<Duration>,
    pub(super) read_ahead: usize,
    pub(super) is_isolated: bool,
    pub(super) has_extension: bool,
    pub(super) on_body_drop: BodyDrop,
    pub(super) watch: Option<Arc<Watch>>,
    pub(super) on_disconnect: Option<Arc<OnDisconnect>>,
    /// Of all clones of the layer.
    pub(super) detached: Detached,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            shutdown: None,
            shutdown_hard: None,
            deadlines: DeadlineHeaders::default(),
            margin: None,
            max_deadline: None,
            respond_by: None,
            covers_body: false,
            max_detached: 1024,
            grace: Some(Duration::from_secs(30)),
            read_ahead: 64 * 1024,
            is_isolated: false,
            has_extension: false,
            on_body_drop: BodyDrop::Drop,
            watch: None,
            on_disconnect: None,
            detached: Detached::new(),
        }
    }
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
