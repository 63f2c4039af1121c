//! What is around a piece of code: the stack of frames, and what the fences in it are asked.

pub(crate) mod binding;
pub(crate) mod blocked;
pub(crate) mod current;
pub(crate) mod enclosing;
pub(crate) mod frame;
pub(crate) mod grace;
pub(crate) mod hold;
pub(crate) mod limits;
pub(crate) mod running;
pub(crate) mod step;
pub(crate) mod survey;
mod top;
pub(crate) mod user_code;
