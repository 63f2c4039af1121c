//! What the macros expand to.

pub(crate) mod call_site;
pub(crate) mod control_flow;
pub mod private;
pub(crate) mod sources;
