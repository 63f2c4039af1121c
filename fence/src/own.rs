//! The sources that a macro writes into the type of its fence: a list, with nothing allocated.
//!
//! `options().timeout(..).on(..)` has the type `Options<(((), Time), Slot)>`. While the body is
//! polled the sources are lent to the context stack, where fences inside look at them.

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::event::Event;
use crate::fencing::Fencing;
use crate::policy::Amend;
use crate::source::{Entry, Source};
use crate::times::Time;
use crate::trigger::Trigger;

/// A list of sources.
pub trait Own: Sealed {}

/// What a fence asks of its list.
pub trait Sealed {
    /// Moves the sources to the stack.
    fn lend(&mut self, stack: &mut Lent);
    /// Takes them back, last lent first.
    fn reclaim(&mut self, stack: &mut Lent);
    /// Finds what the names mean under the set (D18), and sets the policies in it.
    fn resolve(&mut self, fencing: &mut Fencing);
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

/// The stack of what was lent.
#[derive(Debug)]
pub struct Lent {
    pub(crate) entries: Vec<Entry>,
    pub(crate) times: Vec<Time>,
}

impl Lent {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            times: Vec::new(),
        }
    }
}

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
impl<L: Own> Own for (L, Option<Time>) {}
impl<L: Own> Own for (L, Amend) {}
impl<L: Own> Own for (L, Slot) {}

impl Sealed for () {
    fn lend(&mut self, _: &mut Lent) {}

    fn reclaim(&mut self, _: &mut Lent) {}

    fn resolve(&mut self, _: &mut Fencing) {}

    fn names(&self, _: &str) -> bool {
        false
    }

    fn any_entry(&self, _: &mut impl FnMut(&Entry) -> bool) -> bool {
        false
    }

    fn each_time(&self, _: &mut impl FnMut(&Time)) {}
}

impl<L: Own> Sealed for (L, Option<Time>) {
    fn lend(&mut self, stack: &mut Lent) {
        self.0.lend(stack);
        stack.times.extend(self.1.take());
    }

    fn reclaim(&mut self, stack: &mut Lent) {
        self.1 = stack.times.pop();
        self.0.reclaim(stack);
    }

    fn resolve(&mut self, fencing: &mut Fencing) {
        self.0.resolve(fencing);
    }

    fn names(&self, code: &str) -> bool {
        self.0.names(code)
    }

    fn any_entry(&self, visit: &mut impl FnMut(&Entry) -> bool) -> bool {
        self.0.any_entry(visit)
    }

    fn each_time(&self, visit: &mut impl FnMut(&Time)) {
        self.0.each_time(visit);
        self.1.iter().for_each(visit);
    }
}

impl<L: Own> Sealed for (L, Amend) {
    fn lend(&mut self, stack: &mut Lent) {
        self.0.lend(stack);
    }

    fn reclaim(&mut self, stack: &mut Lent) {
        self.0.reclaim(stack);
    }

    fn resolve(&mut self, fencing: &mut Fencing) {
        self.0.resolve(fencing);
        fencing.amend(self.1.clone());
    }

    fn names(&self, code: &str) -> bool {
        self.0.names(code)
    }

    fn any_entry(&self, visit: &mut impl FnMut(&Entry) -> bool) -> bool {
        self.0.any_entry(visit)
    }

    fn each_time(&self, visit: &mut impl FnMut(&Time)) {
        self.0.each_time(visit);
    }
}

impl<L: Own> Sealed for (L, Slot) {
    fn lend(&mut self, stack: &mut Lent) {
        self.0.lend(stack);
        if matches!(self.1.0, Place::Here(_)) {
            if let Place::Here(entry) = std::mem::replace(&mut self.1.0, Place::OnStack) {
                stack.entries.push(entry);
            }
        }
    }

    fn reclaim(&mut self, stack: &mut Lent) {
        if matches!(self.1.0, Place::OnStack) {
            self.1.0 = stack.entries.pop().map_or(Place::Covered, Place::Here);
        }
        self.0.reclaim(stack);
    }

    fn resolve(&mut self, fencing: &mut Fencing) {
        self.0.resolve(fencing);
        let Place::Named(named) = self.1.0 else {
            return;
        };
        self.1.0 = if fencing.has(named.name) {
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
