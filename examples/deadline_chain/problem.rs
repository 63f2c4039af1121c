//! Why a service has no answer, in the form of RFC 9457.

use std::error::Error;
use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use fence::{Answers, Cancelled};
use serde::{Deserialize, Serialize};
use tonic::{Code, Status, TimeoutExpired};

/// A service that was cut says so with the code of its first reason. Those before it pass that on,
/// as long as they have not been cut themselves.
#[derive(Debug, Serialize, Deserialize)]
pub struct Problem {
    pub status: u16,
    pub code: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &str) -> Self {
        Self {
            status: status.as_u16(),
            code: code.to_owned(),
        }
    }

    /// The service that was asked makes no sense, or is not there.
    pub fn bad_gateway() -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "bad-gateway")
    }
}

/// This service was cut.
impl From<Cancelled> for Problem {
    fn from(why: Cancelled) -> Self {
        let answer = Answers::new().answer(&why);
        Self::new(answer.status(), answer.code())
    }
}

/// The one behind it was.
impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        match status.code() {
            // Made from a `Cancelled`, so the message is the code.
            Code::DeadlineExceeded => Self::new(StatusCode::GATEWAY_TIMEOUT, status.message()),
            // tonic's channel reads `grpc-timeout` as well, and the answer was not there in time.
            _ if has_expired(&status) => Self::new(StatusCode::GATEWAY_TIMEOUT, "deadline"),
            _ => Self::bad_gateway(),
        }
    }
}

fn has_expired(status: &Status) -> bool {
    let mut causes = std::iter::successors(status.source(), |&error| error.source());
    causes.any(<dyn Error>::is::<TimeoutExpired>)
}

impl From<hyper_util::client::legacy::Error> for Problem {
    fn from(_: hyper_util::client::legacy::Error) -> Self {
        Self::bad_gateway()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        let kind = [(CONTENT_TYPE, "application/problem+json")];
        (status, kind, Json(self)).into_response()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, self.status)
    }
}
