//! The default table: from a reason to a status and a code.

use http::StatusCode;

use crate::http::answers::grpc_code::GrpcCode;
use crate::outcome::{Reason, ReasonKind};

/// What nginx calls "client closed request"; others know the number from there.
pub(super) const CLIENT_CLOSED_REQUEST: u16 = 499;

pub(super) fn of(reason: &Reason) -> (StatusCode, GrpcCode) {
    match (reason.code(), reason.kind_at_source()) {
        ("disconnect", _) => (client_closed_request(), GrpcCode::Cancelled),
        ("shutdown" | "shutdown-hard", _) => {
            (StatusCode::SERVICE_UNAVAILABLE, GrpcCode::Unavailable)
        }
        (_, ReasonKind::Timeout) => (StatusCode::GATEWAY_TIMEOUT, GrpcCode::DeadlineExceeded),
        (_, ReasonKind::Dropped | ReasonKind::Failed) => {
            (StatusCode::INTERNAL_SERVER_ERROR, GrpcCode::Unknown)
        }
        _ => (StatusCode::CONFLICT, GrpcCode::Cancelled),
    }
}

fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(CLIENT_CLOSED_REQUEST).unwrap_or(StatusCode::BAD_REQUEST)
}
