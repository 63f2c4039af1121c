//! What a fence does when something has fired: ask its guards, tell the body, wait, pass it on.

use std::task::Context;

use tokio::time::Instant;

use crate::engine::arming::Around;
use crate::engine::engine::Engine;
use crate::engine::frames::frame::with_frames;
use crate::engine::state::hold;
use crate::engine::state::phase::Cancelling;
use crate::fencing::Policy;
use crate::outcome::{Firing, Reason, ReasonKind};

impl Engine<'_> {
    /// Whether to cut, now that something has fired; otherwise all the rest stays armed.
    ///
    /// Guards come first: what they decline has not fired for anybody. Then the grace, from whose
    /// end the time of shields is counted; then the shields, which outlast it (D21). The link goes
    /// up only once nothing keeps the body any more, so that the fence around does not cut what
    /// this one still lets finish. Arming is the last step: what fires from here on wakes the task.
    #[cold]
    pub(crate) fn decide(&mut self, around: Around<'_>, cx: &mut Context<'_>) -> bool {
        if self.state.cancelling() != Cancelling::No {
            self.state.expire(Instant::now());
        }
        let next = if self.state.cancelling() == Cancelling::No && !self.accept() {
            self.state.wake_at()
        } else if self.is_waiting() {
            self.state.rare().and_then(|rare| rare.cut_at)
        } else if self.is_held(cx) {
            self.limit_shields();
            // A shield keeps the body, not what was spawned outside of it.
            self.tell_fired();
            self.tell_cut();
            None
        } else {
            self.link_up();
            if self.has_family() {
                self.tell_fired();
            }
            return true;
        };
        self.tell_fired();
        self.keep_armed(next, around, cx);
        false
    }

    /// Whether what fired may cancel the fence. If so, the body and what it spawned learn of it
    /// (D23, D24).
    pub(crate) fn accept(&mut self) -> bool {
        if self.state.is_guarded() {
            self.sources().ask_guards();
            if !self.state.has_accepted() {
                return false;
            }
        }
        self.state.set_cancelling(Cancelling::Fired);
        let now = Instant::now();
        let mut cut_at = None;
        if let Some(grace) = self.state.policy().and_then(Policy::grace) {
            cut_at = now.checked_add(grace);
            self.state.rare_mut_or_init().cut_at = cut_at;
            self.state.expire(now);
        }
        if let Some(shared) = self.state.shared_part() {
            shared.with_time_left(|time| time.notice(cut_at));
        }
        true
    }

    /// Whether the body has time left, or all the time it wants (D23).
    fn is_waiting(&self) -> bool {
        if self.state.cancelling() == Cancelling::GraceOver {
            return false;
        }
        self.state.policy().is_some_and(Policy::is_lenient)
    }

    /// Whether a shield or a cleanup inside keeps the body (D21, D25).
    fn is_held(&mut self, cx: &Context<'_>) -> bool {
        let Some(rare) = self.state.rare() else {
            return false;
        };
        let left = hold::remaining(rare.id.get(), rare.holds.get(), cx.waker());
        rare.holds.set(left);
        left > 0
    }

    /// Lets further shields start for a while only, so that neither overlapping ones nor a loop of
    /// them holds the fence for good (D21).
    fn limit_shields(&self) {
        let held_until = &self.state.rare_or_init().held_until;
        if held_until.get().is_none() {
            let limit = Policy::cleanup_limit(self.state.policy());
            held_until.set(Instant::now().checked_add(limit));
        }
    }

    /// Passes the cancellation on to the fence around, once (D30): in a set that is polled by one
    /// fence after the other, it would be the end of each. An error is none: it is returned.
    pub(crate) fn link_up(&self) {
        if !self.state.policy().is_some_and(|policy| policy.is_linked) {
            return;
        }
        if let Some(outer) = with_frames(|here| here.linked_to()) {
            let reasons = self.reasons(Instant::now());
            let primary = reasons.first();
            let is_error = |reason: &&Reason| reason.kind() == ReasonKind::Failed;
            let Some(primary) = primary.filter(|reason| !is_error(reason)) else {
                return;
            };
            if !self.state.rare_or_init().has_linked.replace(true) {
                outer.fire(primary.linked());
            }
        }
    }

    /// Passes on the cancellation of a scope of plain code, which is cancelled in no other way than
    /// that what is inside learns of it.
    pub(crate) fn link_up_if_told(&self) {
        if !self.state.rare().is_some_and(|rare| rare.has_told.get()) {
            return;
        }
        self.sources().ask_guards();
        if !self.state.is_guarded() || self.state.has_accepted() {
            self.link_up();
        }
    }

    fn has_family(&self) -> bool {
        let shared = self.state.shared_part();
        shared.is_some_and(|shared| shared.fired().is_some())
    }

    /// Tells what was spawned inside, at whatever time, what it was that fired first.
    fn tell_fired(&mut self) {
        if self.state.cancelling() == Cancelling::No {
            return;
        }
        let announced = self.state.rare_mut_or_init().announced.take();
        let announced = announced.unwrap_or_else(|| self.primary(Instant::now()));
        if let Some(shared) = self.state.shared_part() {
            if self.state.is_lenient() {
                shared.tell_grace(self.state.rare().and_then(|rare| rare.cut_at));
            }
            shared.tell_fired(|| announced.clone());
        }
        self.state.rare_mut_or_init().announced = Some(announced);
    }

    /// What fired first, for those inside.
    pub(crate) fn primary(&self, now: Instant) -> Firing {
        let dropped = || Firing::of_drop().with_code("dropped".into());
        self.reasons(now)
            .first()
            .map_or_else(dropped, Reason::to_firing)
    }
}
