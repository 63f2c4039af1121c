//! The one timer of a task's fences.
//!
//! A fence that is polled inside another with the same waker owns no timer: it asks the outermost
//! of them, its host, to be woken in time. The host moves its timer earlier on demand, never
//! later. When it goes off, the host begins a new epoch, and whoever still wants to be woken asks
//! again. A fence may rely on having asked only while the host's epoch is the one it asked in.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;

use pin_project_lite::pin_project;
use tokio::task::coop;
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    #[derive(Default)]
    pub(crate) struct Timer {
        #[pin]
        sleep: Option<Sleep>,
        state: State,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    /// Our own is running.
    Armed,
    /// Our own was armed too late, and went off at once. The fences inside learn of it in the next
    /// poll.
    WentOff,
    /// The host of this epoch was asked, or had nothing to be asked for.
    Asked(u64),
}

impl Timer {
    /// Whether our own timer went off since it was last asked about.
    #[inline]
    pub(crate) fn went_off(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let went_off = match this.state {
            State::Armed => this
                .sleep
                .as_pin_mut()
                .is_some_and(|sleep| sleep.is_elapsed()),
            State::WentOff => true,
            State::Idle | State::Asked(_) => false,
        };
        if went_off {
            *this.state = State::Idle;
        }
        went_off
    }

    /// Whether the host of this epoch knows all that it needs to.
    pub(crate) fn has_asked(&self, epoch: u64) -> bool {
        self.state == State::Asked(epoch)
    }

    pub(crate) fn is_armed(&self) -> bool {
        self.state == State::Armed
    }

    pub(crate) fn armed_at(&self) -> Option<Instant> {
        self.sleep
            .as_ref()
            .filter(|_| self.is_armed())
            .map(Sleep::deadline)
    }

    pub(crate) fn asked(self: Pin<&mut Self>, epoch: u64) {
        *self.project().state = State::Asked(epoch);
    }

    /// Sees to it that the task is woken at `at` or earlier; true if that has passed.
    ///
    /// Polled without regard to the coop budget, which the body may have spent (D7).
    pub(crate) fn arm(
        self: Pin<&mut Self>,
        at: Instant,
        moved: bool,
        cx: &mut Context<'_>,
    ) -> bool {
        let mut this = self.project();
        let is_armed = *this.state == State::Armed;
        match this.sleep.as_mut().as_pin_mut() {
            None => this.sleep.set(Some(sleep_until(at))),
            Some(sleep) if !is_armed || at < sleep.deadline() => sleep.reset(at),
            Some(_) if !moved => return false,
            Some(_) => {}
        }
        *this.state = State::Armed;
        let Some(sleep) = this.sleep.as_pin_mut() else {
            return false;
        };
        // Always polled after a reset: one that raced with the expiry has used up the waker.
        let is_elapsed = std::pin::pin!(coop::unconstrained(sleep))
            .poll(cx)
            .is_ready();
        if is_elapsed {
            *this.state = State::WentOff;
        }
        is_elapsed
    }

    pub(crate) fn disarm(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.sleep.is_some() {
            this.sleep.set(None);
        }
        *this.state = State::Idle;
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
