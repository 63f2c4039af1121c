//! How a fence decides: what it looks at, when, and in which order.
//!
//! The body goes first; the triggers are looked at after it, and only a body that was pending once
//! has anything armed. See the rules D1 to D14 in the crate's design for the reasons.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::Context;

use tokio::time::Instant;

use crate::cancelled::{Cancelled, Record};
use crate::context::{self, Around, Host, Live, has_passed};
use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::handle::State;
use crate::latch::Latch;
use crate::own::Own;
use crate::reason::Reason;
use crate::source::{Entry, Kind};
use crate::timer::Timer;
use crate::times::Time;
use crate::watch::Watch;

/// A fence without its body and its timer.
pub(crate) struct Engine<S> {
    pub(crate) live: Live,
    pub(crate) own: S,
    pub(crate) phase: Phase,
    pub(crate) extends: Extends,
    pub(crate) name: Option<&'static str>,
    start: Option<Instant>,
    /// Whether a source of another make is among them.
    has_triggers: bool,
    watch: Watch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not started: never polled, or an enclosing fence had fired whenever it was.
    Waiting,
    Running,
    Ended,
}

/// What a fence adds its own sources to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extends {
    /// The set it was given.
    Given,
    /// The set that is bound at the first poll (D17).
    Bound,
    /// Of the bound set only what the fence names.
    BoundNames,
}

/// What the first poll finds.
pub(crate) enum Start {
    /// Nothing in the way.
    Go,
    /// An enclosing fence has fired: nothing starts (D5).
    Blocked,
    /// A trigger has fired: the body is never polled (D2).
    Fired,
}

impl<S: Own> Engine<S> {
    pub(crate) fn new(fencing: Fencing, own: S) -> Self {
        Self {
            live: Live {
                fencing,
                ..Live::default()
            },
            own,
            phase: Phase::Waiting,
            extends: Extends::Given,
            name: None,
            start: None,
            has_triggers: false,
            watch: Watch::default(),
        }
    }

    /// The first poll: captures the context, starts the clock, looks at what has fired (D1, D2).
    pub(crate) fn start(&mut self) -> Start {
        if context::is_interrupted() {
            return Start::Blocked;
        }
        self.capture();
        self.own.resolve(&self.live.fencing);
        self.start_clock();
        self.live.epoch = context::next_epoch();
        self.phase = Phase::Running;
        if let Some(handle) = &self.live.handle {
            handle.start(self.live.deadline);
        }
        self.has_triggers = self.any_entry(|entry| entry.trigger().is_some());
        if self.is_latched() || self.has_trigger_fired() {
            return Start::Fired;
        }
        Start::Go
    }

    fn capture(&mut self) {
        let own = &self.own;
        match self.extends {
            Extends::Given => {}
            Extends::Bound => self.live.fencing = context::current(),
            Extends::BoundNames => {
                self.live.fencing = context::current().only(|code| own.names(code));
            }
        }
    }

    /// The clock is read only by a fence with a time of its own or bound (D1).
    fn start_clock(&mut self) {
        let mut has_time = false;
        self.each_time(|_| has_time = true);
        if !has_time {
            return;
        }
        let now = Instant::now();
        let mut deadline = None;
        self.each_time(|time| deadline = context::earliest(deadline, time.deadline(now)));
        self.start = Some(now);
        self.live.deadline = deadline;
        self.live.timed_out = deadline.is_some_and(|at| at <= now);
    }

    /// Before the body: the time, if our timer went off.
    pub(crate) fn tick(&mut self, timer: Pin<&mut Timer>) -> Option<Instant> {
        timer.went_off().then(|| self.note_time())
    }

    fn note_time(&mut self) -> Instant {
        let now = Instant::now();
        self.live.epoch = context::next_epoch();
        self.live.timed_out |= has_passed(self.live.deadline, Some(now));
        now
    }

    /// After a pending body: whether the fence has fired and may say so. Otherwise it is armed.
    pub(crate) fn look(
        &mut self,
        around: &Around,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        let has_fired = self.is_latched() || self.is_told() || self.arm(around, timer, cx);
        // When an enclosing fence has fired as well it is the one to act, in this very poll (D13).
        has_fired && !context::is_interrupted_now()
    }

    fn is_latched(&self) -> bool {
        self.live.is_latched() || self.own.any_entry(&mut Entry::is_latched)
    }

    /// A fence inside saw one of our triggers fire: ask them all ourselves.
    fn is_told(&mut self) -> bool {
        std::mem::take(&mut self.live.told) && self.has_trigger_fired()
    }

    fn has_trigger_fired(&self) -> bool {
        self.has_triggers && self.any_trigger(|_, entry| entry.source.firing().is_some())
    }

    /// Makes sure that the task is woken by whatever fires next; true if something has.
    fn arm(&mut self, around: &Around, timer: Pin<&mut Timer>, cx: &mut Context<'_>) -> bool {
        let waker = Fingerprint::of(cx.waker());
        let whole = !around.host.is_some_and(|host| host.covers);
        let is_timed = match around.host {
            Some(host) => timer.has_asked(host.epoch),
            None => timer.is_armed() || self.live.deadline.is_none(),
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
        let at = context::earliest(around.wanted, self.live.deadline);
        let at = context::earliest(at, timer.armed_at());
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
        if let Some(deadline) = self.live.deadline.filter(|_| !self.live.timed_out) {
            context::ask(host, deadline);
        }
        timer.asked(host.epoch);
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
        self.deregister();
        self.watch.stop_waiting();
    }

    /// The record of a cancellation.
    pub(crate) fn cancelled(&self) -> Cancelled {
        let now = Instant::now();
        let name = self.name.map(Cow::Borrowed);
        Cancelled::new(Record {
            reasons: self.reasons(now),
            name: name.or_else(|| self.live.fencing.name().cloned()),
            elapsed: self
                .start
                .map_or_else(Default::default, |start| now - start),
        })
    }

    /// Tells the handles how it ended.
    pub(crate) fn report(&mut self, state: State) {
        self.phase = Phase::Ended;
        let Some(handle) = &self.live.handle else {
            return;
        };
        let mut reasons = self.reasons(Instant::now());
        reasons.sort_by_key(Reason::order);
        handle.finish(state, reasons);
    }

    /// All that has fired (D9), each once (D10).
    fn reasons(&self, now: Instant) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = Vec::new();
        let mut add = |reason: Reason| {
            let is_same =
                |known: &Reason| known.code() == reason.code() && known.order() == reason.order();
            if !reasons.iter().any(is_same) {
                reasons.push(reason);
            }
        };
        let start = self.start.unwrap_or(now);
        self.each_time(|time| time.reason(start, now).into_iter().for_each(&mut add));
        self.live
            .handle
            .iter()
            .filter_map(|handle| handle.reason())
            .for_each(&mut add);
        let mut nth = 0;
        self.any_entry(|entry| {
            let reported = entry.trigger().and_then(|_| {
                nth += 1;
                self.watch.reported(nth - 1).cloned()
            });
            let firing = reported.or_else(|| entry.source.firing());
            firing
                .map(|firing| Reason::new(entry.code.clone(), firing))
                .into_iter()
                .for_each(&mut add);
            false
        });
        reasons
    }

    fn any_entry(&self, mut visit: impl FnMut(&Entry) -> bool) -> bool {
        self.own.any_entry(&mut visit) || self.live.fencing.entries().iter().any(visit)
    }

    /// Visits the sources of other makes, numbered.
    fn any_trigger(&self, mut visit: impl FnMut(usize, &Entry) -> bool) -> bool {
        let mut nth = 0;
        self.any_entry(|entry| {
            let is_trigger = entry.trigger().is_some();
            nth += usize::from(is_trigger);
            is_trigger && visit(nth - 1, entry)
        })
    }

    fn each_time(&self, mut visit: impl FnMut(&Time)) {
        self.own.each_time(&mut visit);
        self.live.fencing.times().iter().for_each(visit);
    }
}

fn latch(entry: &Entry) -> Option<&Latch> {
    match &entry.source.0 {
        Kind::Latch(latch) => Some(latch),
        Kind::Custom(_) => None,
    }
}
