//! A set that is bound, with a clone of it that the fences inside use in turn: to clone and drop a
//! shared set is two locked instructions, and most fences come one after the other.

use std::cell::{Cell, OnceCell};
#[cfg(feature = "tower")]
use std::{any::Any, sync::Arc};

use crate::fencing::Fencing;

#[derive(Default)]
pub(crate) struct Binding {
    /// Not there before somebody asks, if there is an owner who makes it.
    set: OnceCell<Fencing>,
    spare: Cell<Fencing>,
    #[cfg(feature = "tower")]
    owner: Option<Arc<dyn Owner>>,
}

/// Who makes the set that is bound, when somebody first asks: most requests are answered before
/// anybody does.
#[cfg(feature = "tower")]
pub(crate) trait Owner: Send + Sync {
    fn make(&self) -> Fencing;

    fn as_any(&self) -> &dyn Any;

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl Binding {
    pub(crate) fn new(set: Fencing) -> Self {
        Self {
            set: OnceCell::from(set),
            ..Self::default()
        }
    }

    #[cfg(feature = "tower")]
    pub(crate) fn owned(owner: Arc<dyn Owner>) -> Self {
        Self {
            owner: Some(owner),
            ..Self::default()
        }
    }

    #[cfg(feature = "tower")]
    pub(crate) fn owner(&self) -> Option<&Arc<dyn Owner>> {
        self.owner.as_ref()
    }

    /// A binding for the same owner, whose set is to be made anew.
    #[cfg(feature = "tower")]
    pub(crate) fn renewed(self) -> Self {
        Self {
            owner: self.owner,
            ..Self::default()
        }
    }

    /// Starts its budgets (D19), and looks up its names in what is bound `around` (D18a).
    #[inline]
    pub(crate) fn start(&mut self, around: impl FnOnce() -> Fencing) {
        let starts = |set: &Fencing| set.has_names() || set.has_budgets();
        if self.set.get().is_some_and(starts) {
            let set = self.set.take().unwrap_or_default();
            self.set = OnceCell::from(set.resolved(around).started());
        }
    }

    /// Adds its offers to another set, and takes that one's place.
    pub(crate) fn extend(&mut self, around: Fencing) {
        self.set = OnceCell::from(around.offering(self.set()));
    }

    #[inline]
    pub(crate) fn set(&self) -> &Fencing {
        match self.set.get() {
            Some(set) => set,
            None => self.make(),
        }
    }

    #[cold]
    fn make(&self) -> &Fencing {
        #[cfg(feature = "tower")]
        if let Some(owner) = &self.owner {
            return self.set.get_or_init(|| owner.make());
        }
        self.set.get_or_init(Fencing::new)
    }

    /// A clone of the set.
    #[inline]
    pub(crate) fn take(&self) -> Fencing {
        let (spare, set) = (self.spare.take(), self.set());
        if spare.is_same(set) {
            spare
        } else {
            set.clone()
        }
    }

    /// A fence has done with a set, which may be that one.
    #[inline]
    pub(crate) fn give_back(&self, set: &mut Fencing) {
        if self.set.get().is_some_and(|known| set.is_same(known)) {
            self.spare.set(std::mem::take(set));
        }
    }
}
