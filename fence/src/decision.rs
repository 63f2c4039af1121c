//! What a fence does when something has fired: ask its guards, tell the body, wait, pass it on.

use std::pin::Pin;
use std::task::Context;

use tokio::time::Instant;

use crate::asking;
use crate::context::{self, Around, Step, with};
use crate::engine::Engine;
use crate::hold;
use crate::live::Stage;
use crate::own::Own;
use crate::policy::Policy;
use crate::reason::{Firing, Reason};
use crate::timer::Timer;
use crate::times::{earliest, has_passed};

impl<S: Own> Engine<S> {
    /// Whether to cut, now that something has fired; otherwise all the rest stays armed.
    #[cold]
    pub(crate) fn decide(
        &mut self,
        around: &Around,
        mut timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        let next = if self.live.stage == Stage::Open && !self.accept() {
            self.live.deadline
        } else if self.is_waiting() {
            self.live.extra.as_ref().and_then(|extra| extra.cut_at)
        } else if self.is_held(cx) {
            None
        } else {
            self.link_up();
            return true;
        };
        self.keep_armed(next, around, timer.as_mut(), cx);
        false
    }

    /// Whether what fired may cancel the fence. If so, those inside are told (D23, D24).
    pub(crate) fn accept(&mut self) -> bool {
        if self.live.is_guarded() {
            self.ask_guards();
            if !self.live.has_accepted() {
                return false;
            }
        }
        self.live.stage = Stage::Fired;
        let now = Instant::now();
        if let Some(grace) = self.live.policy().and_then(|policy| policy.grace) {
            self.live.extra().cut_at = now.checked_add(grace);
            self.live.expire(now);
        }
        if let Some(shared) = &self.live.shared {
            shared.tell_fired(|| self.primary(now));
        }
        true
    }

    /// Asks from inside its own frame, where everything is in place for it.
    pub(crate) fn ask_guards(&mut self) {
        context::within(&mut self.live, &mut self.own, Step::default(), || {
            let top = with(|stack| stack.depth().saturating_sub(1));
            top.into_iter().for_each(asking::ask_guards);
        });
        self.settle_time();
    }

    /// Once the passed limits were declined, the next one counts.
    fn settle_time(&mut self) {
        if !self.live.timed_out {
            return;
        }
        let (now, start) = (Instant::now(), self.live.start);
        let (mut next, mut is_accepted) = (None, false);
        self.each_time(|time| {
            let Some(start) = start else { return };
            let declined = |reason: Reason| self.live.has_declined(&reason);
            match time.reason(start, now).map(declined) {
                None => next = earliest(next, time.deadline(start)),
                Some(is_declined) => is_accepted |= !is_declined,
            }
        });
        if !is_accepted {
            self.live.timed_out = false;
            self.live.deadline = next;
        }
    }

    /// Whether the body has time left, or all the time it wants (D23).
    fn is_waiting(&mut self) -> bool {
        if self.live.stage == Stage::Overdue {
            return false;
        }
        let is_cooperative = |policy: &Policy| policy.is_cooperative;
        let Some(policy) = self.live.policy() else {
            return false;
        };
        is_cooperative(policy) || policy.grace.is_some()
    }

    /// Whether a shield or a cleanup inside keeps the body (D21, D25).
    fn is_held(&mut self, cx: &Context<'_>) -> bool {
        self.live.holds = hold::left(self.live.id, self.live.holds, cx.waker());
        self.live.holds > 0
    }

    /// Passes the cancellation on to the fence around (D30).
    pub(crate) fn link_up(&self) {
        if !self.live.policy().is_some_and(|policy| policy.is_linked) {
            return;
        }
        if let Some(outer) = with(|stack| stack.linked_to()).flatten() {
            let mut reasons = self.reasons(Instant::now());
            reasons.sort_by_key(Reason::order);
            if let Some(primary) = reasons.first() {
                outer.fire(primary.linked());
            }
        }
    }

    /// What fired first, for those inside.
    pub(crate) fn primary(&self, now: Instant) -> Firing {
        let reasons = self.reasons(now);
        let first = reasons.iter().min_by_key(|reason| reason.order());
        first.map_or_else(Firing::of_drop, Reason::to_firing)
    }

    /// Keeps everything armed that has not fired: for reasons to come, and for the fences inside
    /// that rely on it.
    fn keep_armed(
        &mut self,
        next: Option<Instant>,
        around: &Around,
        timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) {
        self.register_anew(around, cx);
        self.poll_triggers(cx);
        if let Some(host) = around.host.filter(|_| !timer.is_armed()) {
            timer.asked(context::ask(host, next));
            return;
        }
        let Some(at) = earliest(around.wanted, next) else {
            timer.disarm();
            return;
        };
        if timer.arm_at(at, cx) {
            let now = self.note_time();
            debug_assert!(has_passed(Some(at), Some(now)), "a timer never fires early");
            cx.waker().wake_by_ref();
        }
    }
}
