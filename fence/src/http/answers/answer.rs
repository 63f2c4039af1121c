//! What one cancellation is answered with.

use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::http::answers::grpc_code::GrpcCode;
use crate::http::answers::problem;
use crate::http::answers::protocol::Protocol;

static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
static GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// What one cancellation is answered with: a status, a gRPC code, and the code of its first reason.
///
/// It holds nothing private: no message, no cause, no name of a function, no line of code. Made by
/// [`Answers::answer`](crate::Answers::answer).
///
/// # Examples
///
/// ```
/// use fence::{Answers, Event, Fencing, Protocol};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let stop = Event::new();
/// stop.set_because("node 12 is being drained");
/// let why = Fencing::new().on("shutdown", &stop).run(async {}).await.cancelled().unwrap();
///
/// let response = Answers::new().answer(&why).response(Protocol::Http1);
/// assert_eq!(response.status(), 503);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// assert_eq!(
///     response.body(),
///     r#"{"type":"about:blank","title":"Service Unavailable","status":503,"code":"shutdown"}"#,
/// );
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    code: String,
    status: StatusCode,
    grpc: GrpcCode,
}

impl Answer {
    pub(super) fn new(code: &str, status: StatusCode, grpc: GrpcCode) -> Self {
        Self {
            code: code.to_owned(),
            status,
            grpc,
        }
    }

    /// Of a request whose time is over.
    #[cfg(feature = "tower")]
    pub(crate) fn overdue() -> Self {
        Self::new(
            "deadline",
            StatusCode::GATEWAY_TIMEOUT,
            GrpcCode::DeadlineExceeded,
        )
    }

    /// The code of the first reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Answers, Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let quota = Event::new();
    /// quota.set();
    /// let why = Fencing::new().on("quota", &quota).run(async {}).await.cancelled().unwrap();
    /// assert_eq!(Answers::new().answer(&why).code(), "quota");
    /// # }
    /// ```
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP status.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Answers, Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let left = Event::new();
    /// left.set();
    /// let why = Fencing::new().on("disconnect", &left).run(async {}).await.cancelled().unwrap();
    /// assert_eq!(Answers::new().answer(&why).status().as_u16(), 499);
    /// # }
    /// ```
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The gRPC code.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Answers, Event, Fencing, GrpcCode};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set();
    /// let why = Fencing::new().on("shutdown", &stop).run(async {}).await.cancelled().unwrap();
    /// assert_eq!(Answers::new().answer(&why).grpc_code(), GrpcCode::Unavailable);
    /// # }
    /// ```
    #[must_use]
    pub fn grpc_code(&self) -> GrpcCode {
        self.grpc
    }

    /// The whole response.
    ///
    /// In HTTP a problem as of RFC 9457 (`application/problem+json`), whose member `code` is the
    /// only one that the status does not imply. A 503 asks to come back after a second, and an
    /// HTTP/1 connection is closed with it. No cache may keep any of them. In gRPC the code is the message, and the body is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Answers, Fencing, Protocol};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let call = Fencing::new().budget(Duration::from_secs(5));
    /// let why = call.run(std::future::pending::<()>()).await.cancelled().unwrap();
    /// let answer = Answers::new().answer(&why);
    ///
    /// assert_eq!(answer.response(Protocol::Http2).status(), 504);
    /// let grpc = answer.response(Protocol::Grpc);
    /// assert_eq!(grpc.status(), 200);
    /// assert_eq!(grpc.headers()["grpc-status"], "4");
    /// assert_eq!(grpc.headers()["grpc-message"], "budget");
    /// # }
    /// ```
    #[must_use]
    pub fn response(&self, protocol: Protocol) -> Response<String> {
        let (status, body) = match protocol {
            Protocol::Grpc => (StatusCode::OK, String::new()),
            Protocol::Http1 | Protocol::Http2 => {
                (self.status, problem::body(self.status, &self.code))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        // Each is about one client, or one moment: nothing to be kept for another.
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, no_store);
        match protocol {
            Protocol::Grpc => self.describe_to_grpc(response.headers_mut()),
            Protocol::Http1 | Protocol::Http2 => self.describe(response.headers_mut(), protocol),
        }
        response
    }

    fn describe(&self, headers: &mut HeaderMap, protocol: Protocol) {
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, problem);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            // Not allowed in HTTP/2, whose connections say goodbye by themselves.
            if protocol == Protocol::Http1 {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
    }

    /// Everything is in the head, as gRPC allows for a call without messages.
    fn describe_to_grpc(&self, headers: &mut HeaderMap) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(&GRPC_STATUS, HeaderValue::from(self.grpc as i32));
        if let Ok(message) = HeaderValue::try_from(problem::percent_encoded(&self.code)) {
            headers.insert(&GRPC_MESSAGE, message);
        }
    }
}
