//! Running what has to be undone when a fence cancels.

pub(crate) mod drain;
pub(crate) mod job;
