//! Which waker a fence was last polled with.

use std::task::Waker;

/// The two addresses of a waker, compared and never dereferenced.
///
/// Sound as an identity only while a clone of that waker with the same addresses is registered
/// somewhere, which keeps them from being reused; the code that stores one sees to that. A waker
/// may clone to other addresses, so it is asked for once ([`kept`](Self::kept)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WakerId {
    data: usize,
    vtable: usize,
}

impl WakerId {
    /// Not that of any waker, as no table starts at an odd address: for those that are not known
    /// by their addresses, and have to be registered anew at each poll.
    pub(crate) const UNKNOWN: Self = Self { data: 0, vtable: 1 };

    pub(crate) fn of(waker: &Waker) -> Self {
        Self {
            data: waker.data().addr(),
            vtable: std::ptr::from_ref(waker.vtable()).addr(),
        }
    }

    /// That of a waker which is represented by this clone of it from now on.
    pub(crate) fn kept(waker: &Waker, clone: &Waker) -> Self {
        let id = Self::of(waker);
        if id == Self::of(clone) {
            id
        } else {
            Self::UNKNOWN
        }
    }
}
