//! What a fence keeps between polls.

pub(crate) mod blocked;
mod clock;
mod flags;
pub(crate) mod hold;
pub(crate) mod inbox;
pub(crate) mod inline_sources;
pub(crate) mod phase;
pub(crate) mod rare;
pub(crate) mod registrations;
pub(crate) mod shared;
pub(crate) mod signal;
pub(crate) mod snapshot;
pub(crate) mod sources;
pub(crate) mod state;
pub(crate) mod time_left;
pub(crate) mod timer;
mod verdicts;
