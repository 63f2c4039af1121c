//! Running what has to be undone when a fence cancels, and knowing what is still at work.

mod drain;
mod job;
mod ledger;
mod left;

pub(crate) use drain::BACKGROUND;
#[cfg(feature = "tower")]
pub(crate) use drain::Counted;
pub use drain::drain;
pub(crate) use drain::hand_over;
pub(crate) use job::{Batch, Cleaning, CleanupFn, Job, Turn, clean};
#[cfg(feature = "signal")]
pub(crate) use ledger::{Entered, Ledger};
pub(crate) use ledger::{Entry, Name, Told};
pub use left::{Drained, Left, LeftKind, LeftState};
