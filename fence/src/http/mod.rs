//! HTTP and gRPC: deadlines, answers, services.

pub(crate) mod answers;
pub(crate) mod deadlines;
#[cfg(feature = "tower")]
pub mod service;
