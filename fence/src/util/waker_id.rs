//! Which waker a fence was last polled with.

use std::task::Waker;

/// The two addresses of a waker, compared and never dereferenced.
///
/// Sound as an identity only while a clone of that waker is registered somewhere, which keeps its
/// addresses from being reused; whoever stores one sees to that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WakerId {
    data: usize,
    vtable: usize,
}

impl WakerId {
    pub(crate) fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: std::ptr::from_ref(waker.vtable()).addr(),
        }
    }
}
