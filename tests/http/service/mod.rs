//! `FenceLayer` without a server: a client leaves when the response future, or the body of the
//! response, is dropped.

mod answering;
mod client;
mod deploys;
mod detached;
mod endings;
mod in_time;
mod integrations;
mod nested;
mod requests;
mod responses;
