//! The programs of `examples/`, run as a user runs them.
#![cfg(unix)]

mod chat;
mod disconnect;
mod from_python;
mod graceful;
mod program;
mod quickstart;
mod transfer;
mod worker;
