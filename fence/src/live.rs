//! What a running fence shows to the code inside it.

use std::sync::Arc;

use tokio::time::Instant;

use crate::cleanup::{Batch, Cleaning, Cleanup, Job};
use crate::fencing::Fencing;
use crate::policy::Policy;
use crate::reason::{Firing, Reason};
use crate::shared::Shared;
use crate::source::Entry;
use crate::times::has_passed;

/// It lives in the fence, and on the stack while the body is polled.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is true or not, whatever the others are"
)]
pub(crate) struct Live {
    pub(crate) fencing: Fencing,
    pub(crate) name: Option<&'static str>,
    pub(crate) shared: Option<Arc<Shared>>,
    /// What only some fences need.
    pub(crate) extra: Option<Box<Extra>>,
    pub(crate) start: Option<Instant>,
    pub(crate) deadline: Option<Instant>,
    /// As a host: a number for those who asked it since its timer last went off; 0 if nobody did.
    pub(crate) epoch: u64,
    /// For what holds it up; 0 until something does.
    pub(crate) id: u64,
    /// How many shields, and fences inside with shields or cleanups, hold it up.
    pub(crate) holds: u32,
    /// Whether a source of another make is among them.
    pub(crate) has_triggers: bool,
    /// The deadline was seen to have passed; stays so.
    pub(crate) timed_out: bool,
    /// Somebody inside saw a trigger of another make fire.
    pub(crate) told: bool,
    pub(crate) stage: Stage,
    /// The body is being dropped.
    pub(crate) is_ending: bool,
    pub(crate) kind: Kind,
}

/// What is inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A body.
    #[default]
    Body,
    /// All of a spawned task: not a fence of the user's own.
    Task,
    /// Plain code, which nothing can cut.
    Plain,
}

/// How far the cancelling has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing has fired, as far as the fence has looked.
    #[default]
    Open,
    /// Something has fired, and those inside have been told.
    Fired,
    /// The grace is over.
    Overdue,
}

#[derive(Default)]
pub(crate) struct Extra {
    /// What the guards have been asked about.
    pub(crate) asked: Vec<Asked>,
    /// What those inside are told.
    pub(crate) told: Option<Firing>,
    /// When the grace ends.
    pub(crate) cut_at: Option<Instant>,
    /// The cleanups registered with this fence.
    pub(crate) jobs: Vec<Arc<Job>>,
    /// Those of fences inside that this one dropped, innermost first.
    pub(crate) batches: Vec<Batch>,
    pub(crate) cleaning: Option<Cleaning>,
    /// What became of them.
    pub(crate) cleanup: Cleanup,
    /// The sources of the scopes of plain code around it, which its guards are not asked about.
    pub(crate) around: Fencing,
}

/// A firing that guards have been asked about.
pub(crate) struct Asked {
    pub(crate) reason: Reason,
    /// `None` while they are being asked.
    pub(crate) accepted: Option<bool>,
}

impl Extra {
    pub(crate) fn cleaned(&mut self, cleanup: Cleanup) {
        self.cleaning = None;
        self.cleanup = cleanup;
    }
}

impl Live {
    /// Fired as far as loads can tell.
    #[inline]
    pub(crate) fn is_latched(&self) -> bool {
        let around = |extra: &Extra| extra.around.entries().iter().any(Entry::is_latched);
        self.timed_out
            || self
                .shared
                .as_ref()
                .is_some_and(|shared| shared.latch.is_fired())
            || self.fencing.entries().iter().any(Entry::is_latched)
            || self.extra.as_deref().is_some_and(around)
    }

    /// The entries of the sets that it was made from.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let around = self.extra.as_ref().map(|extra| extra.around.entries());
        self.fencing
            .entries()
            .iter()
            .chain(around.unwrap_or_default())
    }

    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.kind == Kind::Plain
    }

    /// Whether its entries may stand for fences in other tasks.
    #[inline]
    pub(crate) fn is_enclosed(&self) -> bool {
        self.kind != Kind::Body || self.extra.is_some()
    }

    /// Whether the clock may tell it something.
    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        self.deadline.is_some() || self.stage == Stage::Fired
    }

    /// Whether a firing is a cut there and then, as far as policies go.
    #[inline]
    pub(crate) fn is_strict(&self) -> bool {
        self.stage == Stage::Open && !self.is_plain() && self.policy().is_none()
    }

    /// Whether it takes the firing of a latch to cut it, and nothing else.
    #[inline]
    pub(crate) fn is_watched_by_latches(&self) -> bool {
        self.is_strict() && self.deadline.is_none() && !self.has_triggers && !self.is_enclosed()
    }

    #[inline]
    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.fencing.policy()
    }

    pub(crate) fn is_guarded(&self) -> bool {
        self.policy().is_some_and(Policy::is_guarded)
    }

    /// Whether the body goes on after the fence has fired.
    pub(crate) fn is_lenient(&self) -> bool {
        self.is_plain() || self.policy().is_some_and(Policy::is_lenient)
    }

    /// Whether a firing is anything but a cut there and then.
    pub(crate) fn is_special(&self) -> bool {
        self.holds > 0
            || self.shared.is_some()
            || self.policy().is_some()
            || self.stage != Stage::Open
    }

    /// Whether the guards let something through, or what fired is none of their business.
    pub(crate) fn has_accepted(&self) -> bool {
        let Some(extra) = &self.extra else {
            return false;
        };
        extra.asked.iter().any(|asked| asked.accepted == Some(true))
            || extra.around.entries().iter().any(Entry::is_latched)
            || (self.timed_out && extra.around.has_passed())
    }

    pub(crate) fn has_asked(&self, reason: &Reason) -> bool {
        let asked = self.extra.iter().flat_map(|extra| &extra.asked);
        asked
            .into_iter()
            .any(|asked| asked.reason.is_seen_as(reason))
    }

    pub(crate) fn has_declined(&self, reason: &Reason) -> bool {
        let asked = self.extra.iter().flat_map(|extra| &extra.asked);
        asked
            .into_iter()
            .any(|asked| asked.accepted == Some(false) && asked.reason.is_seen_as(reason))
    }

    pub(crate) fn declined(&self) -> Vec<Reason> {
        let asked = self.extra.iter().flat_map(|extra| &extra.asked);
        asked
            .into_iter()
            .filter(|asked| asked.accepted == Some(false))
            .map(|asked| asked.reason.clone())
            .collect()
    }

    /// Takes note of the time.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.timed_out |= has_passed(self.deadline, Some(now));
        let cut_at = self.extra.as_ref().and_then(|extra| extra.cut_at);
        if self.stage == Stage::Fired && has_passed(cut_at, Some(now)) {
            self.stage = Stage::Overdue;
        }
    }

    pub(crate) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// The shared part of a fence that is running.
    pub(crate) fn shared(&mut self) -> &Arc<Shared> {
        let deadline = self.deadline;
        self.shared.get_or_insert_with(|| {
            let shared = Shared::new();
            shared.start(deadline);
            Arc::new(shared)
        })
    }
}
