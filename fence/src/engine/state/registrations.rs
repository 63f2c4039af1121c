//! What a pending fence has registered: a slot per latch, with keys to take them back, and a future
//! per custom trigger.
//!
//! 1. Keys, and futures, are in the order of the sources that they were registered for.
//! 2. While `waker` is known, every latch that has not fired, or the timer, holds a clone of that
//!    waker with the same addresses, which makes these an identity. It is set once all of them do,
//!    so that a waker that panics when it is cloned leaves nothing half done.

use std::task::{Context, Poll, Waker};

use tokio::task::coop;

use crate::engine::state::signal::Signal;
use crate::outcome::Firing;
use crate::trigger::{Entry, FiringFuture, Key, Latch};
use crate::util::{WakerId, contained};

/// How many sources a fence watches without an allocation.
const INLINE: usize = 3;

#[derive(Default)]
pub(crate) struct Registrations {
    /// Of no waker while nothing is registered; unknown while it is not to be relied on.
    waker: WakerId,
    inline: [Option<Key>; INLINE],
    /// How many places of `inline` are in use.
    used: u8,
    /// Whether the sources of the fencing are among those registered.
    includes_fencing: bool,
    /// Whether what comes in through handles is.
    with_inbox: bool,
    clones: Clones,
}

/// Whether clones of the waker have its addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Clones {
    #[default]
    Unseen,
    Same,
    Other,
}

/// With which waker a fence has to register, and with what: as in [`Registrations`].
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) waker: WakerId,
    pub(crate) includes_fencing: bool,
    pub(crate) inbox: Inbound,
}

/// Whether something may come in through handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inbound {
    Never,
    /// Its waiter is there.
    Awaited,
    /// Its waiter is gone: it was woken, or never there.
    Unawaited,
}

/// Keys in the order of their sources.
pub(crate) type Keys = Vec<Option<Key>>;

/// The waits for custom triggers, in their order.
#[derive(Default)]
pub(crate) struct Waits(Vec<Waiting>);

enum Waiting {
    Not,
    Armed(FiringFuture),
    Fired(Firing),
}

impl Registrations {
    /// Whether it watches as it has to: everything, if everything is needed.
    #[inline]
    pub(crate) fn is_set(&self, needed: Terms) -> bool {
        self.waker == needed.waker
            && (self.includes_fencing || !needed.includes_fencing)
            && match needed.inbox {
                Inbound::Never => !self.with_inbox,
                Inbound::Awaited => self.with_inbox,
                Inbound::Unawaited => false,
            }
    }

    /// Whether there may be anything to take back.
    #[inline]
    pub(crate) fn is_used(&self) -> bool {
        self.waker != WakerId::default()
    }

    /// Whether it watches nothing, under whatever waker.
    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0 && !self.with_inbox
    }

    /// Waits for what comes in; `false` if something has.
    pub(crate) fn add_inbox(&mut self, signal: &Signal, cx: &Context<'_>) -> bool {
        let id = signal.wait(cx.waker());
        id.is_some_and(|id| {
            self.note_clone(id);
            true
        })
    }

    /// Forgets the waker.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Whether the task moved to this waker from another one.
    pub(crate) fn is_moving(&self, waker: WakerId) -> bool {
        self.waker != waker
    }

    pub(crate) fn begin(&mut self, terms: Terms) {
        self.waker = WakerId::UNKNOWN;
        self.clones = Clones::Unseen;
        self.includes_fencing = terms.includes_fencing;
        self.with_inbox = terms.inbox != Inbound::Never;
    }

    /// Registers with a latch; `false` if it has fired.
    pub(crate) fn add(&mut self, latch: &Latch, spilled: &mut Keys, cx: &Context<'_>) -> bool {
        let known = latch.waiters.insert_known(cx.waker());
        if let Some((_, id)) = known {
            self.note_clone(id);
        }
        self.push(known.map(|(key, _)| key), spilled);
        known.is_some()
    }

    #[inline]
    fn note_clone(&mut self, id: WakerId) {
        if id == WakerId::UNKNOWN {
            self.clones = Clones::Other;
            self.waker = WakerId::UNKNOWN;
        } else if self.clones == Clones::Unseen {
            self.clones = Clones::Same;
        }
    }

    /// Everything is registered with the waker, as far as there is anything.
    pub(crate) fn end(&mut self, terms: Terms) {
        if self.clones != Clones::Other {
            self.waker = terms.waker;
        }
    }

    /// The timer has a clone of the waker. If nothing else has, one is looked at.
    #[inline]
    pub(crate) fn note_timer(&mut self, waker: &Waker) {
        if self.clones == Clones::Unseen {
            self.note_clone(WakerId::kept(waker, &waker.clone()));
        }
    }

    /// Registers with a source; `false` if it is a latch that has fired.
    #[inline]
    pub(crate) fn add_entry(
        &mut self,
        entry: &Entry,
        spilled: &mut Keys,
        cx: &Context<'_>,
    ) -> bool {
        if let Some(latch) = entry.latch() {
            // One that lets its tasks go opens without having fired.
            return self.add(latch, spilled, cx) || !entry.is_latched();
        }
        self.push(None, spilled);
        true
    }

    /// Whether all of them have a place here.
    #[inline]
    pub(crate) fn has_room_for(&self, entries: &[Entry]) -> bool {
        usize::from(self.used) + entries.len() <= INLINE
    }

    /// Registers with a source that there is room for, and that is no custom trigger.
    #[inline]
    pub(crate) fn add_usual_entry(&mut self, entry: &Entry, cx: &Context<'_>) -> bool {
        self.add_entry(entry, &mut Keys::new(), cx)
    }

    #[inline]
    fn push(&mut self, key: Option<Key>, spilled: &mut Keys) {
        match self.inline.get_mut(usize::from(self.used)) {
            Some(place) => {
                *place = key;
                self.used += 1;
            }
            None => spilled.push(key),
        }
    }

    /// Forgets all latches, and gives their keys out.
    pub(crate) fn take(&mut self, spilled: Keys) -> Taken {
        let before = std::mem::take(self);
        Taken {
            inline: before.inline,
            spilled,
            with_inbox: before.with_inbox,
            next: 0,
        }
    }
}

impl Waits {
    /// Waits for the nth custom trigger; true once it has fired.
    ///
    /// They are polled each time: only they know when their waker changes. The coop budget that
    /// the body spent is not theirs (D7).
    pub(crate) fn poll(&mut self, nth: usize, entry: &Entry, cx: &mut Context<'_>) -> bool {
        let Some(trigger) = entry.trigger() else {
            return false;
        };
        let waiting = self.place(nth);
        if let Waiting::Not = waiting {
            *waiting = Waiting::Armed(trigger.wait());
        }
        if let Waiting::Armed(wait) = waiting {
            match std::pin::pin!(coop::unconstrained(wait)).poll(cx) {
                Poll::Ready(firing) => self.note(nth, firing),
                Poll::Pending => return false,
            }
        }
        true
    }

    /// The nth custom trigger has fired.
    pub(crate) fn note(&mut self, nth: usize, firing: Firing) {
        self.place(nth).replace(Waiting::Fired(firing.foreign()));
    }

    fn place(&mut self, nth: usize) -> &mut Waiting {
        while self.0.len() <= nth {
            self.0.push(Waiting::Not);
        }
        &mut self.0[nth]
    }

    /// What the trigger reported when it was waited for.
    pub(crate) fn reported(&self, nth: usize) -> Option<&Firing> {
        match self.0.get(nth)? {
            Waiting::Fired(firing) => Some(firing),
            Waiting::Not | Waiting::Armed(_) => None,
        }
    }

    /// Drops the waits that are still open, and keeps what was reported.
    pub(crate) fn stop(&mut self) {
        for waiting in &mut self.0 {
            if matches!(waiting, Waiting::Armed(_)) {
                waiting.replace(Waiting::Not);
            }
        }
    }
}

impl Waiting {
    /// What was there is user code, whose destructor may panic.
    fn replace(&mut self, other: Self) {
        let before = std::mem::replace(self, other);
        contained(|| drop(before));
    }
}

/// All keys of a watch.
pub(crate) struct Taken {
    inline: [Option<Key>; INLINE],
    spilled: Keys,
    pub(crate) with_inbox: bool,
    next: usize,
}

impl Taken {
    /// Takes the registration of the next source back.
    #[inline]
    pub(crate) fn remove(&mut self, latch: Option<&Latch>) {
        let spilled = || self.spilled.get(self.next - INLINE).copied().flatten();
        let key = self.inline.get(self.next).copied().unwrap_or_else(spilled);
        self.next += 1;
        if let (Some(key), Some(latch)) = (key, latch) {
            latch.leave(key);
        }
    }
}
