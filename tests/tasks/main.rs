//! Tasks and threads that belong to the fences around.

mod spawned;
mod stopping;
