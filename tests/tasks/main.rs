//! Tasks and threads that belong to the fences around.

mod enclosing;
mod here;
mod links;
mod spawned;
mod stopping;
