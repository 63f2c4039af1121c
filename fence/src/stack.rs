//! The stack behind the task-local context: its frames.
//!
//! It is only ever touched through `context`, which keeps the invariants stated there. Frames are
//! used again: what they hold is swapped in and out, which costs less than moving it.

use tokio::task::{Id, try_id};
use tokio::time::Instant;

use crate::context::{Host, Step};
use crate::fencing::Fencing;
use crate::fingerprint::Fingerprint;
use crate::live::Live;
use crate::own::Lent;
use crate::quiet;
use crate::surroundings::{Answer, Question, Shown};

pub(crate) struct Stack {
    frames: Vec<Frame>,
    /// How many of the frames are in use.
    depth: usize,
    lent: Lent,
}

#[derive(Default)]
struct Frame {
    task: Option<Id>,
    part: Part,
    /// Where what its fence lent begins.
    lent: Mark,
    /// What a bind binds is `running.live.fencing`.
    running: Running,
}

/// How much was lent.
#[derive(Clone, Copy, Default)]
struct Mark {
    entries: usize,
    times: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Bound,
    /// Hides everything around it.
    Detached,
    /// Hides the fences around it.
    Shield,
    Fence,
}

#[derive(Default)]
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
            depth: 0,
            lent: Lent::new(),
        }
    }

    #[inline]
    fn push(&mut self, part: Part, task: Option<Id>) -> &mut Frame {
        if self.depth == self.frames.len() {
            self.frames.push(Frame::default());
        }
        quiet::forget();
        let lent = self.mark();
        let frame = &mut self.frames[self.depth];
        self.depth += 1;
        frame.task = task;
        frame.part = part;
        frame.lent = lent;
        frame
    }

    #[inline]
    fn pop(&mut self) -> Option<&mut Frame> {
        self.depth = self.depth.checked_sub(1)?;
        self.frames.get_mut(self.depth)
    }

    /// Shows a fence, which learns from its host what time has passed, and who that is.
    #[inline]
    pub(crate) fn push_fence(
        &mut self,
        live: &mut Live,
        Step { waker, expired }: Step,
        lend: impl FnOnce(&mut Lent),
    ) -> Option<Host> {
        let task = try_id();
        let host = self.host(waker, task, live);
        let frame = host.map_or(self.depth, |host| host.frame);
        let running = &mut self.push(Part::Fence, task).running;
        std::mem::swap(&mut running.live, live);
        running.waker = waker;
        running.host = frame;
        running.expired = expired;
        running.wanted = None;
        lend(&mut self.lent);
        host
    }

    #[inline]
    fn host(&self, waker: Fingerprint, task: Option<Id>, live: &mut Live) -> Option<Host> {
        if self.depth == 0 {
            return None;
        }
        let (innermost, _) = self.enclosing_of(task).next()?;
        let innermost = &self.frames[innermost].running;
        if innermost.waker != waker {
            return None;
        }
        let frame = innermost.host;
        let running = &self.frames[frame].running;
        if let Some(now) = running.expired {
            live.expire(now);
        }
        Some(Host {
            frame,
            epoch: running.live.epoch,
            covers: running.live.fencing.is_same(&live.fencing),
        })
    }

    /// Gives a fence back what it showed, and tells what was asked of it.
    #[inline]
    pub(crate) fn pop_fence(
        &mut self,
        live: &mut Live,
        reclaim: impl FnOnce(&mut Lent),
    ) -> Option<Instant> {
        reclaim(&mut self.lent);
        let running = &mut self.pop()?.running;
        std::mem::swap(&mut running.live, live);
        running.wanted
    }

    #[inline]
    pub(crate) fn push_shield(&mut self) {
        self.push(Part::Shield, try_id());
    }

    #[inline]
    pub(crate) fn pop_shield(&mut self) {
        self.pop();
    }

    pub(crate) fn push_bound(&mut self, fencing: &mut Fencing, detached: bool) {
        let part = if detached {
            Part::Detached
        } else {
            Part::Bound
        };
        let frame = self.push(part, try_id());
        std::mem::swap(&mut frame.running.live.fencing, fencing);
    }

    pub(crate) fn pop_bound(&mut self, bound: &mut Fencing) {
        if let Some(frame) = self.pop() {
            std::mem::swap(&mut frame.running.live.fencing, bound);
        }
    }

    #[inline]
    pub(crate) fn running(&mut self, frame: usize) -> Option<&mut Running> {
        let frame = self.frames[..self.depth].get_mut(frame)?;
        (frame.part == Part::Fence).then_some(&mut frame.running)
    }

    /// The frames that this code is in, innermost first (invariant 3).
    #[inline]
    fn visible_of(&self, task: Option<Id>) -> impl Iterator<Item = (usize, &Frame)> {
        let mut next = self.depth;
        std::iter::from_fn(move || {
            next = next.checked_sub(1)?;
            let (index, frame) = (next, &self.frames[next]);
            if frame.task != task {
                next = 0;
                return None;
            }
            if frame.part == Part::Detached {
                next = 0;
            }
            Some((index, frame))
        })
    }

    fn visible(&self) -> impl Iterator<Item = (usize, &Frame)> {
        self.visible_of(try_id())
    }

    pub(crate) fn bound(&self) -> Option<&Fencing> {
        let is_bind = |frame: &Frame| matches!(frame.part, Part::Bound | Part::Detached);
        let bind = self.visible().find(|(_, frame)| is_bind(frame));
        bind.map(|(_, frame)| &frame.running.live.fencing)
    }

    /// The fences around this code, innermost first, up to a shield.
    #[inline]
    pub(crate) fn enclosing(&self) -> impl Iterator<Item = (usize, Shown<'_>)> {
        let task = if self.depth == 0 { None } else { try_id() };
        self.enclosing_of(task)
    }

    #[inline]
    fn enclosing_of(&self, task: Option<Id>) -> impl Iterator<Item = (usize, Shown<'_>)> {
        self.visible_of(task)
            .take_while(|(_, frame)| frame.part != Part::Shield)
            .filter(|(_, frame)| frame.part == Part::Fence)
            .map(|(index, frame)| (index, self.shown(index, frame)))
    }

    /// What the fences around this code say, from the innermost on; `timed` with a look at the
    /// clock, if one of them has a deadline. A fence whose deadline has passed is told so.
    pub(crate) fn ask(&mut self, question: Question, timed: bool) -> Answer {
        let firings = quiet::firings();
        if self.depth == 0 {
            quiet::looked(firings);
            return Answer::No;
        }
        let (task, mut now, mut answer) = (try_id(), None, Answer::No);
        let mut is_quiet = true;
        let mut end = self.lent.entries.len();
        for frame in self.frames[..self.depth].iter_mut().rev() {
            if frame.task != task || matches!(frame.part, Part::Detached | Part::Shield) {
                is_quiet = false;
                break;
            }
            let entries = &self.lent.entries[frame.lent.entries..end];
            end = frame.lent.entries;
            if frame.part != Part::Fence {
                continue;
            }
            let live = &mut frame.running.live;
            if timed && live.is_timed() {
                live.expire(*now.get_or_insert_with(Instant::now));
            }
            is_quiet &= live.is_watched_by_latches();
            match Shown::of(live, entries).answer(question) {
                Answer::Yes => return Answer::Yes,
                Answer::AskUsers => answer = Answer::AskUsers,
                Answer::No => {}
            }
        }
        if is_quiet {
            quiet::looked(firings);
        }
        answer
    }

    /// The innermost fence, whether or not a shield stands between.
    pub(crate) fn innermost(&mut self) -> Option<&mut Live> {
        let is_body = |frame: &Frame| frame.part == Part::Fence && !frame.running.live.is_plain();
        let (found, _) = self.visible().find(|(_, frame)| is_body(frame))?;
        Some(&mut self.running(found)?.live)
    }

    #[inline]
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// A fence with all that it lent.
    #[inline]
    fn shown<'a>(&'a self, index: usize, frame: &'a Frame) -> Shown<'a> {
        let next = self.frames[..self.depth].get(index + 1);
        let to = next.map_or_else(|| self.mark(), |next| next.lent);
        Shown {
            live: &frame.running.live,
            entries: &self.lent.entries[frame.lent.entries..to.entries],
            times: &self.lent.times[frame.lent.times..to.times],
        }
    }

    pub(crate) fn fence(&self, index: usize) -> Option<Shown<'_>> {
        let frame = self.frames[..self.depth].get(index)?;
        (frame.part == Part::Fence).then(|| self.shown(index, frame))
    }

    #[inline]
    fn mark(&self) -> Mark {
        Mark {
            entries: self.lent.entries.len(),
            times: self.lent.times.len(),
        }
    }
}
