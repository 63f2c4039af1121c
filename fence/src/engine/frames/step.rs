//! One step of a body, inside the frame of its fence.

use std::cell::Cell;

use crate::engine::frames::frame::{Frame, Here, Part};
use crate::engine::frames::running::{Left, Running};
use crate::engine::state::registrations::Registrations;
use crate::engine::state::sources::Sources;
use crate::engine::state::timer::Timer;
use crate::util::WakerId;

/// How a body is polled.
#[derive(Clone, Copy, Default)]
pub(crate) struct Step<'a> {
    pub(crate) waker: WakerId,
    /// The outermost fence with this waker, if that is another one.
    pub(crate) host: Option<&'a Running<'a>>,
    /// Whether the fence's own timer just went off.
    pub(crate) went_off: bool,
}

impl<'a> Sources<'a> {
    /// Runs `f`, which says whether that was the end of it, inside a frame of the fence.
    #[inline]
    pub(crate) fn around(
        self,
        here: Here<'a>,
        watch: &Registrations,
        timer: &'a Timer,
        step: Step<'a>,
        f: impl FnOnce() -> bool,
    ) -> Option<Left> {
        let running = Running {
            sources: self,
            waker: step.waker,
            host: step.host,
            expired: step.went_off.then(|| self.state.note_time()),
            timer,
            wanted: Cell::new(None),
        };
        running.meet_host();
        let frame = Frame::new(here, Part::Fence(running));
        let has_ended = frame.around(f);
        match &frame.part {
            Part::Fence(running) if !has_ended => Some(running.left(watch)),
            _ => None,
        }
    }
}
