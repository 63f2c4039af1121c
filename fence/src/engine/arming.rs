//! What a pending fence leaves armed, and that an ended one leaves nothing.

use std::task::Context;

use tokio::time::{Instant, sleep_until};

use crate::engine::engine::Engine;
use crate::engine::frames::running::Running;
use crate::engine::state::phase::Cancelling;
use crate::engine::state::registrations::{Inbound, Keys, Terms};
use crate::engine::state::state::FenceState;
use crate::engine::state::timer::Timing;
use crate::fencing::Policy;
use crate::trigger::{Entry, earliest};
use crate::util::{Panics, WakerId};

/// What a step of the body taught its fence about the surroundings.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    /// Its host, if another fence is it.
    pub(crate) host: Option<&'a Running<'a>>,
    /// As a host: the earliest deadline that a fence inside asked for.
    pub(crate) wanted: Option<Instant>,
}

impl Around<'_> {
    /// Whether the set of the host is the very one of the fence.
    fn covers(self, state: &FenceState) -> bool {
        let host = self.host.map(|host| &host.sources.state.fencing);
        let is_all = || {
            state
                .rare()
                .is_none_or(|rare| rare.around.entries().is_empty())
        };
        host.is_some_and(|host| state.fencing.is_empty() || host.is_same(&state.fencing))
            && is_all()
    }
}

impl Engine<'_> {
    /// Makes sure that the task is woken by whatever fires next; true if something has.
    pub(crate) fn arm(&mut self, around: Around<'_>, cx: &mut Context<'_>) -> bool {
        let is_awaited = match around.host {
            Some(host) => self.state.is_awaited_of(host.sources.state.epoch.get()),
            None => self.state.is_awaited() && (self.has_timer() || !self.state.has_idle()),
        };
        let is_armed =
            is_awaited && around.wanted.is_none() && self.watch.is_set(self.terms(around, cx));
        (!is_armed && self.arm_anew(around, cx))
            || (self.state.has_triggers() && self.poll_triggers(cx))
    }

    /// What it has to register with, and how.
    #[inline]
    pub(super) fn terms(&self, around: Around<'_>, cx: &Context<'_>) -> Terms {
        Terms {
            waker: WakerId::of(cx.waker()),
            includes_fencing: !around.covers(self.state),
            inbox: match self.state.shared_part() {
                None => Inbound::Never,
                Some(shared) if shared.inbox.signal.is_awaited() => Inbound::Awaited,
                Some(_) => Inbound::Unawaited,
            },
        }
    }

    /// Registers first and looks second, in one: a latch that has fired has closed its list and
    /// refuses the waker, so nothing that fires in between is missed. The timer comes last, as
    /// the dearest: it is set only by the host of the task, and not if something has fired; a fence
    /// inside merely asks its host for an earlier wake.
    #[inline]
    pub(crate) fn arm_anew(&mut self, around: Around<'_>, cx: &mut Context<'_>) -> bool {
        if self.state.start.is_none() {
            self.begin_late();
        }
        let terms = self.terms(around, cx);
        let moved = self.watch.is_moving(terms.waker);
        if self.register_anew(terms, cx) {
            // The fence may go on: a timer that runs follows the task to its new waker even so.
            if let Some(at) = self.armed_at().filter(|_| moved) {
                self.arm_timer(at, moved, cx);
            }
            return true;
        }
        let has_passed = self.state.timed_out();
        if let Some(host) = around.host.filter(|_| !self.has_timer()) {
            let deadline = self.state.wake_at().filter(|_| !has_passed);
            self.state.asked(host.ask(deadline));
            return has_passed;
        }
        // A timer that runs for a fence inside has to follow the task to its new waker too.
        let at = earliest(around.wanted, self.state.wake_at());
        let at = earliest(at, self.armed_at());
        at.is_some_and(|at| self.arm_timer(at, moved, cx))
    }

    /// The first pending poll of a fence without a time of its own. One that will need a timer is
    /// not to find out when it fires that there is none.
    fn begin_late(&mut self) {
        self.state.start = Some(Instant::now());
        if self.state.policy().and_then(Policy::grace).is_some() {
            drop(sleep_until(Instant::now()));
        }
    }

    /// Registers with every source, if it is not; true if one is found to have fired.
    #[inline]
    fn register_anew(&mut self, terms: Terms, cx: &Context<'_>) -> bool {
        if self.watch.is_set(terms) {
            return false;
        }
        if self.watch.is_used() {
            self.deregister();
        }
        // In between its waker is unknown: if a clone panics the next poll registers anew.
        self.watch.begin(terms);
        let is_nothing =
            !self.has_entries && terms.inbox == Inbound::Never && !terms.includes_fencing;
        let has_fired = !is_nothing && self.register(terms.includes_fencing, cx);
        self.watch.end(terms);
        has_fired
    }

    /// Keeps everything armed that has not fired, for reasons to come, and for the fences inside
    /// that rely on it, until `next` at the latest.
    pub(crate) fn keep_armed(
        &mut self,
        next: Option<Instant>,
        around: Around<'_>,
        cx: &mut Context<'_>,
    ) {
        let terms = self.terms(around, cx);
        let moved = self.watch.is_moving(terms.waker);
        let mut has_fired = self.register_anew(terms, cx);
        if self.state.has_triggers() {
            has_fired |= self.poll_triggers(cx);
        }
        if has_fired && self.has_to_ask() {
            cx.waker().wake_by_ref();
        }
        if let Some(host) = around.host.filter(|_| !self.has_timer()) {
            self.state.asked(host.ask(next));
            return;
        }
        // The fences inside asked for what it is armed for only once.
        let at = earliest(earliest(around.wanted, next), self.armed_at());
        if at.is_some_and(|at| self.set_timer(at, moved, cx)) {
            self.state.note_time();
            cx.waker().wake_by_ref();
        }
    }

    /// Sets the timer; true if that time has passed.
    fn set_timer(&mut self, at: Instant, moved: bool, cx: &mut Context<'_>) -> bool {
        let timing = &self.state.timing;
        let has_passed = self.timer.as_mut().arm(timing, at, moved, cx);
        self.watch.note_timer(cx.waker());
        has_passed
    }

    /// Whether something has fired since the guards were asked, which nobody is woken for any more.
    fn has_to_ask(&self) -> bool {
        self.state.cancelling() == Cancelling::No && !self.reasons(Instant::now()).is_empty()
    }

    /// Out of the way of fences inside another one, which mostly have nothing to register.
    #[inline(never)]
    pub(super) fn register(&mut self, includes_fencing: bool, cx: &Context<'_>) -> bool {
        let (watch, mut spilled) = (&mut *self.watch, Keys::new());
        let mut has_fired = false;
        let mut panics = Panics::default();
        // A waker that panics when it is cloned leaves us with what was registered before.
        panics.catch(|| {
            if let Some(shared) = self.state.shared_part() {
                has_fired |= !watch.add_inbox(&shared.inbox.signal, cx);
            }
            let mut add = |entry: &Entry| {
                has_fired |= !watch.add_entry(entry, &mut spilled, cx);
                false
            };
            if let Some(own) = self.own.as_ref().filter(|_| self.has_entries) {
                own.any_entry(&mut add);
            }
            if includes_fencing {
                self.state.any_entry(&mut add);
            }
        });
        if !spilled.is_empty() {
            self.state.rare_mut_or_init().keys = spilled;
        }
        panics.resume();
        has_fired
    }

    fn deregister(&mut self) {
        if self.watch.is_empty() {
            return self.watch.forget();
        }
        let rare = self.state.rare_mut();
        let spilled = rare.map(|rare| std::mem::take(&mut rare.keys));
        let mut keys = self.watch.take(spilled.unwrap_or_default());
        if let Some(shared) = self.state.shared_part().filter(|_| keys.with_inbox) {
            shared.inbox.signal.leave();
        }
        self.any_entry(|entry| {
            keys.remove(entry.latch());
            false
        });
    }

    /// Whether its own timer is running.
    pub(crate) fn has_timer(&self) -> bool {
        self.state.timing.get() == Timing::Armed
    }

    pub(crate) fn armed_at(&self) -> Option<Instant> {
        self.timer.armed_at(self.state.timing.get())
    }

    /// Arms our own timer; true if our deadline has passed.
    pub(super) fn arm_timer(&mut self, at: Instant, moved: bool, cx: &mut Context<'_>) -> bool {
        if self.set_timer(at, moved, cx) {
            self.state.note_time();
            if self.state.look_at_idle() {
                return true;
            }
            if !self.state.timed_out() {
                // It is the time of a fence inside, which looks again in the next poll.
                cx.waker().wake_by_ref();
            }
        }
        self.state.timed_out()
    }

    pub(crate) fn poll_triggers(&mut self, cx: &mut Context<'_>) -> bool {
        let mut waits = std::mem::take(&mut self.state.rare_mut_or_init().waits);
        let mut has_fired = false;
        let mut panics = Panics::default();
        panics.catch(|| {
            self.any_trigger(|nth, entry| {
                has_fired |= waits.poll(nth, entry, cx);
                false
            });
        });
        self.state.rare_mut_or_init().waits = waits;
        panics.resume();
        has_fired
    }

    /// Leaves no waiter, no wait and no timer behind (D6).
    #[inline]
    pub(crate) fn disarm(&mut self) {
        self.timer.as_mut().disarm(&self.state.timing);
        if self.watch.is_used() {
            self.deregister();
        }
        if let Some(rare) = self.state.rare_mut() {
            rare.waits.stop();
            rare.blocked.leave();
        }
    }
}
