//! Asking user code around this place, with the stack let go meanwhile (D26).

use std::borrow::Cow;

use tokio::time::Instant;

use crate::cancelled::{Cancelled, Record};
use crate::context::{self, with};
use crate::live::Asked;
use crate::reason::Reason;
use crate::stack::{Running, Stack};
use crate::surroundings::{Answer, Question, Shown};
use crate::times::{earliest, has_passed};
use crate::view::{self, View};

/// Asks the triggers of other makes and the guards of the enclosing fences.
#[cold]
pub(crate) fn ask_users(question: Question) -> bool {
    if ask_triggers(question) {
        return true;
    }
    let undecided =
        |shown: Shown<'_>| shown.live.is_guarded() && shown.answer(question) == Answer::AskUsers;
    enclosing(undecided).into_iter().for_each(ask_guards);
    with(|stack| stack.ask(question, false)) == Some(Answer::Yes)
}

/// Asks the triggers one at a time.
fn ask_triggers(question: Question) -> bool {
    for nth in 0.. {
        let Some((frame, trigger)) = with(|stack| stack.trigger(nth, question)).flatten() else {
            break;
        };
        if trigger.fired().is_some() {
            with(|stack| stack.tell(frame));
            return true;
        }
    }
    false
}

/// Asks the guards of a fence about everything that they have not been asked about (D24).
pub(crate) fn ask_guards(frame: usize) {
    let snapshot = with(|stack| {
        let shown = stack.fence(frame)?;
        let handle = shown
            .live
            .shared
            .as_ref()
            .and_then(|shared| shared.reason());
        Some((shown.own_view(), handle, shown.live.fencing.clone()))
    });
    let Some((view, handle, fencing)) = snapshot.flatten() else {
        return;
    };
    let Some(policy) = fencing.policy() else {
        return;
    };
    for reason in view.seen().into_iter().chain(handle) {
        let is_new = with(|stack| stack.begin_asking(frame, &reason)) == Some(true);
        if is_new {
            let accepted = policy.consents(&reason);
            with(|stack| stack.decide(frame, &reason, accepted));
        }
    }
    with(|stack| stack.settle_time(frame, &view));
}

/// The enclosing fences that `wanted` picks, outermost first.
fn enclosing(wanted: impl Fn(Shown<'_>) -> bool) -> Vec<usize> {
    let frames = with(|stack| {
        let wanted = stack.enclosing().filter(|(_, shown)| wanted(*shown));
        wanted.map(|(frame, _)| frame).collect::<Vec<_>>()
    });
    let mut frames = frames.unwrap_or_default();
    frames.reverse();
    frames
}

/// Why the outermost of the enclosing fences that have fired did so; `None` if none has.
#[inline]
pub(crate) fn why() -> Option<Cancelled> {
    if context::has_fired() {
        why_of_all()
    } else {
        None
    }
}

#[cold]
fn why_of_all() -> Option<Cancelled> {
    enclosing(|shown| shown.live.is_guarded())
        .into_iter()
        .for_each(ask_guards);
    enclosing(|_| true).into_iter().find_map(why_of)
}

/// Why the outermost fence that is ending around this code does so. Nobody is asked: its guards
/// have been, or it is dropped from outside, which is none of their business.
pub(crate) fn why_ending() -> Option<Cancelled> {
    let is_cut = |shown: Shown<'_>| {
        shown.live.is_ending && (!shown.live.is_guarded() || shown.live.has_accepted())
    };
    enclosing(is_cut).into_iter().find_map(why_of)
}

fn why_of(frame: usize) -> Option<Cancelled> {
    let (view, shared, declined, name, start) = with(|stack| {
        let live = stack.fence(frame)?.live;
        let name = live.name.map(Cow::Borrowed);
        Some((
            stack.fence(frame)?.view(),
            live.shared.clone(),
            live.declined(),
            name.or_else(|| live.fencing.name().cloned()),
            live.start,
        ))
    })
    .flatten()?;
    let mut reasons = view.seen();
    let handle = shared.and_then(|shared| shared.reason());
    if let Some(reason) = handle {
        view::add(&mut reasons, reason);
    }
    reasons.retain(|reason| !declined.iter().any(|other| other.is_seen_as(reason)));
    if reasons.is_empty() {
        return None;
    }
    Some(Cancelled::new(Record {
        reasons,
        declined,
        name,
        elapsed: start.map_or_else(Default::default, |start| Instant::now() - start),
        ..Record::default()
    }))
}

impl Stack {
    /// Notes that a reason is being asked about; `false` if it was asked about before.
    fn begin_asking(&mut self, frame: usize, reason: &Reason) -> bool {
        let Some(running) = self.running(frame).filter(|f| !f.live.has_asked(reason)) else {
            return false;
        };
        running.live.extra().asked.push(Asked {
            reason: reason.clone(),
            accepted: None,
        });
        true
    }

    /// Notes what the guards said. A decline is final.
    fn decide(&mut self, frame: usize, reason: &Reason, accepted: bool) {
        let Some(running) = self.running(frame) else {
            return;
        };
        let asked = &mut running.live.extra().asked;
        if let Some(asked) = asked.iter_mut().find(|asked| asked.reason.is_same(reason)) {
            asked.accepted = Some(accepted);
        }
        if let Some(shared) = running.live.shared.as_ref().filter(|_| !accepted) {
            shared.decline(reason.clone());
        }
    }

    /// Once all limits that have passed were declined, the next one counts.
    fn settle_time(&mut self, frame: usize, view: &View) {
        let Some(Running { live, .. }) = self.running(frame) else {
            return;
        };
        let Some(start) = live.start.filter(|_| live.timed_out) else {
            return;
        };
        let now = Instant::now();
        let around = live.extra().around.bound_deadline();
        let mut next = around;
        for time in &view.times {
            match time.reason(start, now) {
                Some(reason) if live.has_declined(&reason) => {}
                Some(_) => return,
                None => next = earliest(next, time.deadline(start)),
            }
        }
        live.timed_out = has_passed(around, Some(now));
        live.deadline = next;
    }
}
