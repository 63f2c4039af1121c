//! Running what has to be undone when a fence cancels.

mod drain;
mod job;

#[cfg(feature = "tower")]
pub(crate) use drain::Counted;
pub use drain::drain;
pub(crate) use drain::hand_over;
#[cfg(feature = "signal")]
pub(crate) use drain::left;
pub(crate) use job::{Batch, Cleaning, CleanupFn, Job, Turn, clean};
