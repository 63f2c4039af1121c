//! What a fence does when something has fired: ask its guards, tell the body, wait, pass it on.

use std::pin::Pin;
use std::task::Context;

use tokio::time::Instant;

use crate::asking;
use crate::context::{self, Around, Step, with};
use crate::engine::Engine;
use crate::fingerprint::Fingerprint;
use crate::hold;
use crate::live::Stage;
use crate::own::Own;
use crate::policy::Policy;
use crate::reason::{Firing, Reason};
use crate::stack::Stack;
use crate::timer::Timer;
use crate::times::earliest;

impl<S: Own> Engine<S> {
    /// Whether to cut, now that something has fired; otherwise all the rest stays armed.
    #[cold]
    pub(crate) fn decide(
        &mut self,
        around: &Around,
        mut timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> bool {
        if self.live.stage != Stage::Open {
            self.live.expire(Instant::now());
        }
        let next = if self.live.stage == Stage::Open && !self.accept() {
            self.live.deadline
        } else if self.is_waiting() {
            self.live.extra.as_ref().and_then(|extra| extra.cut_at)
        } else if self.is_held(cx) {
            None
        } else {
            self.link_up();
            if self.has_family() {
                self.tell_fired();
            }
            return true;
        };
        self.tell_fired();
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
        if let Some(grace) = self.live.policy().and_then(Policy::grace) {
            self.live.extra().cut_at = now.checked_add(grace);
            self.live.expire(now);
        }
        true
    }

    /// Asks from inside its own frame, where everything is in place for it.
    pub(crate) fn ask_guards(&mut self) {
        context::within(&mut self.live, &mut self.own, Step::default(), || {
            let top = with(|stack| stack.depth().saturating_sub(1));
            top.into_iter().for_each(asking::ask_guards);
        });
    }

    /// Whether the body has time left, or all the time it wants (D23).
    fn is_waiting(&self) -> bool {
        if self.live.stage == Stage::Overdue {
            return false;
        }
        self.live.policy().is_some_and(Policy::is_lenient)
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
        if let Some(outer) = with(Stack::linked_to).flatten() {
            if let Some(primary) = self.sorted_reasons(Instant::now()).first() {
                outer.fire(primary.linked());
            }
        }
    }

    fn has_family(&self) -> bool {
        let shared = self.live.shared.as_ref();
        shared.is_some_and(|shared| shared.fired().is_some())
    }

    /// Tells those inside, also those that came later, what it was at first.
    fn tell_fired(&mut self) {
        if self.live.stage == Stage::Open {
            return;
        }
        let told = self.live.extra.as_mut().and_then(|extra| extra.told.take());
        let told = told.unwrap_or_else(|| self.primary(Instant::now()));
        if let Some(shared) = &self.live.shared {
            shared.tell_fired(|| told.clone());
        }
        self.live.extra().told = Some(told);
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
        let moved = self.watch.is_moving(Fingerprint::of(cx.waker()));
        self.register_anew(around, cx);
        if self.live.has_triggers {
            self.poll_triggers(cx);
        }
        if let Some(host) = around.host.filter(|_| !timer.is_armed()) {
            timer.asked(context::ask(host, next));
            return;
        }
        // The fences inside asked for what it is armed for only once.
        let at = earliest(earliest(around.wanted, next), timer.armed_at());
        if at.is_some_and(|at| timer.arm(at, moved, cx)) {
            self.note_time();
            cx.waker().wake_by_ref();
        }
    }
}
