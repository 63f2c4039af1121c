//! What comes into a fence through its handles, its links and its failed children: one firing per
//! code, and what its guards said to it (D24).

use std::borrow::Cow;

use crate::engine::state::signal::Signal;
use crate::outcome::{Firing, Reason, ReasonKind};
use crate::trigger::check_cache;
use crate::util::{Mutex, MutexGuard, Versions, unpoisoned};

/// The default code of a handle.
pub(crate) const CODE: &str = "handle";

#[derive(Default)]
pub(crate) struct Inbox {
    /// Raised while something is there that was not declined.
    pub(crate) signal: Signal,
    /// What counts: what came in, or what a guard accepted of it.
    counting: Versions<Vec<Reason>>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Whether the fence asks its guards first.
    is_guarded: bool,
    is_closed: bool,
    /// What does not count, whichever way it comes in (D23).
    excused: Vec<Reason>,
    arrived: Vec<Arrival>,
    /// All that guards declined, from wherever it came, in the order of asking.
    declined: Vec<Reason>,
}

struct Arrival {
    reason: Reason,
    verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Guards have to be asked.
    Undecided,
    Counts,
    Declined,
}

impl Inbox {
    /// Takes a firing in; `false` if the fence has ended, or the code is used up, or it comes
    /// through a handle and the fence was cancelled through one before.
    pub(crate) fn fire(&self, firing: Firing) -> bool {
        let reason = Reason::new(Cow::Borrowed(CODE), firing);
        let refused = check_cache::while_firing(|| {
            let mut kept = self.locked();
            let refused = kept.take_in(reason);
            self.publish(&kept);
            drop(kept);
            if refused.is_none() {
                self.signal.raise();
            }
            refused
        });
        if refused.is_none() {
            self.signal.wake();
        }
        refused.is_none()
    }

    /// Guards have to be asked about what comes in from now on.
    pub(crate) fn set_guarded(&self, is_guarded: bool) {
        self.locked().is_guarded = is_guarded;
    }

    /// These are no reasons, whichever way they come in (D23).
    pub(crate) fn excuse(&self, excused: &[Reason]) {
        let before = std::mem::replace(&mut self.locked().excused, excused.to_vec());
        drop(before);
    }

    /// What counts so far: known from the moment on in which `fire` was `true`, or a guard said yes.
    pub(crate) fn counting(&self) -> &[Reason] {
        self.counting.latest().map_or(&[], Vec::as_slice)
    }

    /// Lets everybody see what counts.
    fn publish(&self, kept: &Kept) {
        let counting = kept.all(|verdict| verdict == Verdict::Counts);
        if counting.len() > self.counting().len() {
            self.counting.publish(counting);
        }
    }

    /// What has come in and was not declined.
    pub(crate) fn reasons(&self) -> Vec<Reason> {
        self.locked().all(|verdict| verdict != Verdict::Declined)
    }

    /// What guards have to be asked about.
    pub(crate) fn undecided(&self) -> Vec<Reason> {
        self.locked().all(|verdict| verdict == Verdict::Undecided)
    }

    pub(crate) fn declined(&self) -> Vec<Reason> {
        self.locked().declined.clone()
    }

    /// The guards have declined something, from wherever it came.
    pub(crate) fn decline(&self, reason: Reason) {
        self.locked().declined.push(reason);
    }

    /// The guards have been asked about something, which may have come in here.
    pub(crate) fn decide(&self, reason: &Reason, accepted: bool) {
        let mut kept = self.locked();
        let mut arrived = kept.arrived.iter_mut();
        if let Some(arrival) = arrived.find(|arrival| arrival.reason.is_same(reason)) {
            arrival.verdict = if accepted {
                Verdict::Counts
            } else {
                Verdict::Declined
            };
        }
        self.publish(&kept);
    }

    /// Once all was declined the fence waits for what comes next.
    pub(crate) fn rest(&self) {
        let kept = self.locked();
        // Whatever comes in raises the signal after it is kept: so this takes nothing back.
        if kept.all_declined() {
            self.signal.lower();
        }
    }

    /// Nothing comes in any more. What counts, in the end.
    pub(crate) fn close(&self) -> Vec<Reason> {
        let mut kept = self.locked();
        kept.is_closed = true;
        kept.all(|verdict| verdict == Verdict::Counts)
    }

    fn locked(&self) -> MutexGuard<'_, Kept> {
        unpoisoned(self.kept.lock())
    }
}

impl Kept {
    /// Gives back what is refused: its cause is dropped outside of the lock.
    fn take_in(&mut self, reason: Reason) -> Option<Reason> {
        let is_of_handle =
            |reason: &Reason| matches!(reason.kind(), ReasonKind::Handle | ReasonKind::Dropped);
        // A handle cancels once, and a code is used once.
        let is_late = |known: &Arrival| {
            known.verdict == Verdict::Counts && is_of_handle(&known.reason) && is_of_handle(&reason)
        };
        let is_used = |known: &Arrival| known.reason.code() == reason.code();
        let mut arrived = self.arrived.iter();
        let is_excused = self.excused.iter().any(|other| other.is_seen_as(&reason));
        if self.is_closed || is_excused || arrived.any(|known| is_late(known) || is_used(known)) {
            return Some(reason);
        }
        // The error of a child is asked of no guard.
        let verdict = if self.is_guarded && reason.kind() != ReasonKind::Failed {
            Verdict::Undecided
        } else {
            Verdict::Counts
        };
        self.arrived.push(Arrival { reason, verdict });
        None
    }

    fn all(&self, wanted: impl Fn(Verdict) -> bool) -> Vec<Reason> {
        let wanted = self
            .arrived
            .iter()
            .filter(|arrival| wanted(arrival.verdict));
        wanted.map(|arrival| arrival.reason.clone()).collect()
    }

    fn all_declined(&self) -> bool {
        let mut arrived = self.arrived.iter();
        arrived.all(|arrival| arrival.verdict == Verdict::Declined)
    }
}
