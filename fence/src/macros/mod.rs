//! What the macros expand to.

pub(crate) mod call_site;
pub(crate) mod in_place;
pub mod lint;
pub mod option;
pub mod private;
pub(crate) mod sources;
