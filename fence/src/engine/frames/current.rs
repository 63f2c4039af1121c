//! The task-local context: what is bound, and what the fences around this code are asked, and learn
//! from it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cleanup::{Batch, Job};
use crate::engine::frames::binding::Binding;
#[cfg(feature = "tower")]
use crate::engine::frames::binding::Owner;
use crate::engine::frames::frame::{Part, with_frames, within};
use crate::engine::state::hold::fence_ended;
use crate::engine::state::phase::Dropping;
use crate::engine::state::rare::RareState;
use crate::engine::state::state::FenceState;
use crate::fencing::Fencing;
use crate::outcome::Reason;
use crate::trigger::{Entry, Parent};

/// Runs `f` with a set bound.
pub(crate) fn within_bound<R>(binding: &Binding, detached: bool, f: impl FnOnce() -> R) -> R {
    let part = if detached {
        Part::Detached
    } else {
        Part::Bound(binding)
    };
    within(part, f)
}

/// Runs `f` where no enclosing fence is seen.
pub(crate) fn within_shield<R>(f: impl FnOnce() -> R) -> R {
    within(Part::Shield, f)
}

/// The bound set, empty without any.
pub(crate) fn current() -> Fencing {
    with_frames(|here| here.bound().map(Binding::take).unwrap_or_default())
}

/// The owner of the innermost set that has one.
#[cfg(feature = "tower")]
pub(crate) fn owner() -> Option<Arc<dyn Owner>> {
    with_frames(|here| {
        here.visible().find_map(|part| match part {
            Part::Bound(binding) => binding.owner().cloned(),
            Part::Detached | Part::Shield | Part::Fence(_) => None,
        })
    })
}

/// Whether an enclosing fence cuts, with a look at the clock, if one has a deadline. A fence whose
/// deadline is seen to have passed is told so.
pub(crate) fn is_interrupted_now() -> bool {
    with_frames(|here| here.is_interrupted_now())
}

/// Whether a fence that is held up lets no further shields start (D21).
pub(crate) fn refuses_shields() -> bool {
    with_frames(|here| here.refuses_shields())
}

/// The earliest deadline of the bound set and of all enclosing fences (D20).
pub(crate) fn deadline() -> Option<Instant> {
    with_frames(|here| here.deadline())
}

/// The time to [`deadline`].
pub(crate) fn remaining() -> Option<Duration> {
    deadline().map(|at| at.saturating_duration_since(Instant::now()))
}

/// Tells the fences around this code of progress, whether or not a shield stands between (D34).
pub(crate) fn progress() {
    with_frames(|here| {
        for part in here.visible() {
            if let Part::Fence(running) = part {
                running.sources.state.progress();
            }
        }
    });
}

/// Holds the innermost enclosing fence up, unless that is `known`, which is held up already: the
/// number of the fence, 0 if there is none.
pub(crate) fn hold(known: u64) -> u64 {
    with_frames(|here| {
        let Some(innermost) = here.enclosing().next() else {
            return 0;
        };
        let rare = innermost.sources.state.rare_or_init();
        let id = rare.number();
        rare.holds.set(rare.holds.get() + u32::from(id != known));
        id
    })
}

/// A fence that was held ends, as somebody else polls the holders by now: they hold the fence
/// around.
pub(crate) fn bequeath(fence: u64, holds: u32) {
    with_frames(|here| {
        let around = here.enclosing().next();
        let around = around.filter(|_| holds > 0);
        let heir = around.map(|around| around.sources.state.rare_or_init());
        let left = fence_ended(fence, holds, heir.map_or(0, RareState::number));
        if let Some(heir) = heir {
            heir.holds.set(heir.holds.get() + left);
        }
    });
}

/// Lets a fence go; `false` if it is not around this code.
pub(crate) fn let_go(fence: u64) -> bool {
    with_frames(|here| {
        let rares = here.all().filter_map(FenceState::rare);
        let held = rares.into_iter().find(|rare| rare.id.get() == fence);
        if let Some(rare) = held {
            rare.holds.set(rare.holds.get().saturating_sub(1));
        }
        held.is_some()
    })
}

/// Has the task around this code cut, for these reasons, once this poll of it returns.
pub(crate) fn stop_task(why: &[Reason]) {
    with_frames(|here| {
        if let Some(innermost) = here.innermost() {
            let rare = innermost.rare_or_init();
            rare.seen_around.borrow_mut().extend_from_slice(why);
        }
    });
}

/// Stops the task of a body that has panicked, and is polled no more: nothing in it holds that up.
pub(crate) fn stop_panicked_task(why: Reason) {
    with_frames(|here| {
        if let Some(rare) = here.innermost().and_then(FenceState::rare) {
            rare.holds.set(0);
        }
    });
    stop_task(&[why]);
}

/// Registers a cleanup with the innermost fence; `false` if there is none.
pub(crate) fn register(job: &Arc<Job>) -> bool {
    with_frames(|here| {
        let innermost = here.innermost();
        innermost.inspect(|state| state.rare_or_init().register(job.clone()));
        innermost.is_some()
    })
}

/// Whether so many fences are around the innermost one.
pub(crate) fn has_fences_around(levels: usize) -> bool {
    with_frames(|here| here.fences().nth(levels).is_some())
}

/// Leaves cleanups to the fence that is being cut around this code; gives them back if none is.
pub(crate) fn leave_to_ending(batches: Vec<Batch>) -> Option<Vec<Batch>> {
    with_frames(|here| {
        match here
            .innermost()
            .filter(|state| state.dropping() != Dropping::No)
        {
            Some(ending) => {
                ending.rare_or_init().batches.borrow_mut().extend(batches);
                None
            }
            None => Some(batches),
        }
    })
}

/// Whether a fence around this code is cutting it, rather than that it is dropped from outside.
pub(crate) fn is_being_cut() -> bool {
    with_frames(|here| here.all().any(|state| state.dropping() == Dropping::ByCut))
}

/// The enclosing fences as sources for what is spawned here, outermost first (D27). What the
/// destructors of a fence spawn belongs to the fences around that one (D14).
pub(crate) fn lineage() -> Fencing {
    with_frames(|here| here.lineage(|running| running.sources.state.dropping() == Dropping::No))
}

/// The enclosing fences, and those around the place where this task was spawned, ready to tell.
pub(crate) fn families() -> Vec<Arc<dyn Parent>> {
    let lineage = with_frames(|here| here.lineage(|_| true));
    let parents = lineage.entries().iter().filter_map(Entry::parent);
    parents.cloned().collect()
}
