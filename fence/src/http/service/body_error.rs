//! What reading the body of a request fails with.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::ops::Deref;

type Boxed = Box<dyn Error + Send + Sync>;

/// Why the body of a request could not be read to its end.
///
/// If the client has left, it holds a [`ClientLeft`], and if its time is over, a [`BodyTimeout`];
/// every other error is the one that the body failed with. It stands for that error and hides
/// nothing of it, so it is no [`Error`] of its own: it dereferences to the error, and becomes it as
/// a `Box<dyn Error>`. That is how axum finds a `LengthLimitError` and answers with 413, also behind
/// the layer.
///
/// # Examples
///
/// ```
/// use std::error::Error;
/// use fence::service::{BodyError, ClientLeft};
///
/// /// What is worth a line in the log: a client that left is none.
/// fn worth_a_line(error: BodyError) -> Option<Box<dyn Error + Send + Sync>> {
///     let error: Box<dyn Error + Send + Sync> = error.into();
///     (!error.is::<ClientLeft>()).then_some(error)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # use axum::body::Body;
/// # use http_body_util::BodyExt;
/// # use tower::{Layer, ServiceExt, service_fn};
/// # let parts = futures::stream::iter([Err::<&str, _>(std::io::Error::other("not base64"))]);
/// # let request = http::Request::new(Body::from_stream(parts));
/// # let handler = service_fn(async |request: http::Request<fence::service::RequestBody<Body>>| {
/// let error: BodyError = request.into_body().collect().await.unwrap_err();
/// assert!(worth_a_line(error).unwrap().to_string().contains("not base64"));
/// #     Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
/// # });
/// # fence::service::FenceLayer::new().layer(handler).oneshot(request).await.unwrap();
/// # }
/// ```
pub struct BodyError(Boxed);

impl BodyError {
    /// Of an error that the body of the server failed with.
    pub(crate) fn of(error: impl Into<Boxed>) -> Self {
        let error = unwrapped(error.into());
        if is_departure(&*error) {
            Self::left()
        } else {
            Self(error)
        }
    }

    /// The client has left.
    pub(crate) fn left() -> Self {
        Self(Box::new(departure_error()))
    }

    /// The time of the request is over.
    pub(crate) fn overdue() -> Self {
        Self(Box::new(BodyTimeout::new()))
    }

    /// Whether the client has left.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{self, ErrorKind};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use axum::body::Body;
    /// # use http_body_util::BodyExt;
    /// # use tower::{Layer, ServiceExt, service_fn};
    /// # let reset = io::Error::from(ErrorKind::ConnectionReset);
    /// # let request = http::Request::new(Body::from_stream(futures::stream::iter([Err::<&str, _>(reset)])));
    /// # let handler = service_fn(async |request: http::Request<fence::service::RequestBody<Body>>| {
    /// let error = request.into_body().collect().await.unwrap_err();
    /// assert!(error.has_left(), "its connection was reset");
    /// #     Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    /// # });
    /// # fence::service::FenceLayer::new().layer(handler).oneshot(request).await.unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.0.is::<ClientLeft>()
    }

    /// Whether the time of the request was over before the body had come. If it is neither this nor
    /// a client that left, what has come is no valid body, or too much of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::body::Body;
    /// use fence::service::{FenceLayer, RequestBody};
    /// use http_body_util::BodyExt;
    /// use tokio::time::Duration;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let upload = service_fn(async |request: http::Request<RequestBody<Body>>| {
    ///     let error = request.into_body().collect().await.unwrap_err();
    ///     assert!(error.is_timeout() && !error.has_left());
    ///     Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    /// });
    /// let endless = Body::from_stream(futures::stream::pending::<Result<&str, std::io::Error>>());
    /// let service = FenceLayer::new().max_deadline(Duration::from_secs(5)).layer(upload);
    /// service.oneshot(http::Request::new(endless)).await.unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.0.is::<BodyTimeout>()
    }

    /// Whether it is one of the two.
    pub(crate) fn is_of_request(&self) -> bool {
        self.has_left() || self.is_timeout()
    }
}

impl Deref for BodyError {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The error that it stands for.
impl From<BodyError> for Box<dyn Error + Send + Sync> {
    fn from(error: BodyError) -> Self {
        error.0
    }
}

/// The error that it stands for.
impl From<BodyError> for Box<dyn Error> {
    fn from(error: BodyError) -> Self {
        error.0
    }
}

/// The client left before its request was complete: what a [`BodyError`] holds then.
///
/// Look for it by `downcast_ref` in the chain of sources where the error comes boxed, as axum's
/// does. With the feature `tonic` its source is a `Status` with the code `Aborted`.
///
/// # Examples
///
/// ```
/// use std::error::Error;
/// use fence::service::ClientLeft;
///
/// /// Whether an error that a handler has boxed and wrapped comes from a client that left.
/// fn has_left(error: &(dyn Error + 'static)) -> bool {
///     error.is::<ClientLeft>() || error.source().is_some_and(has_left)
/// }
///
/// assert!(!has_left(&std::fmt::Error));
/// ```
#[derive(Clone, Debug)]
pub struct ClientLeft {
    #[cfg(feature = "tonic")]
    status: tonic::Status,
}

/// What stands for the transport's error when the client left. tonic would take a stream that was
/// reset for a complete one, so it gets a status of its own.
fn departure_error() -> ClientLeft {
    ClientLeft {
        #[cfg(feature = "tonic")]
        status: tonic::Status::aborted(LEFT),
    }
}

const LEFT: &str = "the client left before its request was complete";

impl fmt::Display for ClientLeft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LEFT)
    }
}

impl Error for ClientLeft {
    #[cfg(feature = "tonic")]
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.status)
    }
}

/// The time of a request was over before its body had come, or before that of its answer had been
/// sent.
///
/// With the feature `tonic` its source is a `Status` with the code `DeadlineExceeded`.
///
/// # Examples
///
/// ```
/// use axum::body::Body;
/// use fence::service::{BodyTimeout, FenceLayer};
/// use http_body_util::BodyExt;
/// use tokio::time::Duration;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let stuck = service_fn(async |_: http::Request<_>| {
///     let endless = futures::stream::pending::<Result<&str, std::io::Error>>();
///     Ok::<_, std::convert::Infallible>(http::Response::new(Body::from_stream(endless)))
/// });
/// let layer = FenceLayer::new()
///     .respond_by(|_| Some(Duration::from_secs(5)))
///     .deadline_covers_body(true);
/// let answer = layer.layer(stuck).oneshot(http::Request::new(Body::empty())).await.unwrap();
/// let error = answer.into_body().collect().await.unwrap_err();
/// assert!(error.is::<BodyTimeout>());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct BodyTimeout {
    #[cfg(feature = "tonic")]
    status: tonic::Status,
}

const OVERDUE: &str = "the time for the request was over";

impl BodyTimeout {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "tonic")]
            status: tonic::Status::deadline_exceeded(OVERDUE),
        }
    }
}

impl fmt::Display for BodyTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(OVERDUE)
    }
}

impl Error for BodyTimeout {
    #[cfg(feature = "tonic")]
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.status)
    }
}

/// Without what axum puts around each error, and puts around it again. It looks for the errors that
/// it knows no deeper than that.
#[cfg(feature = "axum")]
fn unwrapped(mut error: Boxed) -> Boxed {
    loop {
        error = match error.downcast::<axum_core::Error>() {
            Ok(wrapped) => wrapped.into_inner(),
            Err(error) => return error,
        };
    }
}

#[cfg(not(feature = "axum"))]
fn unwrapped(error: Boxed) -> Boxed {
    error
}

/// Whether an error of a body says that the other side is gone. Only a transport can tell: its
/// error is the outermost, or the next to it. What lies deeper is the cause of something else, and
/// an early end of the data is what decoders complain of as well.
fn is_departure(error: &(dyn Error + 'static)) -> bool {
    let next = match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    };
    std::iter::once(error).chain(next).any(|error| {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return is_departure_of_hyper(error);
        }
        let io = error.downcast_ref::<io::Error>();
        io.is_some_and(|io| GONE.contains(&io.kind())) || is_text_of_h2(&error.to_string())
    })
}

/// The kinds of errors that only a connection has.
const GONE: [ErrorKind; 3] = [
    ErrorKind::BrokenPipe,
    ErrorKind::ConnectionAborted,
    ErrorKind::ConnectionReset,
];

fn is_departure_of_hyper(error: &hyper::Error) -> bool {
    // The server has dropped the connection.
    let is_dropped = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    is_dropped || causes.into_iter().any(is_broken)
}

/// What hyper fails with: an error of the connection, or one of `h2`.
fn is_broken(cause: &(dyn Error + 'static)) -> bool {
    let text = cause.to_string();
    let mut kinds = GONE.iter().chain([&ErrorKind::UnexpectedEof]);
    match cause.downcast_ref::<io::Error>() {
        Some(io) => kinds.any(|kind| *kind == io.kind()),
        // `h2` keeps the text of an I/O error alone. The first is a frame that was cut.
        None => {
            text == "bytes remaining on stream"
                || is_text_of_h2(&text)
                || kinds.any(|kind| text.ends_with(&kind.to_string()))
        }
    }
}

/// `h2` is a crate that only servers need, so its errors are known by their text.
fn is_text_of_h2(text: &str) -> bool {
    const TEXTS: [&str; 3] = [
        "stream error received: ",
        "connection error received: ",
        "connection error detected: ",
    ];
    TEXTS.iter().any(|start| text.starts_with(start))
}
