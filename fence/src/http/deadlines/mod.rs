//! Deadlines in headers: read from those who call, told to those who are called.

mod deadline_format;
mod deadline_headers;
mod grpc_timeout;
#[cfg(feature = "tonic")]
mod interceptor;
mod outgoing_deadline;
mod time_unit;

pub use deadline_headers::DeadlineHeaders;
pub use outgoing_deadline::OutgoingDeadline;
pub use time_unit::TimeUnit;
