//! What there is to tell about a client that left.

use std::fmt;
use std::time::Duration;

/// A client that left before its request was answered: what
/// [`FenceLayer::on_disconnect`](super::FenceLayer::on_disconnect) is told, once the handler has
/// ended.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use fence::service::{Departure, Fate, FenceLayer, Phase};
/// use tokio::{sync::mpsc, time::{Duration, sleep}};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let (send, mut departures) = mpsc::unbounded_channel::<Departure>();
/// let layer = FenceLayer::new().on_disconnect(move |left| send.send(left.clone()).unwrap());
/// let page = get(|| sleep(Duration::from_millis(150))); // not fenced: runs on
/// let service = Router::new().route("/page", page).layer(layer);
///
/// let mut answering = Box::pin(service.oneshot(Request::get("/page").body(Body::empty()).unwrap()));
/// assert!(futures::poll!(&mut answering).is_pending());
/// drop(answering); // the client leaves
///
/// let left = departures.recv().await.unwrap();
/// assert_eq!((left.phase, left.fate), (Phase::Handler, Fate::Finished));
/// assert_eq!(
///     left.to_string(),
///     "GET /page: disconnect after 0ns in the handler, finished after another 150ms",
/// );
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Departure {
    /// The method of the request.
    pub method: http::Method,
    /// The target of the request.
    pub uri: http::Uri,
    /// What the layers around this one had put into the request: of axum, `ConnectInfo` and, below
    /// `Router::layer`, `MatchedPath`; the id that another layer gives it.
    pub extensions: http::Extensions,
    /// The code of the first reason: `"disconnect"`, unless the request's deadline had passed
    /// (`"deadline"`) or the process was shutting down (`"shutdown"`), in which case it may have
    /// been the server that dropped it.
    pub code: &'static str,
    /// What was going on.
    pub phase: Phase,
    /// How long after the request arrived.
    pub after: Duration,
    /// How long the handler, or the body, ran on by itself.
    pub detached_for: Duration,
    /// What became of it.
    pub fate: Fate,
}

/// One line for a log: `GET /page: disconnect after 30ms in the handler, finished after another
/// 150ms`. Of the target only the path is shown: a query may hold what is nobody's business.
impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            code,
            after,
            detached_for,
            ..
        } = self;
        let path = self.uri.path().escape_debug();
        let phase = match self.phase {
            Phase::Handler => "in the handler",
            Phase::Body => "in the body",
        };
        let fate = match self.fate {
            Fate::Finished => "finished",
            Fate::OutOfTime => "out of time",
            Fate::Shed => "shed",
            Fate::Dropped => "dropped",
            Fate::Panicked => "panicked",
        };
        write!(f, "{method} {path}: {code} after {after:?} {phase}, {fate}")?;
        match *detached_for {
            Duration::ZERO => Ok(()),
            more => write!(f, " after another {more:?}"),
        }
    }
}

/// What was going on when the client left.
///
/// # Examples
///
/// ```
/// use fence::service::{Departure, Phase};
///
/// /// Which counter a departure adds to.
/// fn counter(left: &Departure) -> &'static str {
///     match left.phase {
///         Phase::Handler => "left_before_the_answer",
///         Phase::Body => "left_within_the_answer",
///     }
/// }
///
/// let layer = fence::service::FenceLayer::new().on_disconnect(|left| println!("{}", counter(left)));
/// # assert_eq!(layer.detached().departed(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The handler had not returned.
    Handler,
    /// The body of the response was being sent.
    Body,
}

/// What became of a handler, or a body, whose client left.
///
/// # Examples
///
/// ```
/// use fence::service::{Fate, FenceLayer};
///
/// let layer = FenceLayer::new().on_disconnect(|left| match left.fate {
///     Fate::Finished | Fate::Dropped => {}
///     fate => eprintln!("{fate:?}, which somebody should look at: {left}"),
/// });
/// # assert_eq!(layer.detached().departed(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// It ran to its end.
    Finished,
    /// It was dropped once its grace was over.
    OutOfTime,
    /// It was dropped to make room: too many were detached, and it had been for the longest.
    Shed,
    /// It was dropped at once: a body that is not to be drained.
    Dropped,
    /// It panicked.
    Panicked,
}
