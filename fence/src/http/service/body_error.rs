//! What reading the body of a request fails with.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

const LEFT: &str = "the client left before its request was complete";

/// Why the body of a request could not be read to its end.
#[derive(Clone, Debug)]
pub struct BodyError {
    cause: Option<Arc<dyn Error + Send + Sync>>,
    has_left: bool,
}

impl BodyError {
    pub(crate) fn of(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        let has_left = is_departure(&*cause);
        Self {
            cause: if has_left {
                instead()
            } else {
                Some(cause.into())
            },
            has_left,
        }
    }

    /// Whether the client has left. Otherwise it has sent what is no valid body.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.has_left
    }
}

/// What stands for the transport's error when the client left. tonic would take a stream that was
/// reset for a complete one.
#[cfg_attr(
    feature = "tonic",
    expect(clippy::unnecessary_wraps, reason = "there is none without tonic")
)]
fn instead() -> Option<Arc<dyn Error + Send + Sync>> {
    #[cfg(feature = "tonic")]
    return Some(Arc::new(tonic::Status::aborted(LEFT)));
    #[cfg(not(feature = "tonic"))]
    None
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause.as_ref().filter(|_| !self.has_left) {
            Some(cause) => write!(f, "{cause}"),
            None => f.write_str(LEFT),
        }
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}

/// Whether a transport error says that the other side is gone. Those of hyper and HTTP/2 are known
/// by their text: their types are those of crates which only servers need.
fn is_departure(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| {
        let io = error.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| GONE.contains(&io.kind())) || is_text_of_departure(&error.to_string())
    })
}

const GONE: [ErrorKind; 4] = [
    ErrorKind::BrokenPipe,
    ErrorKind::ConnectionAborted,
    ErrorKind::ConnectionReset,
    ErrorKind::UnexpectedEof,
];

fn is_text_of_departure(text: &str) -> bool {
    text.starts_with("stream error received")
        || text.starts_with("connection error")
        // The connection ended in the middle of a frame.
        || text == "bytes remaining on stream"
        // The server has dropped the connection.
        || text == "connection closed before message completed"
        // `h2` gives the text of an I/O error alone.
        || GONE.iter().any(|kind| text.ends_with(&kind.to_string()))
}
