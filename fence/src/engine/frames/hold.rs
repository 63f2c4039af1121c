//! Holding a fence up, and letting it go: both happen while the fence polls the holder.

use std::task::Waker;

use crate::engine::frames::current;
use crate::engine::state::hold::{Hold, update};

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
fn release(fence: u64) {
    if !current::let_go(fence) {
        let waiting = update(fence, |strays| strays.released += 1);
        waiting.into_iter().for_each(Waker::wake);
    }
}
