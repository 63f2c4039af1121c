//! What only some fences need: those with handles, guards, shields, cleanups, many sources.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use tokio::time::Instant;

use crate::cleanup::{Batch, Cleaning, Job};
use crate::engine::state::blocked::{Blocked, Over};
use crate::engine::state::hold::Hold;
use crate::engine::state::registrations::{Keys, Waits};
use crate::engine::state::shared::Shared;
use crate::engine::state::timer::next_number;
use crate::fencing::Fencing;
use crate::outcome::{Cleanup, Firing, Reason};
use crate::trigger::Entry;

/// Cells are what code inside the fence changes; the rest is the fence's own business.
#[derive(Default)]
pub(crate) struct RareState {
    /// Made once somebody has a handle, or is told of the cancellation.
    pub(crate) shared: OnceCell<Arc<Shared>>,
    /// For what holds the fence up; 0 until something does.
    pub(crate) id: Cell<u64>,
    /// How many shields, and fences inside with shields or cleanups, hold it up.
    pub(crate) holds: Cell<u32>,
    /// What fences around the place where this task was spawned were seen to have fired with,
    /// before they cut. Kept, as one of them may complete yet, and let go.
    pub(crate) seen_around: RefCell<Vec<Reason>>,
    /// As a scope of plain code: whether what is in it has learnt that it has fired.
    pub(crate) has_told: Cell<bool>,
    /// What had fired for fences in their grace when this one started: no reasons for it (D23).
    pub(crate) excused: Vec<Reason>,
    /// Whether it has passed its cancellation up, which is done once (D30).
    pub(crate) has_linked: Cell<bool>,
    /// What the guards have been asked about.
    asked: RefCell<Vec<Asked>>,
    /// The cleanups registered with this fence.
    pub(crate) jobs: RefCell<Vec<Arc<Job>>>,
    /// Those of fences inside that this one dropped, innermost first.
    pub(crate) batches: RefCell<Vec<Batch>>,
    /// Its hold on the fence around it.
    pub(crate) hold: Hold,
    /// Until when further shields may start, once it has fired and is held up (D21).
    pub(crate) held_until: Cell<Option<Instant>>,
    /// Who waits until it is over.
    pub(crate) over: Over,
    /// Its own place among those who wait for a fence around it.
    pub(crate) blocked: Blocked,
    /// The keys that do not fit into its watch.
    pub(crate) keys: Keys,
    /// What it waits for custom triggers with.
    pub(crate) waits: Waits,
    /// What those inside have been told.
    pub(crate) announced: Option<Firing>,
    /// When the grace ends.
    pub(crate) cut_at: Option<Instant>,
    /// When the body was cut, if cleanups came after that.
    pub(crate) cut_since: Option<Instant>,
    pub(crate) cleaning: Option<Cleaning>,
    /// What became of the cleanups.
    pub(crate) cleanup: Cleanup,
    /// The set it was given, if that is not the one it runs with: what names mean depends on where it
    /// is polled, and idle limits have clocks.
    pub(crate) given: Fencing,
    /// Whether idle limits are among its sources.
    pub(crate) has_idle: bool,
    /// The sources of the scopes of plain code around it, which its guards are not asked about.
    pub(crate) around: Fencing,
}

/// The rare state of a fence, if it has any.
#[derive(Default)]
pub(crate) struct LazyBox(OnceCell<Box<RareState>>);

impl LazyBox {
    #[inline]
    pub(crate) fn get(&self) -> Option<&RareState> {
        self.0.get().map(|rare| &**rare)
    }

    pub(crate) fn get_mut(&mut self) -> Option<&mut RareState> {
        self.0.get_mut().map(|rare| &mut **rare)
    }

    pub(crate) fn get_or_init(&self) -> &RareState {
        self.0.get_or_init(Box::default)
    }
}

/// A fence without one is dropped without a call.
impl Drop for LazyBox {
    #[inline]
    fn drop(&mut self) {
        if let Some(rare) = self.0.take() {
            discard(rare);
        }
    }
}

#[cold]
#[inline(never)]
fn discard(rare: Box<RareState>) {
    drop(rare);
}

/// A firing that guards have been asked about.
struct Asked {
    reason: Reason,
    /// `None` while they are being asked.
    accepted: Option<bool>,
}

impl RareState {
    #[cold]
    pub(crate) fn is_latched(&self) -> bool {
        let handle = self.shared.get();
        handle.is_some_and(|shared| shared.inbox.signal.is_raised()) || self.is_cut_around()
    }

    /// Whether something has fired that encloses the fence by other ways than being polled.
    pub(crate) fn is_cut_around(&self) -> bool {
        !self.seen_around.borrow().is_empty() || self.around.entries().iter().any(Entry::is_latched)
    }

    pub(crate) fn cleaned(&mut self, cleanup: Cleanup) {
        self.cleaning = None;
        self.cleanup = cleanup;
    }

    /// Its number, for those who hold it.
    pub(crate) fn number(&self) -> u64 {
        if self.id.get() == 0 {
            self.id.set(next_number());
        }
        self.id.get()
    }

    /// The cleanups that are to be handed to the fence around, in their order.
    pub(crate) fn take_jobs_that_go_up(&self) -> Vec<Arc<Job>> {
        let (up, rest) = self.jobs.take().into_iter().partition(|job| job.goes_up());
        self.jobs.replace(rest);
        up
    }

    /// Registers a cleanup. Those that were taken back make room.
    pub(crate) fn register(&self, job: Arc<Job>) {
        let mut jobs = self.jobs.borrow_mut();
        if jobs.len() == jobs.capacity() {
            jobs.retain(|job| job.is_armed());
        }
        jobs.push(job);
    }

    /// Notes that a reason is being asked about; `false` if it was asked about before.
    pub(crate) fn begin_asking(&self, reason: &Reason) -> bool {
        let mut asked = self.asked.borrow_mut();
        if asked.iter().any(|asked| asked.reason.is_seen_as(reason)) {
            return false;
        }
        asked.push(Asked {
            reason: reason.clone(),
            accepted: None,
        });
        true
    }

    /// Whether a reason does not count, whatever guards say.
    pub(crate) fn is_excused(&self, reason: &Reason) -> bool {
        self.excused.iter().any(|other| other.is_seen_as(reason))
    }

    /// Forgets what a first poll found that was none, and gives the set back that was given.
    pub(crate) fn unstart(&mut self) -> Fencing {
        self.around = Fencing::new();
        self.has_idle = false;
        self.excused = Vec::new();
        if let Some(shared) = self.shared.get() {
            shared.inbox.excuse(&[]);
        }
        self.asked = RefCell::default();
        std::mem::take(&mut self.given)
    }

    /// Notes what the guards said. A decline is final.
    pub(crate) fn decide(&self, reason: &Reason, accepted: bool) {
        let mut asked = self.asked.borrow_mut();
        if let Some(asked) = asked.iter_mut().find(|asked| asked.reason.is_same(reason)) {
            asked.accepted = Some(accepted);
        }
        let is_excused = self.is_excused(reason);
        if let Some(shared) = self.shared.get() {
            shared.inbox.decide(reason, accepted);
            if !accepted && !is_excused {
                shared.inbox.decline(reason.clone());
            }
        }
    }

    /// What the guards said to it, if they did: the same firing may come in by two ways.
    pub(crate) fn verdict(&self, reason: &Reason) -> Option<bool> {
        let asked = self.asked.borrow();
        let mut asked = asked.iter();
        asked
            .find(|asked| asked.reason.is_seen_as(reason))?
            .accepted
    }

    /// Whether something counts that came in, or that the guards were asked about.
    pub(crate) fn has_accepted(&self) -> bool {
        if self.shared.get().is_some_and(|shared| shared.has_fired()) {
            return true;
        }
        let asked = self.asked.borrow();
        asked.iter().any(|asked| asked.accepted == Some(true))
    }

    /// Whether it does not count: guards declined it, or it is excused.
    pub(crate) fn has_declined(&self, reason: &Reason) -> bool {
        if self.is_excused(reason) {
            return true;
        }
        let asked = self.asked.borrow();
        asked
            .iter()
            .any(|asked| asked.accepted == Some(false) && asked.reason.is_seen_as(reason))
    }

    pub(crate) fn declined(&self) -> Vec<Reason> {
        let asked = self.asked.borrow();
        let declined = asked.iter().filter(|asked| asked.accepted == Some(false));
        let declined = declined.filter(|asked| !self.is_excused(&asked.reason));
        declined.map(|asked| asked.reason.clone()).collect()
    }
}
