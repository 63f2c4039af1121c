//! How a fence decides: what it looks at, when, and in which order.
//!
//! The body goes first; the triggers are looked at after it, and only a body that was pending once
//! has anything armed. The rules D1 to D14 (`docs/rules.md`) say why.
//!
//! None of it is generic: it is compiled once, whatever the bodies are.

use std::task::{Context, Poll};

use crate::engine::arming::Around;
use crate::engine::engine::{Body, Engine};
use crate::engine::first_poll::Start;
use crate::engine::frames::blocked::Wake;
use crate::engine::frames::frame::{Here, with_frames_to_enter};
use crate::engine::frames::running::Left;
use crate::engine::frames::step::Step;
use crate::engine::state::phase::{Dropping, Phase};
use crate::engine::state::shared::State;
use crate::outcome::Cancelled;
use crate::trigger::fired_here;
use crate::util::WakerId;

/// What a fence finds between two items of its stream.
#[cfg(feature = "stream")]
pub(crate) enum Between {
    /// An enclosing fence cuts.
    Blocked,
    /// Something has fired, or may have: the fence has to look.
    Fired,
    Quiet,
}

impl Engine<'_> {
    /// Polls the body, which is then to be found completed, or has been cut.
    pub(crate) fn poll(
        &mut self,
        body: &mut dyn Body,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Cancelled>> {
        let unwinding = Unwinding { engine: self, body };
        let poll =
            with_frames_to_enter(|here| unwinding.engine.poll_here(here, unwinding.body, cx));
        std::mem::forget(unwinding);
        poll
    }

    #[inline]
    fn poll_here(
        &mut self,
        here: Here<'_>,
        body: &mut dyn Body,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Cancelled>> {
        let mut went_off = false;
        if self.state.phase() == Phase::Running {
            went_off = self.timer.as_mut().went_off(&self.state.timing);
        } else {
            let start = if self.start_usually(here) {
                Start::Go
            } else {
                self.begin(here, body)
            };
            match start {
                Start::Go => {}
                Start::Blocked => return self.stay_blocked(here, cx),
                Start::Fired => return self.clean_up(here, cx).map(Err),
            }
        }
        let waker = WakerId::of(cx.waker());
        let host = here.host(waker);
        let step = Step {
            waker,
            host,
            went_off,
        };
        match self.advance(here, step, body, cx) {
            None => Poll::Ready(Ok(())),
            Some(Err(wanted)) if self.look(Around { host, wanted }, cx) => {
                // When an enclosing fence has fired as well it is the one to act, and now (D13).
                if here.is_interrupted_now() {
                    return self.stay_blocked(here, cx);
                }
                self.cut(here, body);
                self.clean_up(here, cx).map(Err)
            }
            Some(_) => Poll::Pending,
        }
    }

    /// What is to be done before the next item of a stream is asked for (D35).
    #[cfg(feature = "stream")]
    pub(crate) fn look_between(&mut self, cx: &Context<'_>) -> Between {
        with_frames_to_enter(|here| {
            if here.is_interrupted_now() {
                let _: Poll<()> = self.stay_blocked(here, cx);
                return Between::Blocked;
            }
            if let Some(rare) = self.state.rare_mut() {
                rare.blocked.leave();
            }
            if self.state.phase() != Phase::Running {
                return Between::Quiet;
            }
            if self.state.is_timed() {
                self.state.expire(tokio::time::Instant::now());
            }
            self.state.look_at_idle();
            if self.is_latched() || self.state.has_triggers() {
                Between::Fired
            } else {
                Between::Quiet
            }
        })
    }

    /// Stays pending for an enclosing fence that cuts (D5a).
    #[cold]
    pub(crate) fn stay_blocked<T>(&mut self, here: Here<'_>, cx: &Context<'_>) -> Poll<T> {
        let awaited = here.awaited(cx.waker());
        if let Wake::By(over) = awaited {
            let rare = self.state.rare_mut_or_init();
            rare.blocked.wait(over, cx.waker());
            return Poll::Pending;
        }
        if let Some(rare) = self.state.rare_mut() {
            rare.blocked.leave();
        }
        if let Wake::Now = awaited {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// One step of the body, inside its frame: `None` if it has ended. A body that ends or panics
    /// leaves nothing armed.
    #[inline]
    fn advance(
        &mut self,
        here: Here<'_>,
        step: Step<'_>,
        body: &mut dyn Body,
        cx: &mut Context<'_>,
    ) -> Option<Left> {
        let may_have_parents = self.state.may_have_parents();
        let before = may_have_parents.then(fired_here);
        let ending = Ending(self);
        let left = ending.0.within(here, step, || body.poll(cx));
        if left.is_none() {
            ending.0.complete(here);
        } else if before.is_some_and(|before| before != fired_here()) {
            // It may have been what encloses this task, whose fence has not been polled since.
            ending.0.state.look_around(false);
        }
        std::mem::forget(ending);
        left
    }

    /// Runs `f`, which says whether that was the end of it, inside a frame of the fence.
    #[inline]
    pub(crate) fn within<'a>(
        &'a self,
        here: Here<'a>,
        step: Step<'a>,
        f: impl FnOnce() -> bool,
    ) -> Option<Left> {
        let timer = self.timer.as_ref().get_ref();
        self.sources().around(here, self.watch, timer, step, f)
    }

    /// Cuts the body (D4). What is left is to clean up.
    pub(crate) fn cut(&mut self, here: Here<'_>, body: &mut dyn Body) {
        if let Some(rare) = self.state.rare() {
            if !rare.around.entries().is_empty() {
                here.tell_scopes();
            }
            self.tell_cut();
        }
        self.drop_body(here, body, Dropping::ByCut);
        self.state.set_phase(Phase::Cleaning);
        if self.state.rare().is_some() {
            // Once more, for what destructors spawned.
            self.tell_cut();
            self.begin_cleaning();
        }
    }

    pub(crate) fn drop_body(&mut self, here: Here<'_>, body: &mut dyn Body, dropping: Dropping) {
        let ending = Ending(self);
        ending.0.disarm();
        ending.0.state.set_dropping(dropping);
        ending.0.within(here, Step::default(), || {
            body.cut();
            true
        });
    }

    /// The body has completed: nothing is left behind.
    #[inline]
    fn complete(&mut self, here: Here<'_>) {
        self.state.set_phase(Phase::Ended);
        if self.state.rare().is_some() {
            self.complete_rare(here);
        } else {
            self.let_go(here);
        }
    }

    #[cold]
    fn complete_rare(&mut self, here: Here<'_>) {
        self.hand_up(here);
        // Nothing is to be undone: dropped last, as that is user code.
        let unneeded = self.take_cleanups();
        self.report(State::Completed);
        self.let_go(here);
        self.wake_blocked();
        drop(unneeded);
    }

    /// Wakes who waited until it is over (D5a), as its body is gone.
    fn wake_blocked(&self) {
        if let Some(rare) = self.state.rare() {
            rare.over.wake();
        }
    }

    #[inline]
    fn let_go(&mut self, here: Here<'_>) {
        self.disarm();
        // What it watched is of no use to it any more, and may be to the next fence.
        let is_set = !self.state.fencing.is_empty();
        if let Some(binding) = is_set.then(|| here.bound()).flatten() {
            binding.give_back(&mut self.state.fencing);
        }
    }
}

/// A fence in which user code has panicked is over: it lets go of everything, and leaves its
/// cleanups to others, as if it was dropped.
struct Unwinding<'a, 'b> {
    engine: &'a mut Engine<'b>,
    body: &'a mut dyn Body,
}

impl Drop for Unwinding<'_, '_> {
    fn drop(&mut self) {
        self.engine.abandon(self.body);
    }
}

/// A fence that is about to end. Dropped, on whichever way, it leaves nothing armed (D6).
struct Ending<'a, 'b>(&'a mut Engine<'b>);

impl Drop for Ending<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        self.0.disarm();
        self.0.wake_blocked();
    }
}

/// After a pending body.
impl Engine<'_> {
    /// Whether the fence has fired and may say so. Otherwise it is armed.
    fn look(&mut self, around: Around<'_>, cx: &mut Context<'_>) -> bool {
        let has_fired = if self.state.has_only_latches() {
            self.is_latched()
                || self
                    .arm_usually(around, cx)
                    .unwrap_or_else(|| self.arm_anew(around, cx))
        } else {
            self.hold_on();
            self.state.look_at_idle();
            self.is_latched() || self.was_seen_inside() || self.arm(around, cx)
        };
        has_fired && (!self.state.needs_decision() || self.decide(around, cx))
    }

    pub(crate) fn is_latched(&self) -> bool {
        self.state.is_latched() || self.sources().is_own_latched()
    }

    /// A fence inside saw one of our triggers fire: ask them all ourselves.
    fn was_seen_inside(&mut self) -> bool {
        self.state.take_trigger_seen() && self.has_trigger_fired()
    }

    /// Asks the custom triggers, until one has fired, and keeps what it says: it is not asked again.
    pub(crate) fn has_trigger_fired(&mut self) -> bool {
        if !self.state.has_triggers() {
            return false;
        }
        let mut fired = None;
        self.any_trigger(|nth, entry| {
            let firing = entry.trigger().and_then(|trigger| trigger.fired());
            fired = firing.map(|firing| (nth, firing));
            fired.is_some()
        });
        let has_fired = fired.is_some();
        if let Some((nth, firing)) = fired {
            self.state.rare_mut_or_init().waits.note(nth, firing);
        }
        has_fired
    }
}
