//! Which requests are one: an inner layer is to know the request that an outer one has seen to, in
//! whatever task it comes, from one that a handler sends to another service.
//!
//! The body of a request goes along with it, and whatever was put around it passes on what it is
//! asked for. So the inner layer asks the body for its size, and a [`RequestBody`] that is asked
//! meanwhile tells whose it is.
//!
//! [`RequestBody`]: super::RequestBody

use std::any::TypeId;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use http_body::Body;

use super::exchange::Exchange;
use super::request::RequestFence;

thread_local! {
    static IS_ASKED: Cell<bool> = const { Cell::new(false) };
    static FOUND: RefCell<Option<Arc<Exchange>>> = const { RefCell::new(None) };
}

/// The exchange that an outer layer has made for this request.
#[inline]
pub(super) fn outer<B: Body + 'static>(request: &http::Request<B>) -> Option<Arc<Exchange>> {
    let known = request.extensions().get::<RequestFence>();
    if let Some(fence) = known {
        return Some(fence.exchange.clone());
    }
    // Straight from the server.
    if TypeId::of::<B>() == TypeId::of::<hyper::body::Incoming>() {
        return None;
    }
    ask(request.body())
}

fn ask<B: Body>(body: &B) -> Option<Arc<Exchange>> {
    /// Also if the body panics.
    struct Asking;
    impl Drop for Asking {
        fn drop(&mut self) {
            IS_ASKED.set(false);
        }
    }
    IS_ASKED.set(true);
    let asking = Asking;
    // Of some bodies the size is not known, and so they ask for none.
    let _ = body.size_hint();
    let _ = body.is_end_stream();
    drop(asking);
    FOUND.take()
}

/// Whoever asks for a size finds this.
#[inline]
pub(super) fn tell(exchange: Option<&Arc<Exchange>>) {
    if IS_ASKED.get() {
        FOUND.set(exchange.cloned());
        IS_ASKED.set(false);
    }
}
