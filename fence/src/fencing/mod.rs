//! Sets of triggers and policies, which fences are made from.

mod access;
mod fencing;
mod naming;
mod policy;
mod set;

pub use fencing::Fencing;
pub(crate) use naming::of_process;
pub(crate) use policy::{Amend, Policy};
