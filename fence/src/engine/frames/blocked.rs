//! What code does that a fence around it keeps from going on.

use std::task::{Context, Poll, Waker};

use crate::engine::frames::enclosing::Question;
use crate::engine::frames::frame::{Here, with_frames};
use crate::engine::state::blocked::{Blocked, Over};
use crate::util::WakerId;

/// Who wakes code that may not go on.
pub(crate) enum Wake<'a> {
    /// The outermost fence that cuts, once it is over. Asked anew then: the next one that cuts may
    /// be another.
    By(&'a Over),
    /// Nobody need: that fence is polled with the same waker, so whoever polls it goes on in this
    /// very poll once it is over.
    Needless,
    /// What kept it from going on does so no more: at once.
    Now,
}

impl<'a> Here<'a> {
    /// Who is to wake code that waits here with this waker (D5a).
    #[cold]
    pub(crate) fn awaited(self, waker: &Waker) -> Wake<'a> {
        let cutting = self
            .outermost_first(Question::Cuts, |_| true)
            .find(|running| running.find_out(Question::Cuts));
        match cutting {
            Some(fence) if fence.waker == WakerId::of(waker) => Wake::Needless,
            Some(fence) => Wake::By(&fence.sources.state.rare_or_init().over),
            None => Wake::Now,
        }
    }
}

impl Blocked {
    /// Stays pending while a fence around this code cuts.
    #[cold]
    pub(crate) fn stay<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        with_frames(|here| match here.awaited(cx.waker()) {
            Wake::By(over) => self.wait(over, cx.waker()),
            Wake::Needless => self.leave(),
            Wake::Now => cx.waker().wake_by_ref(),
        });
        Poll::Pending
    }
}
