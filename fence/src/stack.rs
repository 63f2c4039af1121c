//! The stack behind the task-local context, and what can be read off it.
//!
//! It is only ever touched through `context`, which keeps the invariants stated there.

use std::sync::Arc;

use tokio::task::Id;
use tokio::time::Instant;

use crate::context::{Host, Live, Step};
use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::own::Lent;
use crate::source::Entry;
use crate::times::has_passed;
use crate::trigger::Trigger;

pub(crate) struct Stack {
    frames: Vec<Frame>,
    lent: Lent,
}

struct Frame {
    task: Option<Id>,
    part: Part,
    /// Where the entries that its fence lent begin.
    lent: usize,
}

enum Part {
    Bound { fencing: Fencing, detached: bool },
    Fence(Running),
}

pub(crate) struct Running {
    pub(crate) live: Live,
    waker: Fingerprint,
    /// The frame of the outermost fence with this waker.
    host: usize,
    /// As a host: the clock when the timer went off, in this very poll.
    expired: Option<Instant>,
    /// As a host: the earliest deadline that a fence inside asked for in this poll.
    pub(crate) wanted: Option<Instant>,
}

/// What the flags of the enclosing fences say.
pub(crate) enum Interrupted {
    Yes,
    No,
    AskTriggers,
}

impl Stack {
    pub(crate) const fn new() -> Self {
        Self {
            frames: Vec::new(),
            lent: Lent(Vec::new()),
        }
    }

    #[inline]
    fn push(&mut self, part: Part) {
        let (task, lent) = (tokio::task::try_id(), self.lent.0.len());
        self.frames.push(Frame { task, part, lent });
    }

    /// Shows a fence, which learns from its host what time has passed, and who that is.
    #[inline]
    pub(crate) fn push_fence(
        &mut self,
        live: &mut Live,
        Step { waker, expired }: Step,
        lend: impl FnOnce(&mut Lent),
    ) -> Option<Host> {
        let frame = self.host_frame(waker);
        let mut host = None;
        if let Some(Running {
            live: above,
            expired,
            ..
        }) = frame.and_then(|f| self.running(f))
        {
            let covers = above.fencing.is_same(&live.fencing);
            host = frame.map(|frame| Host {
                frame,
                epoch: above.epoch,
                covers,
            });
            live.timed_out |= has_passed(live.deadline, *expired);
        }
        let host_frame = frame.unwrap_or(self.frames.len());
        let running = Running {
            live: std::mem::take(live),
            waker,
            host: host_frame,
            expired,
            wanted: None,
        };
        self.push(Part::Fence(running));
        lend(&mut self.lent);
        host
    }

    /// Gives a fence back what it showed, and tells what was asked of it.
    #[inline]
    pub(crate) fn pop_fence(
        &mut self,
        live: &mut Live,
        reclaim: impl FnOnce(&mut Lent),
    ) -> Option<Instant> {
        reclaim(&mut self.lent);
        match self.frames.pop()?.part {
            Part::Fence(mut running) => {
                std::mem::swap(live, &mut running.live);
                running.wanted
            }
            Part::Bound { .. } => None,
        }
    }

    pub(crate) fn push_bound(&mut self, fencing: &mut Fencing, detached: bool) {
        let fencing = std::mem::take(fencing);
        self.push(Part::Bound { fencing, detached });
    }

    pub(crate) fn pop_bound(&mut self, bound: &mut Fencing) {
        if let Some(Part::Bound { mut fencing, .. }) = self.frames.pop().map(|frame| frame.part) {
            std::mem::swap(bound, &mut fencing);
        }
    }

    #[inline]
    pub(crate) fn running(&mut self, frame: usize) -> Option<&mut Running> {
        match self.frames.get_mut(frame).map(|frame| &mut frame.part) {
            Some(Part::Fence(running)) => Some(running),
            _ => None,
        }
    }

    /// The frames that this code is in, innermost first (invariant 3).
    #[inline]
    fn visible(&self) -> impl Iterator<Item = (usize, &Frame)> {
        let task = tokio::task::try_id();
        let mut hidden = false;
        self.frames
            .iter()
            .enumerate()
            .rev()
            .take_while(move |(_, frame)| {
                let is_visible = !hidden && frame.task == task;
                hidden = matches!(frame.part, Part::Bound { detached: true, .. });
                is_visible
            })
    }

    pub(crate) fn bound(&self) -> Option<&Fencing> {
        self.visible().find_map(|(_, frame)| match &frame.part {
            Part::Bound { fencing, .. } => Some(fencing),
            Part::Fence(_) => None,
        })
    }

    pub(crate) fn enclosing(&self) -> impl Iterator<Item = (usize, &Live)> {
        self.visible()
            .filter_map(|(index, frame)| match &frame.part {
                Part::Fence(running) => Some((index, &running.live)),
                Part::Bound { .. } => None,
            })
    }

    /// The entries that the fence of a frame lent.
    fn lent(&self, frame: usize) -> &[Entry] {
        let end = self
            .frames
            .get(frame + 1)
            .map_or(self.lent.0.len(), |next| next.lent);
        &self.lent.0[self.frames[frame].lent..end]
    }

    pub(crate) fn interrupted(&self) -> Interrupted {
        let mut answer = Interrupted::No;
        if self.frames.is_empty() {
            return answer;
        }
        for (frame, live) in self.enclosing() {
            if live.is_latched() || self.lent(frame).iter().any(Entry::is_latched) {
                return Interrupted::Yes;
            }
            if self.triggers(frame, live).next().is_some() {
                answer = Interrupted::AskTriggers;
            }
        }
        answer
    }

    fn triggers<'a>(
        &'a self,
        frame: usize,
        live: &'a Live,
    ) -> impl Iterator<Item = &'a Arc<dyn Trigger>> {
        live.fencing
            .entries()
            .iter()
            .chain(self.lent(frame))
            .filter_map(Entry::trigger)
    }

    pub(crate) fn trigger(&self, nth: usize) -> Option<(usize, Arc<dyn Trigger>)> {
        let mut all = self.enclosing().flat_map(|(frame, live)| {
            self.triggers(frame, live)
                .map(move |trigger| (frame, trigger.clone()))
        });
        all.nth(nth)
    }

    pub(crate) fn tell(&mut self, frame: usize) {
        if let Some(Running { live, .. }) = self.running(frame) {
            live.told = true;
        }
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        for frame in 0..self.frames.len() {
            let is_enclosing = self.enclosing().any(|(index, _)| index == frame);
            if let Some(Running { live, .. }) = self.running(frame).filter(|_| is_enclosing) {
                live.timed_out |= has_passed(live.deadline, Some(now));
            }
        }
    }

    #[inline]
    fn host_frame(&self, waker: Fingerprint) -> Option<usize> {
        if self.frames.is_empty() {
            return None;
        }
        let innermost = self.visible().find_map(|(_, frame)| match &frame.part {
            Part::Fence(running) => Some(running),
            Part::Bound { .. } => None,
        });
        innermost
            .filter(|running| running.waker == waker)
            .map(|running| running.host)
    }
}
