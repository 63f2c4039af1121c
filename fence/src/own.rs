//! The sources that a macro writes into the type of its fence: a list, with nothing allocated.
//!
//! `options().timeout(..).on(..)` has the type `Options<(((), Time), Slot)>`. While the body is
//! polled the sources are lent to the context stack, where fences inside look at them.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::event::Event;
use crate::fencing::Fencing;
use crate::source::{Entry, Source};
use crate::times::Time;
use crate::trigger::Trigger;

/// A list of sources.
pub trait Own: Sealed {}

/// What a fence asks of its list.
pub trait Sealed {
    /// Moves the entries to the stack.
    fn lend(&mut self, stack: &mut Lent);
    /// Takes them back, last lent first.
    fn reclaim(&mut self, stack: &mut Lent);
    /// Finds what the names mean under the bound set (D18).
    fn resolve(&mut self, bound: &Fencing);
    /// Whether one of the names is this code.
    fn names(&self, code: &str) -> bool;
    /// Visits the entries until one says yes.
    fn any_entry(&self, visit: &mut impl FnMut(&Entry) -> bool) -> bool
    where
        Self: Sized;
    /// Visits the time triggers.
    fn each_time(&self, visit: &mut impl FnMut(&Time))
    where
        Self: Sized;
}

/// The stack of lent entries.
#[derive(Debug, Default)]
pub struct Lent(pub(crate) Vec<Entry>);

/// One entry, and where it is.
#[derive(Debug)]
pub struct Slot(Place);

#[derive(Debug)]
enum Place {
    /// A name that has not been looked up yet.
    Named(&'static Named),
    Here(Entry),
    OnStack,
    /// A name that the bound set covers.
    Covered,
}

/// A name in the text of a program, looked up once per place.
#[derive(Debug)]
pub struct Named {
    name: &'static str,
    event: OnceLock<&'static Event>,
}

impl Named {
    /// The name, not yet looked up.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            event: OnceLock::new(),
        }
    }

    fn event(&self) -> &'static Event {
        self.event.get_or_init(|| Event::named(self.name))
    }
}

impl Slot {
    pub(crate) fn named(named: &'static Named) -> Self {
        Self(Place::Named(named))
    }

    pub(crate) fn of<T: Trigger + ?Sized>(code: &'static str, trigger: &T) -> Self {
        Self(Place::Here(Entry {
            code: Cow::Borrowed(code),
            source: trigger.source(),
        }))
    }
}

impl Own for () {}
impl<L: Own> Own for (L, Time) {}
impl<L: Own> Own for (L, Slot) {}

impl Sealed for () {
    fn lend(&mut self, _: &mut Lent) {}

    fn reclaim(&mut self, _: &mut Lent) {}

    fn resolve(&mut self, _: &Fencing) {}

    fn names(&self, _: &str) -> bool {
        false
    }

    fn any_entry(&self, _: &mut impl FnMut(&Entry) -> bool) -> bool {
        false
    }

    fn each_time(&self, _: &mut impl FnMut(&Time)) {}
}

impl<L: Own> Sealed for (L, Time) {
    fn lend(&mut self, stack: &mut Lent) {
        self.0.lend(stack);
    }

    fn reclaim(&mut self, stack: &mut Lent) {
        self.0.reclaim(stack);
    }

    fn resolve(&mut self, bound: &Fencing) {
        self.0.resolve(bound);
    }

    fn names(&self, code: &str) -> bool {
        self.0.names(code)
    }

    fn any_entry(&self, visit: &mut impl FnMut(&Entry) -> bool) -> bool {
        self.0.any_entry(visit)
    }

    fn each_time(&self, visit: &mut impl FnMut(&Time)) {
        self.0.each_time(visit);
        visit(&self.1);
    }
}

impl<L: Own> Sealed for (L, Slot) {
    fn lend(&mut self, stack: &mut Lent) {
        self.0.lend(stack);
        if matches!(self.1.0, Place::Here(_)) {
            if let Place::Here(entry) = std::mem::replace(&mut self.1.0, Place::OnStack) {
                stack.0.push(entry);
            }
        }
    }

    fn reclaim(&mut self, stack: &mut Lent) {
        if matches!(self.1.0, Place::OnStack) {
            self.1.0 = stack.0.pop().map_or(Place::Covered, Place::Here);
        }
        self.0.reclaim(stack);
    }

    fn resolve(&mut self, bound: &Fencing) {
        self.0.resolve(bound);
        let Place::Named(named) = self.1.0 else {
            return;
        };
        self.1.0 = if bound.has(named.name) {
            Place::Covered
        } else {
            let source = Source::latch(named.event().latch().clone());
            Place::Here(Entry {
                code: Cow::Borrowed(named.name),
                source,
            })
        };
    }

    fn names(&self, code: &str) -> bool {
        matches!(self.1.0, Place::Named(named) if named.name == code) || self.0.names(code)
    }

    fn any_entry(&self, visit: &mut impl FnMut(&Entry) -> bool) -> bool {
        self.0.any_entry(visit) || matches!(&self.1.0, Place::Here(entry) if visit(entry))
    }

    fn each_time(&self, visit: &mut impl FnMut(&Time)) {
        self.0.each_time(visit);
    }
}
