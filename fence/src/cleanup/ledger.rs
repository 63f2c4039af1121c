//! Who is still at work: what a `drain` waits for, and names if it waits in vain.
//!
//! 1. An entry is there from `enter` until its `Entered` is dropped.
//! 2. Entries are dropped, and asked for their state, after the lock is given back: a handle may
//!    own what is the user's.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::cleanup::left::{Left, LeftKind, LeftState};
use crate::fencing::Fencing;

/// Whether something has been told to end.
pub(crate) trait Told: Send + Sync {
    fn is_told(&self) -> bool;
}

/// One that is at work.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Name,
    pub(crate) kind: LeftKind,
    pub(crate) place: Option<&'static Location<'static>>,
    /// Its fence, if it has one.
    pub(crate) fence: Option<Arc<dyn Told>>,
    /// What encloses it.
    pub(crate) lineage: Fencing,
    since: Instant,
}

/// What it is called: worked out only when it is asked for.
#[derive(Clone)]
pub(crate) enum Name {
    Given(Cow<'static, str>),
    /// The type of its future or closure.
    Code(&'static str),
}

impl Name {
    pub(crate) fn of_code<T: ?Sized>() -> Self {
        Self::Code(type_name::<T>())
    }

    fn into_text(self) -> Cow<'static, str> {
        match self {
            Self::Given(name) => name,
            Self::Code(type_name) => Cow::Borrowed(function(type_name)),
        }
    }
}

impl Entry {
    pub(crate) fn new(kind: LeftKind, name: Name) -> Self {
        Self {
            name,
            kind,
            place: None,
            fence: None,
            lineage: Fencing::new(),
            since: Instant::now(),
        }
    }

    pub(crate) fn at(mut self, place: &'static Location<'static>) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn fenced(mut self, fence: Arc<dyn Told>, lineage: Fencing) -> Self {
        self.fence = Some(fence);
        self.lineage = lineage;
        self
    }

    fn state(&self) -> LeftState {
        let is_told = self.fence.as_ref().is_some_and(|fence| fence.is_told());
        if is_told || self.lineage.is_latched() || self.kind == LeftKind::Cleanup {
            LeftState::Stopping
        } else {
            LeftState::Running
        }
    }

    pub(crate) fn into_left(self) -> Left {
        Left {
            state: self.state(),
            age: Instant::now().saturating_duration_since(self.since),
            name: self.name.into_text(),
            place: self.place,
            kind: self.kind,
        }
    }
}

/// All that are at work; clones are the same one.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<watch::Sender<BTreeMap<u64, Entry>>>);

impl Ledger {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(BTreeMap::new())))
    }

    pub(crate) fn enter(&self, entry: Entry) -> Entered {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        self.update(|entries| drop(entries.insert(id, entry)));
        Entered {
            ledger: self.clone(),
            id,
        }
    }

    /// Who waits, waits for the last one.
    fn update<R>(&self, change: impl FnOnce(&mut BTreeMap<u64, Entry>) -> R) -> Option<R> {
        let mut result = None;
        self.0.send_if_modified(|entries| {
            result = Some(change(entries));
            entries.is_empty()
        });
        result
    }

    #[cfg(feature = "signal")]
    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Everybody, the oldest first.
    pub(crate) fn left(&self) -> Vec<Left> {
        let entries: Vec<Entry> = self.0.borrow().values().cloned().collect();
        entries.into_iter().map(Entry::into_left).collect()
    }

    /// Waits until nobody is there.
    pub(crate) async fn idle(&self) {
        // The sender is ours.
        let _ = self.0.subscribe().wait_for(BTreeMap::is_empty).await;
    }
}

/// Is at work for as long as it lives.
pub(crate) struct Entered {
    ledger: Ledger,
    id: u64,
}

#[cfg(feature = "signal")]
impl Entered {
    /// Who it is, with the changes.
    pub(crate) fn amend(&self, change: impl FnOnce(&mut Entry)) {
        self.ledger
            .update(|entries| entries.get_mut(&self.id).map(change));
    }

    pub(crate) fn entry(&self) -> Option<Entry> {
        self.ledger.0.borrow().get(&self.id).cloned()
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Dropped here, and not under the lock.
        let _entry = self.ledger.update(|entries| entries.remove(&self.id));
    }
}

/// The function that the code of a future or a closure is written in: `app::serve` for
/// `tokio::time::Timeout<app::serve::{{closure}}>`, or else the type without its parameters.
fn function(type_name: &'static str) -> &'static str {
    let Some(end) = type_name.find("::{{closure}}") else {
        return &type_name[..type_name.find('<').unwrap_or(type_name.len())];
    };
    let path = &type_name[..end];
    let mut depth = 0;
    let start = path.rfind(|part| {
        depth += match part {
            '>' | ')' | ']' => 1,
            '<' | '(' | '[' => -1,
            _ => 0,
        };
        depth < 0 || depth == 0 && matches!(part, ' ' | '&' | ',')
    });
    &path[start.map_or(0, |start| start + 1)..]
}

#[cfg(test)]
mod tests {
    use super::function;

    #[test]
    fn code_is_called_after_its_function() {
        for (type_name, name) in [
            ("app::serve::{{closure}}", "app::serve"),
            ("app::serve::{{closure}}::{{closure}}", "app::serve"),
            ("a::Timeout<app::serve::{{closure}}>", "app::serve"),
            ("a::Pair<u8, app::serve::{{closure}}, u8>", "app::serve"),
            ("(u8, app::serve::{{closure}})", "app::serve"),
            ("&mut app::serve::{{closure}}", "app::serve"),
            ("app::get<(u8, &str)>::{{closure}}", "app::get<(u8, &str)>"),
            (
                "<app::A as app::B>::m::{{closure}}",
                "<app::A as app::B>::m",
            ),
            (
                "a::F<<app::A as app::B>::m::{{closure}}>",
                "<app::A as app::B>::m",
            ),
            ("tokio::time::sleep::Sleep", "tokio::time::sleep::Sleep"),
            ("core::future::Pending<()>", "core::future::Pending"),
        ] {
            assert_eq!(function(type_name), name, "{type_name}");
        }
    }
}
