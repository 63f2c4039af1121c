//! What `#[fenced]` and `fenced!` make of the code that they stand at.

mod async_trait;
mod block_forms;
mod drop_order;
mod exits;
mod exits_unseen;
mod hygiene;
mod lints;
mod methods;
mod options;
mod other_attributes;
mod send_depth;
mod signatures;
mod size;
mod try_option;
