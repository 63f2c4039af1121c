//! The stack behind the task-local context: its frames.
//!
//! It is only ever touched through `context`, which keeps the invariants stated there.

use tokio::task::Id;
use tokio::time::Instant;

use crate::context::{Host, Step};
use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::live::Live;
use crate::own::Lent;
use crate::surroundings::Shown;

pub(crate) struct Stack {
    frames: Vec<Frame>,
    lent: Lent,
}

struct Frame {
    task: Option<Id>,
    part: Part,
    /// Where what its fence lent begins.
    lent: Mark,
}

/// How much was lent.
#[derive(Clone, Copy)]
struct Mark {
    entries: usize,
    times: usize,
}

enum Part {
    Bound {
        fencing: Fencing,
        detached: bool,
    },
    Fence(Running),
    /// Hides the fences around it.
    Shield,
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

impl Stack {
    pub(crate) const fn new() -> Self {
        Self {
            frames: Vec::new(),
            lent: Lent::new(),
        }
    }

    #[inline]
    fn push(&mut self, part: Part) {
        let (task, lent) = (tokio::task::try_id(), self.mark());
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
            if let Some(now) = *expired {
                live.expire(now);
            }
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
            Part::Bound { .. } | Part::Shield => None,
        }
    }

    pub(crate) fn push_shield(&mut self) {
        self.push(Part::Shield);
    }

    pub(crate) fn pop_shield(&mut self) {
        self.frames.pop();
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
            Part::Fence(_) | Part::Shield => None,
        })
    }

    /// The fences around this code, innermost first, up to a shield.
    #[inline]
    pub(crate) fn enclosing(&self) -> impl Iterator<Item = (usize, Shown<'_>)> {
        self.visible()
            .take_while(|(_, frame)| !matches!(frame.part, Part::Shield))
            .filter_map(|(index, frame)| Some((index, self.shown(index, frame)?)))
    }

    /// The innermost fence, whether or not a shield stands between.
    pub(crate) fn innermost(&mut self) -> Option<&mut Live> {
        let found = self.visible().find_map(|(index, frame)| {
            let shown = self.shown(index, frame)?;
            (!shown.live.is_plain()).then_some(index)
        });
        Some(&mut self.running(found?)?.live)
    }

    pub(crate) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// A fence with all that it lent.
    #[inline]
    fn shown<'a>(&'a self, index: usize, frame: &'a Frame) -> Option<Shown<'a>> {
        let Part::Fence(Running { live, .. }) = &frame.part else {
            return None;
        };
        let (from, next) = (frame.lent, self.frames.get(index + 1));
        let to = next.map_or_else(|| self.mark(), |next| next.lent);
        Some(Shown {
            live,
            entries: &self.lent.entries[from.entries..to.entries],
            times: &self.lent.times[from.times..to.times],
        })
    }

    pub(crate) fn fence(&self, index: usize) -> Option<Shown<'_>> {
        self.shown(index, self.frames.get(index)?)
    }

    fn mark(&self) -> Mark {
        Mark {
            entries: self.lent.entries.len(),
            times: self.lent.times.len(),
        }
    }

    #[inline]
    fn host_frame(&self, waker: Fingerprint) -> Option<usize> {
        if self.frames.is_empty() {
            return None;
        }
        let (innermost, _) = self.enclosing().next()?;
        match &self.frames[innermost].part {
            Part::Fence(running) if running.waker == waker => Some(running.host),
            _ => None,
        }
    }
}
