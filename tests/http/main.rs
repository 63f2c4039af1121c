//! What a cancellation is over HTTP: what is answered, what headers say, what the layer does when a
//! client leaves. Servers and sockets are in `clients`.

mod answers;
mod deadline_headers;
mod outgoing_deadlines;
#[cfg(not(miri))]
mod service;
