//! What a pending fence leaves armed, and that an ended one leaves nothing.

use std::pin::Pin;
use std::task::Context;

use tokio::time::Instant;

use crate::context::{self, Around, Host};
use crate::engine::Engine;
use crate::fingerprint::Fingerprint;
use crate::own::Own;
use crate::timer::Timer;
use crate::times::earliest;

impl<S: Own> Engine<S> {
    /// Makes sure that the task is woken by whatever fires next; true if something has.
    pub(crate) fn arm(
        &mut self,
        around: &Around,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        let waker = Fingerprint::of(cx.waker());
        let whole = !around.host.is_some_and(|host| host.covers);
        let with_handle = self.live.shared.is_some();
        let is_timed = timer.is_armed()
            || match around.host {
                Some(host) => timer.has_asked(host.epoch),
                None => self.live.deadline.is_none(),
            };
        let is_armed =
            is_timed && around.wanted.is_none() && self.watch.is_set(waker, whole, with_handle);
        (!is_armed && self.arm_anew(waker, around, timer, cx))
            || (self.live.has_triggers && self.poll_triggers(cx))
    }

    fn arm_anew(
        &mut self,
        waker: Fingerprint,
        around: &Around,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        self.live.start.get_or_insert_with(Instant::now);
        let moved = self.watch.is_moving(waker);
        if self.register_anew(around, cx) {
            return true;
        }
        if let Some(host) = around.host.filter(|_| !timer.is_armed()) {
            return self.ask(host, timer);
        }
        // A timer that runs for a fence inside has to follow the task to its new waker too.
        let at = earliest(around.wanted, self.live.deadline);
        let at = earliest(at, timer.armed_at());
        at.is_some_and(|at| self.arm_timer(at, moved, timer, cx))
    }

    /// Registers with every source, if it is not; true if one is found to have fired.
    pub(crate) fn register_anew(&mut self, around: &Around, cx: &Context<'_>) -> bool {
        let waker = Fingerprint::of(cx.waker());
        let whole = !around.host.is_some_and(|host| host.covers);
        if self.watch.is_set(waker, whole, self.live.shared.is_some()) {
            return false;
        }
        self.deregister();
        let shared = self.live.shared.as_deref();
        self.watch.begin(waker, whole, shared.is_some());
        let watch = &mut self.watch;
        let mut has_fired = shared.is_some_and(|shared| !watch.add(&shared.latch, cx));
        self.own.any_entry(&mut |entry| {
            has_fired |= !watch.add_entry(entry, cx);
            false
        });
        for entry in self.live.entries().filter(|_| whole) {
            has_fired |= !watch.add_entry(entry, cx);
        }
        has_fired
    }

    fn deregister(&mut self) {
        let mut keys = self.watch.take_keys();
        if let Some(shared) = self.live.shared.as_ref().filter(|_| keys.with_handle) {
            keys.remove(Some(&shared.latch));
        }
        self.own.any_entry(&mut |entry| {
            keys.remove(entry.latch());
            false
        });
        for entry in self.live.entries() {
            keys.remove(entry.latch());
        }
    }

    /// Has the host wake us in time. It may have told us before the body that time is up.
    fn ask(&mut self, host: Host, timer: Pin<&mut Timer>) -> bool {
        let deadline = self.live.deadline.filter(|_| !self.live.timed_out);
        timer.asked(context::ask(host, deadline));
        self.live.timed_out
    }

    /// Arms our own timer; true if our deadline has passed.
    fn arm_timer(
        &mut self,
        at: Instant,
        moved: bool,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        if timer.arm(at, moved, cx) {
            self.note_time();
            if !self.live.timed_out {
                // It is the time of a fence inside, which looks again in the next poll.
                cx.waker().wake_by_ref();
            }
        }
        self.live.timed_out
    }

    pub(crate) fn poll_triggers(&mut self, cx: &mut Context<'_>) -> bool {
        let mut watch = std::mem::take(&mut self.watch);
        let mut has_fired = false;
        self.any_trigger(|nth, entry| {
            has_fired |= watch.poll_trigger(nth, entry, cx);
            false
        });
        self.watch = watch;
        has_fired
    }

    /// Leaves no waiter, no wait and no timer behind (D6).
    pub(crate) fn disarm(&mut self, timer: Pin<&mut Timer>) {
        timer.disarm();
        if self.watch.is_used() {
            self.deregister();
            self.watch.stop_waiting();
        }
    }
}
