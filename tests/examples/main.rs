//! The programs of `examples/`, run as a user runs them.
#![cfg(unix)]

mod chat;
mod deadline_chain;
mod deploy;
mod disconnect;
mod from_python;
mod graceful;
mod quickstart;
mod transfer;
mod usage;
mod worker;
