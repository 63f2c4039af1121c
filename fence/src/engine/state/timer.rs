//! The one timer of a task's fences.
//!
//! A fence that is polled inside another with the same waker owns no timer: it asks the outermost
//! of them, its host, to be woken in time. The host moves its timer earlier on demand, never
//! later. When it goes off, the host begins a new epoch, and each fence that still wants to be
//! woken asks again. A fence may rely on having asked only while the host's epoch is the one it
//! asked in.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::util::contained;

pin_project! {
    #[derive(Default)]
    pub(crate) struct Timer {
        #[pin]
        sleep: Option<Sleep>,
    }
}

/// How a fence is woken in time. Kept apart from the timer, where it takes no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Timing {
    #[default]
    Idle,
    /// By its own timer, which is running.
    Armed,
    /// Its own timer was armed too late, and went off at once. The fences inside learn of it in
    /// the next poll.
    WentOff,
    /// By its host, of the epoch that is kept in place of its own.
    Asked,
}

impl Timer {
    /// Whether our own timer went off since it was last asked about.
    #[inline]
    pub(crate) fn went_off(self: Pin<&mut Self>, timing: &Cell<Timing>) -> bool {
        let went_off = if timing.get() == Timing::Armed {
            let sleep = self.project().sleep.as_pin_mut();
            sleep.is_some_and(|sleep| sleep.is_elapsed())
        } else {
            timing.get() == Timing::WentOff
        };
        if went_off {
            timing.set(Timing::Idle);
        }
        went_off
    }

    /// What it is set to, while it is running.
    pub(crate) fn armed_at(&self, timing: Timing) -> Option<Instant> {
        let sleep = self.sleep.as_ref().filter(|_| timing == Timing::Armed);
        sleep.map(Sleep::deadline)
    }

    /// Sees to it that the task is woken at `at` or earlier; true if that has passed.
    ///
    /// Polled without regard to the coop budget, which the body may have spent (D7).
    pub(crate) fn arm(
        self: Pin<&mut Self>,
        timing: &Cell<Timing>,
        at: Instant,
        moved: bool,
        cx: &mut Context<'_>,
    ) -> bool {
        let at = before_the_end(at);
        let mut this = self.project();
        let is_armed = timing.get() == Timing::Armed;
        match this.sleep.as_mut().as_pin_mut() {
            None => this.sleep.set(Some(sleep_until(at))),
            Some(sleep) if !is_armed || at < sleep.deadline() => sleep.reset(at),
            Some(_) if !moved => return false,
            Some(_) => {}
        }
        timing.set(Timing::Armed);
        let Some(sleep) = this.sleep.as_pin_mut() else {
            return false;
        };
        // Always polled after a reset: one that raced with the expiry has used up the waker.
        let is_elapsed = std::pin::pin!(coop::unconstrained(sleep))
            .poll(cx)
            .is_ready();
        if is_elapsed {
            timing.set(Timing::WentOff);
        }
        is_elapsed
    }

    #[inline]
    pub(crate) fn disarm(self: Pin<&mut Self>, timing: &Cell<Timing>) {
        let mut this = self.project();
        if this.sleep.is_some() {
            // It drops a waker, which is user code.
            contained(|| this.sleep.set(None));
        }
        timing.set(Timing::Idle);
    }
}

/// Tokio rounds up to milliseconds, beyond the last instant too (D7).
fn before_the_end(at: Instant) -> Instant {
    const TICK: Duration = Duration::from_millis(1);
    match at.checked_add(TICK) {
        Some(_) => at,
        None => at - TICK,
    }
}

/// A number that nothing else in the process has: for epochs, and for fences.
pub(crate) fn next_number() -> u64 {
    const BLOCK: u64 = 1 << 20;
    static BLOCKS: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NEXT: Cell<u64> = const { Cell::new(0) };
    }
    NEXT.with(|next| {
        let fresh = match next.get() {
            used if used % BLOCK == 0 => BLOCKS.fetch_add(1, Ordering::Relaxed) * BLOCK,
            used => used,
        };
        next.set(fresh + 1);
        fresh
    })
}
