//! Holding a fence up, and letting it go: both happen while the fence polls the holder.

use std::task::Waker;

use crate::engine::frames::current;
use crate::engine::state::hold::{Hold, release_stray};

impl Hold {
    /// Holds the fence up that encloses this code now.
    pub(crate) fn keep(&mut self) {
        let fence = current::hold(self.0);
        let before = Self(std::mem::replace(&mut self.0, fence));
        if before.0 == fence {
            std::mem::forget(before);
        }
    }

    #[inline]
    pub(crate) fn release(&mut self) {
        if self.0 != 0 {
            release(std::mem::take(&mut self.0));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

#[cold]
fn release(mut fence: u64) {
    while fence != 0 && !current::let_go(fence) {
        let (waiting, heir) = release_stray(fence);
        waiting.into_iter().for_each(Waker::wake);
        fence = heir;
    }
}
