//! A fence while its body is polled: what it learns from its host, and what is asked of it.

use std::borrow::Cow;
use std::cell::Cell;

use tokio::time::Instant;

use crate::engine::state::phase::FenceKind;
use crate::engine::state::registrations::{Inbound, Registrations, Terms};
use crate::engine::state::sources::Sources;
use crate::engine::state::timer::{Timer, next_number};
use crate::fencing::Fencing;
use crate::trigger::{Entry, Source, earliest};
use crate::util::WakerId;

/// A fence whose body is running.
pub(crate) struct Running<'a> {
    pub(crate) sources: Sources<'a>,
    pub(crate) waker: WakerId,
    /// The outermost fence with this waker, if that is another one.
    pub(crate) host: Option<&'a Running<'a>>,
    /// As a host: the clock when the timer went off, in this very poll.
    pub(crate) expired: Option<Instant>,
    pub(super) timer: &'a Timer,
    /// As a host: the earliest deadline before its timer that a fence inside asked for in this
    /// poll.
    pub(crate) wanted: Cell<Option<Instant>>,
}

/// Whether nothing has happened in a step that the fence does not watch, so that it may go on
/// waiting as it is; otherwise the earliest deadline that a fence inside asked for.
pub(crate) type Left = Result<(), Option<Instant>>;

impl Running<'_> {
    /// Learns from the host what time has passed.
    #[inline]
    pub(super) fn meet_host(&self) {
        match self.host {
            Some(host) => host
                .expired
                .into_iter()
                .for_each(|now| self.sources.state.expire(now)),
            None => self.sources.state.be_host(),
        }
    }

    /// The short way of a further poll: nothing has fired, and all is armed as it has to be.
    ///
    /// The flags are read after the body, with the waker registered since an earlier poll: a source
    /// that fires after its flag was read wakes the task, one that fired before is seen here. A
    /// fence inside may have asked for an earlier wake in this very step, so that is looked at too.
    #[inline]
    pub(super) fn left(&self, watch: &Registrations) -> Left {
        let state = self.sources.state;
        let (is_awaited, is_covered) = match self.host {
            None => (state.is_awaited(), false),
            Some(host) => (
                state.is_awaited_of(host.sources.state.epoch.get()),
                state.fencing.is_empty() || host.sources.state.fencing.is_same(&state.fencing),
            ),
        };
        let is_quiet = is_awaited
            && self.wanted.get().is_none()
            && state.has_only_latches()
            && watch.is_set(Terms {
                waker: self.waker,
                includes_fencing: !is_covered,
                inbox: Inbound::Never,
            })
            && !state.fencing.is_latched()
            && !self.sources.is_own_latched();
        if is_quiet {
            Ok(())
        } else {
            Err(self.wanted.get())
        }
    }

    /// As a host: will wake the task by `deadline` and whenever a source fires that it covers. The
    /// epoch that this holds for.
    pub(crate) fn ask(&self, deadline: Option<Instant>) -> u64 {
        let armed = self.timer.armed_at(self.sources.state.timing.get());
        let known = earliest(armed, self.wanted.get());
        if deadline.is_some_and(|at| known.is_none_or(|known| at < known)) {
            self.wanted.set(deadline);
        }
        let epoch = &self.sources.state.epoch;
        if epoch.get() == 0 {
            epoch.set(next_number());
        }
        epoch.get()
    }
}

impl Running<'_> {
    /// Adds the fence as a source for what is spawned inside, after what encloses it by other ways
    /// than being polled: so the whole lineage is in one list, and no fence has to be asked about
    /// those around it. What nobody polls, or is no fence of the user's own, passes its own sources
    /// on as well. A fence that has completed is not among them: so there are no chains, however
    /// often a task spawns the next.
    pub(crate) fn adopt(&self, lineage: &mut Fencing) {
        let state = self.sources.state;
        let (around, own) = self.sources.snapshot().split();
        around
            .into_iter()
            .filter(Entry::is_open)
            .for_each(|entry| lineage.add(entry));
        if state.kind() != FenceKind::Body {
            own.clone().add_to(lineage);
        }
        if state.kind() == FenceKind::Entered {
            // It is not there: what is spawned in it belongs to where the snapshot was taken.
            return;
        }
        let shared = state.shared().clone();
        shared.adopt(|| own);
        lineage.add(Entry {
            code: Cow::Borrowed(""),
            source: Source::lineage(shared),
        });
    }
}
