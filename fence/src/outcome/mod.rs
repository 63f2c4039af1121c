//! What a fence returns: the outcome, and the reasons in it.

mod cancelled;
mod cleanup;
mod fenced;
mod firing;
mod kind;
mod reason;
mod reason_list;

pub use cancelled::Cancelled;
pub(crate) use cancelled::Record;
pub use cleanup::Cleanup;
pub use fenced::Fenced;
pub use firing::Firing;
pub(crate) use firing::next_in_sequence;
pub use kind::ReasonKind;
pub use reason::Reason;
pub(crate) use reason_list::Reasons;
