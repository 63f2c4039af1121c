//! What a fence does when something has fired: ask its guards, tell the body, wait, pass it on.

use std::task::Context;

use tokio::time::Instant;

use crate::engine::arming::Around;
use crate::engine::engine::Engine;
use crate::engine::frames::frame::here;
use crate::engine::state::hold;
use crate::engine::state::phase::Stage;
use crate::fencing::policy::Policy;
use crate::outcome::firing::Firing;
use crate::outcome::kind::ReasonKind;
use crate::outcome::reason::Reason;

impl Engine<'_> {
    /// Whether to cut, now that something has fired; otherwise all the rest stays armed.
    #[cold]
    pub(crate) fn decide(&mut self, around: Around<'_>, cx: &mut Context<'_>) -> bool {
        if self.live.stage.get() != Stage::Open {
            self.live.expire(Instant::now());
        }
        let next = if self.live.stage.get() == Stage::Open && !self.accept() {
            self.live.deadline.get()
        } else if self.is_waiting() {
            self.live.some_extra().and_then(|extra| extra.cut_at)
        } else if self.is_held(cx) {
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

    /// Whether what fired may cancel the fence. If so, those inside are told (D23, D24).
    pub(crate) fn accept(&mut self) -> bool {
        if self.live.is_guarded() {
            self.watched().ask_guards();
            if !self.live.has_accepted() {
                return false;
            }
        }
        self.live.stage.set(Stage::Fired);
        let now = Instant::now();
        if let Some(grace) = self.live.policy().and_then(Policy::grace) {
            self.live.extra_mut().cut_at = now.checked_add(grace);
            self.live.expire(now);
        }
        true
    }

    /// Whether the body has time left, or all the time it wants (D23).
    fn is_waiting(&self) -> bool {
        if self.live.stage.get() == Stage::Overdue {
            return false;
        }
        self.live.policy().is_some_and(Policy::is_lenient)
    }

    /// Whether a shield or a cleanup inside keeps the body (D21, D25).
    fn is_held(&mut self, cx: &Context<'_>) -> bool {
        let Some(extra) = self.live.some_extra() else {
            return false;
        };
        let left = hold::left(extra.id.get(), extra.holds.get(), cx.waker());
        extra.holds.set(left);
        left > 0
    }

    /// Passes the cancellation on to the fence around (D30). An error is none: it is returned.
    pub(crate) fn link_up(&self) {
        if !self.live.policy().is_some_and(|policy| policy.is_linked) {
            return;
        }
        if let Some(outer) = here(|here| here.linked_to()) {
            let reasons = self.reasons(Instant::now());
            let primary = reasons.first();
            if let Some(primary) = primary.filter(|reason| reason.kind() != ReasonKind::Failed) {
                outer.fire(primary.linked());
            }
        }
    }

    fn has_family(&self) -> bool {
        let shared = self.live.shared_part();
        shared.is_some_and(|shared| shared.fired().is_some())
    }

    /// Tells those inside, also those that came later, what it was at first.
    fn tell_fired(&mut self) {
        if self.live.stage.get() == Stage::Open {
            return;
        }
        let told = self.live.extra_mut().told.take();
        let told = told.unwrap_or_else(|| self.primary(Instant::now()));
        if let Some(shared) = self.live.shared_part() {
            shared.tell_fired(|| told.clone());
        }
        self.live.extra_mut().told = Some(told);
    }

    /// What fired first, for those inside.
    pub(crate) fn primary(&self, now: Instant) -> Firing {
        let dropped = || Firing::of_drop().with_code("dropped".into());
        self.reasons(now)
            .first()
            .map_or_else(dropped, Reason::to_firing)
    }
}
