//! Sets of triggers and policies, which fences are made from.

pub(crate) mod access;
pub(crate) mod fencing;
pub(crate) mod policy;
pub(crate) mod set;
