//! Services whose clients may leave: one layer for axum, hyper and tonic (feature `tower`).
//!
//! [`FenceLayer`] binds the sources of a request around its handler: `"disconnect"`, the deadline
//! that the client asked for, and the shutdown of the process. Only what is fenced in the handler
//! stops; the rest runs to its end, also after the client has left.
//!
//! # How a departure is noticed
//!
//! The server drops the response future, or the body of the response, before its end; or the body
//! of the request breaks off. Servers notice a client that has left in most situations, not in all:
//!
//! - HTTP/2 and gRPC: always, but for a peer that vanished without a word, which takes the server's
//!   keep-alive pings; and for gRPC streams both ways of which the client drops one half.
//! - HTTP/1.1: not while the request has a body that was not read, which the layer reads ahead for,
//!   up to [`FenceLayer::read_ahead`]. What stays unnoticed: a client that waits for
//!   `100 Continue`, pipelined requests, a peer that vanished without a word, and servers that
//!   allow half-closed connections.
//! - Behind a proxy: as soon as that closes its side.
//!
//! # Where the layer goes
//!
//! From the outside in: tracing, catching of panics, **`FenceLayer`**, limits of concurrency and
//! load, authentication and other middleware with task-locals, the handler. Limits outside of it
//! would be given back when the client leaves, while its handler still runs; a timeout outside
//! looks like a client that left: use [`FenceLayer::max_deadline`].

mod body_error;
mod departure;
mod detached;
mod exchange;
#[cfg(feature = "axum")]
mod extract;
mod handling;
mod kin;
mod layer;
mod open;
mod overdue;
mod queue;
mod read_ahead;
mod reader;
mod request;
mod request_body;
mod response;
mod response_body;
mod seat;
mod settings;
mod span;
mod time;
mod wakers;

pub use body_error::{BodyError, BodyTimeout, ClientLeft};
pub use departure::{Departure, Fate, Phase};
pub use detached::Detached;
#[cfg(feature = "axum")]
pub use extract::MissingLayer;
pub use layer::FenceLayer;
pub use request::RequestFence;
pub use request_body::RequestBody;
pub use response::{FenceService, ResponseFuture};
pub use response_body::ResponseBody;
pub use settings::BodyDrop;

/// What polling a body gives.
type Next<D, E> = std::task::Poll<Option<Result<http_body::Frame<D>, E>>>;
