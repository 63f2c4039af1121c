//! The reasons of one cancellation.

use std::ops::Deref;

use crate::outcome::reason::Reason;
use crate::util::SmallList;

/// Each reason once (D10), in firing order (D9).
#[derive(Clone, Default)]
pub(crate) struct Reasons(SmallList<Reason>);

impl Reasons {
    #[inline]
    pub(crate) fn add(&mut self, reason: Reason) {
        match self.0 {
            SmallList::None => self.0.push(reason),
            SmallList::One(_) | SmallList::Many(_) => self.add_another(reason),
        }
    }

    #[cold]
    fn add_another(&mut self, reason: Reason) {
        if !self.iter().any(|known| known.is_same(&reason)) {
            self.0.push(reason);
            self.0.sort_by_key(Reason::order);
        }
    }

    /// Those of a list that has each of them once.
    pub(crate) fn sorted(mut many: Vec<Reason>) -> Self {
        many.sort_by_key(Reason::order);
        Self(many.into())
    }

    pub(crate) fn into_vec(self) -> Vec<Reason> {
        self.0.into_vec()
    }
}

impl Deref for Reasons {
    type Target = [Reason];

    #[inline]
    fn deref(&self) -> &[Reason] {
        &self.0
    }
}
