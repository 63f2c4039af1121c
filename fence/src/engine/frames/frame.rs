//! What is around a piece of code: the binds, shields and fences that are being polled right now.
//!
//! Each of them puts a frame on the machine stack for the time of one poll (or drop) of its body,
//! and the frame refers to the one around it. "Enclosing" is therefore decided at each poll, by
//! the fence that polls (D14).
//!
//! 1. A frame is there exactly while what it stands for runs its body, also when that unwinds.
//! 2. Frames are only ever read: whatever changes is in a cell of the fence. No reference into a
//!    `RefCell` is held while user code runs (D26).
//! 3. Frames of another task (a `LocalSet` polled inside a fence) are not seen (D16), nor is
//!    anything around a `detached` frame. Beyond a shield fences are not seen, but what is bound
//!    is.

use tokio::task::{Id, try_id};

use crate::engine::frames::binding::Binding;
use crate::engine::frames::running::Running;
use crate::engine::frames::top::{set_top, with_top};
use crate::engine::state::state::FenceState;
use crate::trigger::check_cache;
use crate::util::WakerId;

pub(crate) struct Frame<'a> {
    outer: Option<&'a Frame<'a>>,
    task: Option<Id>,
    pub(crate) part: Part<'a>,
}

pub(crate) enum Part<'a> {
    Bound(&'a Binding),
    /// Hides everything around it.
    Detached,
    /// Hides the fences around it.
    Shield,
    Fence(Running<'a>),
}

/// The frames around some code, as that code may see them.
#[derive(Clone, Copy)]
pub(crate) struct Here<'a> {
    top: Option<&'a Frame<'a>>,
    pub(crate) task: Option<Id>,
}

/// Runs `f` with the frames around.
#[inline]
pub(crate) fn with_frames<R>(f: impl FnOnce(Here<'_>) -> R) -> R {
    with_top(|top| {
        let task = top.and_then(|_| try_id());
        f(Here { top, task })
    })
}

/// Runs `f`, which is about to put a frame there, with those around; it has to know its task.
#[inline]
pub(crate) fn with_frames_to_enter<R>(f: impl FnOnce(Here<'_>) -> R) -> R {
    with_top(|top| {
        let task = try_id();
        f(Here { top, task })
    })
}

/// Runs `f` inside the frame that `part` makes of what is around.
#[inline]
pub(crate) fn within<R>(part: Part<'_>, f: impl FnOnce() -> R) -> R {
    with_frames_to_enter(|here| Frame::new(here, part).around(f))
}

impl<'a> Frame<'a> {
    #[inline]
    pub(crate) fn new(here: Here<'a>, part: Part<'a>) -> Self {
        Self {
            outer: here.top,
            task: here.task,
            part,
        }
    }

    /// Runs `f` inside of it.
    #[inline]
    pub(crate) fn around<R>(&self, f: impl FnOnce() -> R) -> R {
        check_cache::invalidate();
        set_top(self, f)
    }
}

impl<'a> Here<'a> {
    /// The frames that this code is in, innermost first (invariant 3).
    #[inline]
    pub(crate) fn visible(self) -> impl Iterator<Item = &'a Part<'a>> {
        let mut next = self.top;
        std::iter::from_fn(move || {
            let frame = next.filter(|frame| frame.task == self.task)?;
            next = match frame.part {
                Part::Detached => None,
                _ => frame.outer,
            };
            Some(&frame.part)
        })
    }

    /// The fences around this code, innermost first, up to a shield.
    #[inline]
    pub(crate) fn enclosing(self) -> impl Iterator<Item = &'a Running<'a>> {
        self.visible()
            .take_while(|part| !matches!(part, Part::Shield))
            .filter_map(Part::fence)
    }

    /// The innermost fence, whether or not a shield stands between.
    pub(crate) fn innermost(self) -> Option<&'a FenceState> {
        self.fences().next()
    }

    /// The fences, innermost first, whether or not shields stand between.
    pub(crate) fn fences(self) -> impl Iterator<Item = &'a FenceState> {
        let fences = self.visible().filter_map(Part::fence);
        fences
            .map(|running| running.sources.state)
            .filter(|state| !state.is_blocking_scope())
    }

    /// The innermost bind.
    #[inline]
    pub(crate) fn bound(self) -> Option<&'a Binding> {
        self.visible().find_map(|part| match part {
            Part::Bound(binding) => Some(*binding),
            Part::Detached | Part::Shield | Part::Fence(_) => None,
        })
    }

    /// The fence that watches for all fences with this waker.
    #[inline]
    pub(crate) fn host(self, waker: WakerId) -> Option<&'a Running<'a>> {
        let top = self.top?;
        let innermost = match &top.part {
            // Most fences stand right inside another one.
            Part::Fence(around) if top.task == self.task => around,
            _ => self.enclosing().next()?,
        };
        (innermost.waker == waker).then(|| innermost.host.unwrap_or(innermost))
    }

    /// Whether there is nothing around.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.top.is_none()
    }

    /// Every fence that is being polled, whether or not this code may see it.
    pub(crate) fn all(self) -> impl Iterator<Item = &'a FenceState> {
        let frames = std::iter::successors(self.top, |frame| frame.outer);
        frames
            .filter_map(|frame| frame.part.fence())
            .map(|running| running.sources.state)
    }

    /// Whether nothing is out of sight.
    pub(crate) fn sees_all_frames(self) -> bool {
        std::iter::successors(self.top, |frame| frame.outer).all(|frame| {
            frame.task == self.task && !matches!(frame.part, Part::Detached | Part::Shield)
        })
    }
}

impl<'a> Part<'a> {
    #[inline]
    pub(super) fn fence(&'a self) -> Option<&'a Running<'a>> {
        match self {
            Self::Fence(running) => Some(running),
            _ => None,
        }
    }
}
