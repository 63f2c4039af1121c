//! The straight way of the usual fence: what the general way does (`first_poll`, `arming`), for a
//! fence that has latches and a deadline that is ahead, among others like it, and nothing else.
//!
//! It asks once whether all is usual, and goes straight on. Whatever is not, or has fired, is left
//! to the general way, which does it all again: so nothing is done here that cannot be done twice.
//! Built with `--cfg fence_general` there is no straight way, and all must be as before.

use std::task::Context;

use tokio::time::Instant;

use crate::engine::arming::Around;
use crate::engine::engine::Engine;
use crate::engine::frames::binding::Binding;
use crate::engine::frames::frame::Here;
use crate::engine::frames::survey::UsualSurroundings;
use crate::engine::state::phase::{Inherit, Phase};
use crate::engine::state::timer::Timing;
use crate::trigger::has_passed;

const HAS_STRAIGHT_WAY: bool = !cfg!(fence_general);

impl Engine<'_> {
    /// Starts as `start` does; `false` if anything is unusual, or has fired.
    #[inline]
    pub(super) fn start_usually(&mut self, here: Here<'_>) -> bool {
        let phase = self.state.phase();
        if !HAS_STRAIGHT_WAY
            || !self.state.is_usual()
            || phase == Phase::Waiting(Inherit::BoundNames)
        {
            return false;
        }
        let Some(around) = here.usual_surroundings() else {
            return false;
        };
        if phase == Phase::Waiting(Inherit::Bound) {
            self.state.fencing = around.bound.map(Binding::take).unwrap_or_default();
        }
        if let Some(own) = &mut self.own {
            own.resolve(&mut self.state.fencing);
        }
        let is_usual = self.state.fencing.is_usual() && !self.has_own_triggers();
        if !is_usual || self.is_latched() || !self.start_clock_usually(here, around) {
            return false;
        }
        self.state.set_phase(Phase::Running);
        true
    }

    #[inline]
    fn has_own_triggers(&self) -> bool {
        self.has_entries && self.own.as_ref().is_some_and(|own| own.has_triggers())
    }

    /// `false` if a time has passed, its own or one around.
    #[inline]
    fn start_clock_usually(&mut self, here: Here<'_>, around: UsualSurroundings<'_>) -> bool {
        let mut earliest = self.state.fencing.earliest();
        if let Some(own) = &self.own {
            earliest = earliest.and(&own.earliest());
        }
        if !earliest.is_some() {
            return true;
        }
        let now = Instant::now();
        let deadline = earliest.deadline(now);
        if has_passed(deadline, Some(now)) || (around.is_timed && here.has_passed(now)) {
            return false;
        }
        self.state.start = Some(now);
        self.state.deadline.set(deadline);
        true
    }

    /// Arms a fence that has armed nothing yet; `None` if that is for the general way. True if
    /// something has fired.
    #[inline]
    pub(super) fn arm_usually(&mut self, around: Around<'_>, cx: &mut Context<'_>) -> Option<bool> {
        let is_fresh = !self.watch.is_used() && self.state.timing.get() == Timing::Idle;
        if !HAS_STRAIGHT_WAY || !self.state.is_usual() || !is_fresh {
            return None;
        }
        let terms = self.terms(around, cx);
        let is_nothing = !self.has_entries && !terms.includes_fencing;
        self.state.start.get_or_insert_with(Instant::now);
        self.watch.begin(terms);
        let has_fired = !is_nothing && self.register_usually(terms.includes_fencing, cx);
        self.watch.end(terms);
        if has_fired {
            return Some(true);
        }
        let deadline = self.state.deadline.get();
        if let Some(host) = around.host {
            self.state.asked(host.ask(deadline));
            return Some(false);
        }
        let at = crate::trigger::earliest(around.wanted, deadline);
        Some(at.is_some_and(|at| self.arm_timer(at, true, cx)))
    }

    /// With no more sources than there are places for, no key goes astray if a clone panics.
    #[inline]
    fn register_usually(&mut self, includes_fencing: bool, cx: &Context<'_>) -> bool {
        let entries = self.state.fencing.entries();
        if self.has_entries || !self.watch.has_room_for(entries) {
            return self.register(includes_fencing, cx);
        }
        let mut has_fired = false;
        for entry in entries {
            has_fired |= !self.watch.add_usual_entry(entry, cx);
        }
        has_fired
    }
}
