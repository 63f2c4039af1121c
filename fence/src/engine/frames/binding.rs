//! A set that is bound, with a clone of it that the fences inside use in turn: to clone and drop a
//! shared set is two locked instructions, and most fences come one after the other.

use std::cell::Cell;

use crate::fencing::Fencing;

#[derive(Default)]
pub(crate) struct Binding {
    set: Fencing,
    spare: Cell<Fencing>,
}

impl Binding {
    pub(crate) fn new(set: Fencing) -> Self {
        Self {
            set,
            spare: Cell::default(),
        }
    }

    /// Starts its budgets (D19), and looks up its names in what is bound `around` (D18a).
    pub(crate) fn start(&mut self, around: impl FnOnce() -> Fencing) {
        let set = std::mem::take(&mut self.set);
        self.set = set.resolved(around).started();
    }

    /// Adds its offers to another set, and takes that one's place.
    pub(crate) fn extend(&mut self, around: Fencing) {
        self.set = around.offering(&self.set);
    }

    pub(crate) fn set(&self) -> &Fencing {
        &self.set
    }

    /// A clone of the set.
    #[inline]
    pub(crate) fn take(&self) -> Fencing {
        let spare = self.spare.take();
        if spare.is_same(&self.set) {
            spare
        } else {
            self.set.clone()
        }
    }

    /// A fence has done with a set, which may be that one.
    #[inline]
    pub(crate) fn give_back(&self, set: &mut Fencing) {
        if set.is_same(&self.set) {
            self.spare.set(std::mem::take(set));
        }
    }
}
