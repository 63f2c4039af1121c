//! How a fence decides: what it looks at, when, and in which order.
//!
//! The body goes first; the triggers are looked at after it, and only a body that was pending once
//! has anything armed. See the rules D1 to D14 in the crate's design for the reasons.

use std::pin::Pin;
use std::task::Context;

use tokio::time::Instant;

use crate::context::{self, Around};
use crate::fencing::Fencing;
use crate::hold::Hold;
use crate::live::Live;
use crate::own::Own;
use crate::source::Entry;
use crate::timer::Timer;
use crate::times::{Time, earliest, has_passed};
use crate::watch::Watch;

/// A fence without its body and its timer.
pub(crate) struct Engine<S> {
    pub(crate) live: Live,
    pub(crate) own: S,
    pub(crate) phase: Phase,
    pub(crate) extends: Extends,
    /// Its hold on the fence around it.
    pub(crate) hold: Hold,
    pub(crate) watch: Watch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not started: never polled, or an enclosing fence had fired whenever it was.
    Waiting,
    Running,
    /// The body is gone, and its cleanups are not done, or an enclosing fence has fired since.
    Cleaning,
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
            hold: Hold::default(),
            watch: Watch::default(),
        }
    }

    /// The first poll: captures the context, starts the clock, looks at what has fired (D1, D2).
    pub(crate) fn start(&mut self) -> Start {
        if context::is_interrupted() {
            return Start::Blocked;
        }
        self.capture();
        self.own.resolve(&mut self.live.fencing);
        self.start_clock();
        self.phase = Phase::Running;
        if let Some(shared) = &self.live.shared {
            shared.start(self.live.deadline);
        }
        self.live.has_triggers = self.any_entry(|entry| entry.trigger().is_some());
        if !(self.is_latched() || self.has_trigger_fired()) || !self.accept_at_start() {
            return Start::Go;
        }
        if context::is_interrupted() {
            // It passed the cancellation on, and leaves the rest to the fence around it.
            self.phase = Phase::Waiting;
            return Start::Blocked;
        }
        Start::Fired
    }

    fn accept_at_start(&mut self) -> bool {
        if self.live.is_guarded() {
            self.ask_guards();
            if !self.live.has_accepted() {
                return false;
            }
        }
        self.link_up();
        true
    }

    fn capture(&mut self) {
        if let Some(around) = context::around() {
            self.live.extra().around = around;
        }
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
        let (mut start, mut deadline) = (None, None);
        self.each_time(|time| {
            let now = *start.get_or_insert_with(Instant::now);
            deadline = earliest(deadline, time.deadline(now));
        });
        self.live.start = start;
        self.live.deadline = deadline;
        self.live.timed_out = has_passed(deadline, start);
    }

    /// Before the body: the time, if our timer went off.
    #[inline]
    pub(crate) fn tick(&mut self, timer: Pin<&mut Timer>) -> Option<Instant> {
        timer.went_off().then(|| self.note_time())
    }

    pub(crate) fn note_time(&mut self) -> Instant {
        let now = Instant::now();
        self.live.epoch = 0;
        self.live.expire(now);
        now
    }

    /// After a pending body: whether the fence has fired and may say so. Otherwise it is armed.
    #[inline]
    pub(crate) fn look(
        &mut self,
        around: &Around,
        mut timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        let has_fired = self.is_latched() || self.is_told() || self.arm(around, timer.as_mut(), cx);
        // When an enclosing fence has fired as well it is the one to act, in this very poll (D13).
        has_fired
            && (!self.live.is_special() || self.decide(around, timer, cx))
            && !context::is_interrupted_now()
    }

    #[inline]
    fn is_latched(&self) -> bool {
        self.live.is_latched() || self.own.any_entry(&mut Entry::is_latched)
    }

    /// A fence inside saw one of our triggers fire: ask them all ourselves.
    fn is_told(&mut self) -> bool {
        std::mem::take(&mut self.live.told) && self.has_trigger_fired()
    }

    fn has_trigger_fired(&self) -> bool {
        self.live.has_triggers && self.any_trigger(|_, entry| entry.source.firing().is_some())
    }

    pub(crate) fn any_entry(&self, mut visit: impl FnMut(&Entry) -> bool) -> bool {
        self.own.any_entry(&mut visit) || self.live.entries().any(visit)
    }

    /// Visits the sources of other makes, numbered.
    pub(crate) fn any_trigger(&self, mut visit: impl FnMut(usize, &Entry) -> bool) -> bool {
        let mut nth = 0;
        self.any_entry(|entry| {
            let is_trigger = entry.trigger().is_some();
            nth += usize::from(is_trigger);
            is_trigger && visit(nth - 1, entry)
        })
    }

    pub(crate) fn each_time(&self, mut visit: impl FnMut(&Time)) {
        self.own.each_time(&mut visit);
        self.live.fencing.times().iter().for_each(&mut visit);
        let around = self
            .live
            .extra
            .iter()
            .flat_map(|extra| extra.around.times());
        around.for_each(visit);
    }
}
