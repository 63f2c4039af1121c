//! What a fence returns: the outcome, and the reasons in it.

pub(crate) mod cancelled;
pub(crate) mod cleanup;
pub(crate) mod fenced;
pub(crate) mod firing;
pub(crate) mod kind;
pub(crate) mod reason;
pub(crate) mod reason_list;
