//! What the clock has told a fence, and who wakes it in time.

use tokio::time::Instant;

use crate::engine::state::phase::Cancelling;
use crate::engine::state::state::FenceState;
use crate::engine::state::timer::Timing;
use crate::trigger::{Entry, earliest, has_passed};

impl FenceState {
    /// Whether the clock may tell it something.
    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        self.deadline.get().is_some() || self.cancelling() == Cancelling::Fired || self.has_idle()
    }

    /// Whether idle limits are among its sources.
    #[inline]
    pub(crate) fn has_idle(&self) -> bool {
        self.rare().is_some_and(|rare| rare.has_idle)
    }

    /// Looks at the idle limits; true if one of them has passed (D34). Not before the body had its
    /// turn in a poll (D3): it may be about to make progress.
    pub(crate) fn look_at_idle(&self) -> bool {
        // All of them, for their reasons.
        let looked = |entry: &Entry| entry.look_at_idle();
        self.has_idle() && self.entries().filter(|entry| looked(entry)).count() > 0
    }

    /// Stops the clocks of its own idle limits, or has them count anew.
    #[cfg(feature = "stream")]
    pub(crate) fn count_idle(&self, counts: bool) {
        if self.has_idle() {
            let clocks = self.fencing.entries().iter().filter_map(Entry::idle);
            clocks.for_each(|clock| clock.count(counts));
        }
    }

    /// When it has to look at the time: at its deadline, or when an idle limit may have passed.
    #[inline]
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let deadline = self.deadline.get();
        if self.has_idle() {
            let idle = self.entries().filter_map(|entry| entry.idle()?.deadline());
            earliest(deadline, idle.min())
        } else {
            deadline
        }
    }

    /// Tells the idle limits of the fence, and of those around the place where it was spawned.
    pub(crate) fn progress(&self) {
        if self.has_idle() || self.may_have_parents() {
            self.entries().for_each(Entry::progress);
        }
    }

    /// The timer of the fence went off: those who asked it to be woken have to ask again.
    pub(crate) fn note_time(&self) -> Instant {
        let now = Instant::now();
        self.epoch.set(0);
        self.expire(now);
        now
    }

    /// Takes note of the time.
    pub(crate) fn expire(&self, now: Instant) {
        if has_passed(self.deadline.get(), Some(now)) {
            self.set_timed_out(true);
        }
        let cut_at = self.rare().and_then(|rare| rare.cut_at);
        if self.cancelling() == Cancelling::Fired && has_passed(cut_at, Some(now)) {
            self.set_cancelling(Cancelling::GraceOver);
        }
    }

    /// Whether its deadline wakes the task, if it has no host.
    #[inline]
    pub(crate) fn is_awaited(&self) -> bool {
        self.timing.get() == Timing::Armed || self.deadline.get().is_none()
    }

    /// Whether its host wakes the task for its deadline, and for all else: asked in that epoch.
    #[inline]
    pub(crate) fn is_awaited_of(&self, epoch: u64) -> bool {
        let timing = self.timing.get();
        timing == Timing::Armed || (timing == Timing::Asked && self.epoch.get() == epoch)
    }

    /// It was asked of the host to be woken, in this epoch of the host.
    pub(crate) fn asked(&self, epoch: u64) {
        self.timing.set(Timing::Asked);
        self.epoch.set(epoch);
    }

    /// The host that it asked, if it did, is not around any more.
    #[inline]
    pub(crate) fn be_host(&self) {
        if self.timing.get() == Timing::Asked {
            self.timing.set(Timing::Idle);
            self.epoch.set(0);
        }
    }
}
