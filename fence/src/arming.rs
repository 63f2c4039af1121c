//! What a pending fence leaves armed, and that an ended one leaves nothing.

use std::pin::Pin;
use std::task::Context;

use tokio::time::Instant;

use crate::context::{self, Around, Host};
use crate::engine::Engine;
use crate::fingerprint::Fingerprint;
use crate::latch::Latch;
use crate::own::Own;
use crate::source::{Entry, Kind};
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
        let is_timed = timer.is_armed()
            || match around.host {
                Some(host) => timer.has_asked(host.epoch),
                None => self.live.deadline.is_none(),
            };
        let is_armed = is_timed && around.wanted.is_none() && self.watch.is_set(waker, whole);
        (!is_armed && self.arm_anew(waker, around, timer, cx)) || self.poll_triggers(cx)
    }

    fn arm_anew(
        &mut self,
        waker: Fingerprint,
        around: &Around,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        self.start.get_or_insert_with(Instant::now);
        let whole = !around.host.is_some_and(|host| host.covers);
        let moved = self.watch.is_moving(waker);
        if !self.watch.is_set(waker, whole) && !self.register(waker, whole, cx) {
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

    /// Registers with every source anew; `false` if one has fired.
    fn register(&mut self, waker: Fingerprint, whole: bool, cx: &Context<'_>) -> bool {
        self.deregister();
        self.watch.begin(waker, whole);
        let watch = &mut self.watch;
        if let Some(handle) = &self.live.handle {
            if !watch.add(&handle.latch, cx) {
                return false;
            }
        }
        if self.own.any_entry(&mut |entry| !watch.add_entry(entry, cx)) {
            return false;
        }
        !whole
            || self
                .live
                .fencing
                .entries()
                .iter()
                .all(|entry| watch.add_entry(entry, cx))
    }

    fn deregister(&mut self) {
        let mut keys = self.watch.take_keys();
        if let Some(handle) = &self.live.handle {
            keys.remove(Some(&handle.latch));
        }
        self.own.any_entry(&mut |entry| {
            keys.remove(latch(entry));
            false
        });
        for entry in self.live.fencing.entries() {
            keys.remove(latch(entry));
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

    fn poll_triggers(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.has_triggers {
            return false;
        }
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

fn latch(entry: &Entry) -> Option<&Latch> {
    match &entry.source.0 {
        Kind::Latch(latch) => Some(latch),
        Kind::Custom(_) => None,
    }
}
