//! The sources that a macro writes into the type of its fence: a list, with nothing allocated.
//!
//! `options_at(&SITE).timeout(..).on(..)` has the type `Options<((At, Time), Slot)>`.

use crate::fencing::Fencing;
use crate::trigger::{Earliest, Entry, Time};

/// What a fence asks of its list of sources, and the list of its items.
pub trait InlineSources {
    /// Whether there is nothing to ask for.
    fn is_empty(&self) -> bool {
        false
    }
    /// Whether there are triggers other than times.
    fn has_entries(&self) -> bool {
        false
    }
    /// Finds what the names mean under the set (D18), and sets the policies in it.
    fn resolve(&mut self, _fencing: &mut Fencing) {}
    /// Whether one of the names is this code.
    fn names(&self, _code: &str) -> bool {
        false
    }
    /// Visits the entries until one says yes.
    fn any_entry(&self, _visit: &mut dyn FnMut(&Entry) -> bool) -> bool {
        false
    }
    /// Whether a latch among them has fired.
    fn is_latched(&self) -> bool {
        false
    }
    /// Visits the time triggers.
    fn each_time(&self, _visit: &mut dyn FnMut(&Time)) {}
    /// The earliest of them.
    fn earliest(&self) -> Earliest {
        let mut earliest = Earliest::default();
        self.each_time(&mut |time| earliest.add(time));
        earliest
    }
    /// Whether a custom trigger is among the entries.
    fn has_triggers(&self) -> bool {
        self.any_entry(&mut |entry| entry.trigger().is_some())
    }
    /// The name that the program text gave the fence.
    fn name(&self) -> Option<&'static str> {
        None
    }
}

impl InlineSources for () {
    #[inline]
    fn is_empty(&self) -> bool {
        true
    }

    #[inline]
    fn earliest(&self) -> Earliest {
        Earliest::default()
    }

    #[inline]
    fn has_triggers(&self) -> bool {
        false
    }
}

impl<L: InlineSources, I: InlineSources> InlineSources for (L, I) {
    #[inline]
    fn has_entries(&self) -> bool {
        self.0.has_entries() || self.1.has_entries()
    }

    fn resolve(&mut self, fencing: &mut Fencing) {
        self.0.resolve(fencing);
        self.1.resolve(fencing);
    }

    fn names(&self, code: &str) -> bool {
        self.0.names(code) || self.1.names(code)
    }

    fn any_entry(&self, visit: &mut dyn FnMut(&Entry) -> bool) -> bool {
        self.0.any_entry(visit) || self.1.any_entry(visit)
    }

    #[inline]
    fn is_latched(&self) -> bool {
        self.0.is_latched() || self.1.is_latched()
    }

    fn each_time(&self, visit: &mut dyn FnMut(&Time)) {
        self.0.each_time(visit);
        self.1.each_time(visit);
    }

    fn earliest(&self) -> Earliest {
        self.0.earliest().and(&self.1.earliest())
    }

    fn has_triggers(&self) -> bool {
        self.0.has_triggers() || self.1.has_triggers()
    }

    fn name(&self) -> Option<&'static str> {
        self.0.name().or_else(|| self.1.name())
    }
}
