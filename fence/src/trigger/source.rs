//! A trigger as a fence holds it: shared, and without its type.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::time::Instant;

use crate::outcome::{Firing, Reason};
use crate::trigger::idle::IdleClock;
use crate::trigger::latch::{Latch, Secluded};
use crate::trigger::trigger::Trigger;
use crate::util::contained;

/// What [`Trigger::source`] returns.
#[derive(Clone)]
pub struct Source(pub(crate) SourceKind);

#[derive(Clone)]
pub(crate) enum SourceKind {
    /// An event or a handle: looking costs one load, waiting one slot.
    Latch(Arc<Secluded>),
    /// A fence around the place where this one's task was spawned (D27).
    Lineage(Arc<dyn Parent>),
    /// An idle limit, of this fence or of plain code around it (D34).
    Idle(Arc<IdleClock>),
    /// Anything else, through its own methods.
    Custom(Arc<dyn Trigger>),
}

/// A fence around the place where a task was spawned, as the task sees it (D27).
pub(crate) trait Parent: Send + Sync {
    /// Fires it through a link; `false` if it has fired that way before, or has ended.
    fn fire(&self, firing: Firing) -> bool;
    /// Where to wait for its firing.
    fn fired(&self) -> Option<&Latch>;
    /// Where to wait for its cut.
    fn cut(&self) -> Option<&Latch>;
    /// Where to wait until it is over, or has cut.
    fn over(&self) -> Option<&Latch>;
    /// Whether links pass it by: a task or a thread is no fence of the user's own (D27).
    fn is_transparent(&self) -> bool;
    /// Whether it is seen to have fired, and nothing is between that and its cut: no guard, no
    /// grace. Its own task need not have been polled since. With a look at the clock, if `timed`.
    fn is_cutting(&self, timed: bool) -> bool;
    /// Whether it has cut its body or was dropped, or cuts what was spawned while a shield keeps
    /// its body, which may complete yet.
    fn has_cut(&self) -> bool;
    /// Why it has cut; empty if it did not.
    fn why(&self) -> &[Reason];
    /// What has fired, as far as anybody can see: its own task need not have been polled since.
    fn seen(&self) -> Vec<Reason>;
    /// Everything of it that has fired, whatever its guards say of it.
    fn all_fired(&self) -> Vec<Reason>;
    /// Whether anything is [`seen`](Self::seen), without asking user code.
    fn is_seen(&self) -> bool;
    /// The earliest deadline of it and of what encloses it.
    fn effective_deadline(&self) -> Option<Instant>;
    /// Progress was made inside.
    fn progress(&self);
    /// Whether it means anything to those inside: one that has completed lets go of them.
    fn is_alive(&self) -> bool;
}

/// A source under its code.
#[derive(Clone, Debug)]
pub struct Entry {
    pub(crate) code: Cow<'static, str>,
    pub(crate) source: Source,
}

impl Source {
    pub(crate) fn latch(latch: Arc<Secluded>) -> Self {
        Self(SourceKind::Latch(latch))
    }

    pub(crate) fn lineage(parent: Arc<dyn Parent>) -> Self {
        Self(SourceKind::Lineage(parent))
    }

    pub(crate) fn custom(trigger: Arc<dyn Trigger>) -> Self {
        Self(SourceKind::Custom(trigger))
    }

    /// What it fired with, if it has. May call user code.
    pub(crate) fn firing(&self) -> Option<Firing> {
        match &self.0 {
            SourceKind::Latch(latch) => latch.firing().cloned(),
            SourceKind::Idle(clock) => clock.firing().cloned(),
            // Has its own way to tell, of more than one.
            SourceKind::Lineage(_) => None,
            SourceKind::Custom(trigger) => asked(trigger).map(Firing::foreign),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (SourceKind::Latch(one), SourceKind::Latch(other)) => Arc::ptr_eq(one, other),
            (SourceKind::Idle(one), SourceKind::Idle(other)) => Arc::ptr_eq(one, other),
            (SourceKind::Custom(one), SourceKind::Custom(other)) => Arc::ptr_eq(one, other),
            (SourceKind::Lineage(one), SourceKind::Lineage(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// Asks a trigger from elsewhere than the poll of its fence. One that panics is taken for one that
/// has not fired: the fence itself will ask it again, and let the panic go on.
pub(crate) fn asked(trigger: &Arc<dyn Trigger>) -> Option<Firing> {
    contained(|| trigger.fired()).flatten()
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl Entry {
    /// Whether the two are one reason (D10): the same source under the same code.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.code == other.code && self.source.is_same(&other.source)
    }

    /// Whether a latch has fired. Calls no user code: custom triggers are not asked.
    #[inline]
    pub(crate) fn is_latched(&self) -> bool {
        match &self.source.0 {
            SourceKind::Latch(latch) => latch.is_fired(),
            SourceKind::Lineage(parent) => parent.has_cut(),
            SourceKind::Idle(clock) => clock.is_fired(),
            SourceKind::Custom(_) => false,
        }
    }

    /// Whether it has fired as far as anybody can see: a fence around a spawned task may have fired
    /// without having been polled since.
    pub(crate) fn is_seen(&self) -> bool {
        match &self.source.0 {
            SourceKind::Lineage(parent) => parent.is_seen(),
            SourceKind::Latch(_) | SourceKind::Idle(_) | SourceKind::Custom(_) => self.is_latched(),
        }
    }

    /// Whether it may still fire: a fence that has completed lets go.
    pub(crate) fn is_open(&self) -> bool {
        match &self.source.0 {
            SourceKind::Lineage(parent) => parent.is_alive(),
            SourceKind::Latch(_) | SourceKind::Idle(_) | SourceKind::Custom(_) => true,
        }
    }

    /// The latch to wait at. That of a fence around opens also when there is nothing to wait for
    /// any more.
    pub(crate) fn latch(&self) -> Option<&Latch> {
        match &self.source.0 {
            SourceKind::Latch(latch) => Some(latch),
            SourceKind::Lineage(parent) => parent.cut(),
            SourceKind::Idle(_) | SourceKind::Custom(_) => None,
        }
    }

    /// The deadline that comes with it.
    pub(crate) fn effective_deadline(&self) -> Option<Instant> {
        match &self.source.0 {
            SourceKind::Lineage(parent) => parent.effective_deadline(),
            SourceKind::Latch(_) | SourceKind::Idle(_) | SourceKind::Custom(_) => None,
        }
    }

    /// Visits the reason, if it has fired; all of them, if it is a fence. May call user code.
    pub(crate) fn each_reason(&self, visit: impl FnMut(Reason)) {
        match &self.source.0 {
            SourceKind::Lineage(parent) => parent.why().iter().cloned().for_each(visit),
            SourceKind::Latch(_) | SourceKind::Idle(_) | SourceKind::Custom(_) => {
                let reason = |firing| Reason::new(self.code.clone(), firing);
                self.source.firing().map(reason).into_iter().for_each(visit);
            }
        }
    }

    /// The fence around that it stands for, if it does.
    pub(crate) fn parent(&self) -> Option<&Arc<dyn Parent>> {
        match &self.source.0 {
            SourceKind::Lineage(parent) => Some(parent),
            SourceKind::Latch(_) | SourceKind::Idle(_) | SourceKind::Custom(_) => None,
        }
    }

    pub(crate) fn trigger(&self) -> Option<&Arc<dyn Trigger>> {
        match &self.source.0 {
            SourceKind::Custom(trigger) => Some(trigger),
            SourceKind::Latch(_) | SourceKind::Lineage(_) | SourceKind::Idle(_) => None,
        }
    }

    /// The clock, if it is an idle limit.
    pub(crate) fn idle(&self) -> Option<&Arc<IdleClock>> {
        match &self.source.0 {
            SourceKind::Idle(clock) => Some(clock),
            SourceKind::Latch(_) | SourceKind::Lineage(_) | SourceKind::Custom(_) => None,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.idle().is_some()
    }

    /// Looks at the clock, if it is an idle limit; true if that has passed.
    pub(crate) fn look_at_idle(&self) -> bool {
        self.idle().is_some_and(|clock| clock.look())
    }

    /// Progress was made inside of what it stands for.
    pub(crate) fn progress(&self) {
        match &self.source.0 {
            SourceKind::Idle(clock) => clock.progress(),
            SourceKind::Lineage(parent) => parent.progress(),
            SourceKind::Latch(_) | SourceKind::Custom(_) => {}
        }
    }
}
