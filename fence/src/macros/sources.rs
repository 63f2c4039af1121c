//! The sources that a macro writes into the type of its fence, one by one.

use std::borrow::Cow;

use crate::engine::InlineSources;
use crate::fencing::{Amend, Fencing};
use crate::trigger::{Entry, Time, Trigger};

/// One trigger.
#[derive(Debug)]
pub struct Slot(Entry);

impl Slot {
    pub(crate) fn of<T: Trigger + ?Sized>(code: &'static str, trigger: &T) -> Self {
        Self(Entry {
            code: Cow::Borrowed(code),
            source: trigger.source(),
        })
    }

    pub(crate) fn rename(&mut self, code: &'static str) {
        self.0.code = Cow::Borrowed(code);
    }
}

impl InlineSources for Slot {
    #[inline]
    fn has_entries(&self) -> bool {
        true
    }

    fn any_entry(&self, visit: &mut dyn FnMut(&Entry) -> bool) -> bool {
        visit(&self.0)
    }

    #[inline]
    fn is_latched(&self) -> bool {
        self.0.is_latched()
    }
}

impl InlineSources for Time {
    fn each_time(&self, visit: &mut dyn FnMut(&Time)) {
        visit(self);
    }
}

impl InlineSources for Amend {
    fn resolve(&mut self, fencing: &mut Fencing) {
        fencing.amend(self.clone());
    }
}

/// A name that is not known at compile time.
impl InlineSources for &'static str {
    fn resolve(&mut self, fencing: &mut Fencing) {
        fencing.rename(Cow::Borrowed(self));
    }
}
