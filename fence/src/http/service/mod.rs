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
//! - HTTP/2 and gRPC: whenever it resets its stream or closes its connection. What stays unnoticed:
//!   a client that does neither, as httpx does over HTTP/2 when a call times out; a peer that vanished
//!   without a word, which takes the server's keep-alive pings; and gRPC streams both ways of which
//!   the client drops one half.
//! - HTTP/1.1: not while the request has a body that was not read, which the layer reads ahead for,
//!   up to [`FenceLayer::read_ahead`]. What stays unnoticed: a client that waits for
//!   `100 Continue`, pipelined requests, a peer that vanished without a word, and servers that
//!   allow half-closed connections. A handler that has not started when its client is gone, as after
//!   a request that is sent and forgotten, does not start; with [`FenceLayer::isolate`] it does.
//! - Behind a proxy: as soon as that closes its side, which is a matter of its settings (below).
//!
//! # What is whole
//!
//! A body that was broken off does not end as if it were complete: it fails with [`ClientLeft`]. A
//! stated length is compared, in either version; any other end in HTTP/2 waits until the server has
//! asked for the answer twice more, and would have dropped the request meanwhile. It cannot be told
//! where all of this is missing: HTTP/2, no length, a stream that is reset *without an error* (or with
//! its end, by `HAProxy`), *and* nobody who still asks, because everything has been answered while a
//! task reads on, or because a middleware outside of the layer runs all of it in a task. Even then
//! hyper's own body tells a reset from an end: put the layer around the whole `Router` instead of
//! into it, and the middleware that spawns inside of the layer.
//!
//! # Where the layer goes
//!
//! From the outside in: tracing, catching of panics, **`FenceLayer`**, limits of concurrency and load,
//! authentication and other middleware with task-locals, the handler. Limits outside of it would be
//! given back when the client leaves, while its handler still runs; a timeout outside looks like a
//! client that left: use [`FenceLayer::max_deadline`], or [`FenceLayer::respond_by`], which answers
//! whatever the handler does. Around a whole axum `Router`, served by hyper, it costs less than as a
//! `Router::layer`, for which axum boxes both bodies once more.
//!
//! # What a client can take
//!
//! | what it does | what holds it |
//! | --- | --- |
//! | sends a body that nobody reads | [`read_ahead`](FenceLayer::read_ahead) bytes of data, and as much for the frames that they are in; hyper's own buffer beside, up to 400 KiB |
//! | sends little by little | [`max_deadline`](FenceLayer::max_deadline): the body fails then |
//! | does not read its answer | nothing in a layer: the server's write timeout, or the proxy's |
//! | comes and leaves | [`max_detached`](FenceLayer::max_detached) handlers for [`detach_grace`](FenceLayer::detach_grace); the oldest makes room |
//! | asks for no time at all | its own request alone: no cache may store the answer |
//!
//! # Behind a proxy
//!
//! What passes a client that left on to the service, tried with these versions:
//!
//! | proxy | passes it on | unless, or only if |
//! | --- | --- | --- |
//! | nginx 1.22 | yes, also by `grpc_pass` | unless `proxy_ignore_client_abort on`; with `proxy_request_buffering on` (its default) a half-sent upload never arrives |
//! | `HAProxy` 2.6 | no | only with `option abortonclose` in `defaults`; from 3.3 on by default |
//! | Caddy 2.6 | yes, h1 and h2c | unless `flush_interval -1` |
//! | Apache 2.4, `mod_proxy_http` | uploads and streams that send | not while the handler works, nor from an idle stream |
//! | Envoy | yes, says its documentation; not tried | it also tells the time, if [`DeadlineHeaders::envoy`](crate::DeadlineHeaders::envoy) reads it |
//!
//! `HAProxy` with `proto h2` towards the service passes a stream that was reset on as an end with a
//! reset right behind it, which is [not taken](#what-is-whole) for an end. A proxy that answers by
//! itself after some time should have longer than [`FenceLayer::max_deadline`]; otherwise every late
//! answer is a client that left.

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
