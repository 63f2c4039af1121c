//! What servers notice of clients that leave, over sockets: HTTP/1.1, HTTP/2 and gRPC, with
//! `FenceLayer` and without it. The tables say what hyper does today, so that a hyper that does
//! otherwise is noticed.
#![cfg(not(miri))]

mod answered;
mod connection;
mod grpc;
mod handler;
mod hostile;
mod http1;
mod http2;
mod panics;
mod rapid_reset;
mod raw;
mod server;
mod shutdown;
mod streams;
mod table;
mod truncated;
