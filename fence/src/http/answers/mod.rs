//! What to answer when a request was cancelled.

mod answer;
mod grpc_code;
#[cfg(feature = "axum")]
mod into_response;
#[cfg(feature = "tonic")]
mod into_status;
mod problem;
mod protocol;
mod table;

use std::borrow::Cow;

use http::StatusCode;

use crate::outcome::Cancelled;

pub use answer::Answer;
pub use grpc_code::GrpcCode;
pub use protocol::Protocol;
#[cfg(feature = "tower")]
pub(crate) use protocol::asks_for_connect;
pub(crate) use protocol::{is_connect, is_grpc};

/// Which HTTP status and which gRPC code answer for a cancellation, by its first reason.
///
/// | first reason | HTTP | gRPC |
/// | --- | --- | --- |
/// | the code `"disconnect"` | 499 (for logs: nobody reads it) | `CANCELLED` |
/// | the codes `"shutdown"`, `"shutdown-hard"` | 503 Service Unavailable | `UNAVAILABLE` |
/// | else a timeout, a budget, a deadline | 504 Gateway Timeout | `DEADLINE_EXCEEDED` |
/// | a task that was dropped, a guard that was | 500 Internal Server Error | `UNKNOWN` |
/// | a group whose child failed | 500 Internal Server Error | `UNKNOWN` |
/// | anything else: an event, a handle, a trigger of your own | 409 Conflict | `CANCELLED` |
///
/// What a [link](crate::Fencing::linked) has passed up counts as what it was below. 408 is not
/// among them: it says that the client was slow, and makes clients try again.
///
/// [`status`](Self::status) and [`grpc`](Self::grpc) set an entry of your own, by code. A
/// [`Cancelled`] that is returned from a handler is answered by the table above.
///
/// # Examples
///
/// ```
/// use fence::{Answers, Event, Fencing, GrpcCode, Protocol};
/// use http::StatusCode;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let quota = Event::new();
/// quota.set_because("tenant 7 has used 81 of 80 calls");
/// let why = Fencing::new().on("quota", &quota).run(async {}).await.cancelled().unwrap();
/// assert_eq!(why.http_status(), StatusCode::CONFLICT);
///
/// let answers = Answers::new()
///     .status("quota", StatusCode::TOO_MANY_REQUESTS)
///     .grpc("quota", GrpcCode::ResourceExhausted);
/// let response = answers.answer(&why).response(Protocol::Http2);
/// assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
/// assert!(response.body().contains(r#""code":"quota""#));
/// assert!(!response.body().contains("tenant"));
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Answers {
    entries: Vec<Entry>,
}

/// What one code is answered with; `None` leaves it to the table.
#[derive(Clone, Debug)]
struct Entry {
    code: Cow<'static, str>,
    status: Option<StatusCode>,
    grpc: Option<GrpcCode>,
}

impl Answers {
    /// The table above, and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Answers, Event, Fencing};
    /// use http::StatusCode;
    ///
    /// static ANSWERS: Answers = Answers::new();
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set();
    /// let why = Fencing::new().on("shutdown", &stop).run(async {}).await.cancelled().unwrap();
    /// assert_eq!(ANSWERS.answer(&why).status(), StatusCode::SERVICE_UNAVAILABLE);
    /// # }
    /// ```
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Answers a reason of this code with an HTTP status; its gRPC code stays what it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Answers, Fencing, GrpcCode};
    /// use http::StatusCode;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let upload = Fencing::new().timeout_as("slow-body", Duration::from_secs(10));
    /// let why = upload.run(std::future::pending::<()>()).await.cancelled().unwrap();
    ///
    /// let answers = Answers::new().status("slow-body", StatusCode::REQUEST_TIMEOUT);
    /// assert_eq!(answers.answer(&why).status(), StatusCode::REQUEST_TIMEOUT);
    /// assert_eq!(answers.answer(&why).grpc_code(), GrpcCode::DeadlineExceeded);
    /// # }
    /// ```
    pub fn status(mut self, code: impl Into<Cow<'static, str>>, status: StatusCode) -> Self {
        self.entry(code.into()).status = Some(status);
        self
    }

    /// Answers a reason of this code with a gRPC code; its HTTP status stays what it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Answers, Event, Fencing, GrpcCode};
    /// use http::StatusCode;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let newer = Event::new();
    /// newer.set();
    /// let why = Fencing::new().on("superseded", &newer).run(async {}).await.cancelled().unwrap();
    ///
    /// let answers = Answers::new().grpc("superseded", GrpcCode::Aborted);
    /// assert_eq!(answers.answer(&why).grpc_code(), GrpcCode::Aborted);
    /// assert_eq!(answers.answer(&why).status(), StatusCode::CONFLICT);
    /// # }
    /// ```
    pub fn grpc(mut self, code: impl Into<Cow<'static, str>>, grpc: GrpcCode) -> Self {
        self.entry(code.into()).grpc = Some(grpc);
        self
    }

    /// What answers for this cancellation.
    ///
    /// Only the first reason counts; the others fired when it had been decided.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Answers, Fencing};
    /// use http::StatusCode;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let call = Fencing::new().timeout(Duration::from_secs(5));
    /// let why = call.run(std::future::pending::<()>()).await.cancelled().unwrap();
    /// let answer = Answers::new().answer(&why);
    /// assert_eq!((answer.status(), answer.code()), (StatusCode::GATEWAY_TIMEOUT, "timeout"));
    /// # }
    /// ```
    #[must_use]
    pub fn answer(&self, why: &Cancelled) -> Answer {
        let reason = why.primary();
        let (status, grpc) = table::of(reason);
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.code == reason.code());
        Answer::new(
            reason.code(),
            entry.and_then(|entry| entry.status).unwrap_or(status),
            entry.and_then(|entry| entry.grpc).unwrap_or(grpc),
        )
    }

    fn entry(&mut self, code: Cow<'static, str>) -> &mut Entry {
        let known = self.entries.iter().position(|entry| entry.code == code);
        let index = known.unwrap_or_else(|| {
            self.entries.push(Entry {
                code,
                status: None,
                grpc: None,
            });
            self.entries.len() - 1
        });
        &mut self.entries[index]
    }
}

/// How services answer for it (feature `http`).
impl Cancelled {
    /// The HTTP status that answers for it by default: see [`Answers`].
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    /// use http::StatusCode;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set();
    /// let why = Fencing::new().on("shutdown", &stop).run(async {}).await.cancelled().unwrap();
    /// assert_eq!(why.http_status(), StatusCode::SERVICE_UNAVAILABLE);
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        table::of(self.primary()).0
    }

    /// The gRPC code that answers for it by default: see [`Answers`].
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing, GrpcCode};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set();
    /// let why = Fencing::new().on("shutdown", &stop).run(async {}).await.cancelled().unwrap();
    /// assert_eq!(why.grpc_code(), GrpcCode::Unavailable);
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    #[must_use]
    pub fn grpc_code(&self) -> GrpcCode {
        table::of(self.primary()).1
    }
}
