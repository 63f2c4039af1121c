//! The wakers that wait for one latch.
//!
//! A vector of slots with a free list, under a lock held for a few instructions. Once the lock was
//! contended a few times the list becomes sixteen, one chosen by thread.
//!
//! 1. A slot belongs to one registration, from `insert` until `remove` or `close`.
//! 2. A closed list stays empty forever: `insert` refuses, and a stale key removes nothing.
//! 3. No waker is cloned, woken or dropped while a lock is held: all three are user code.
//! 4. The shards are made while the main list is locked and open, and `close` closes the main list
//!    first: either it sees the shards, or they are never made.

use std::cell::Cell;
use std::iter::{Chain, Once};
use std::num::NonZeroU32;
use std::task::Waker;
use std::vec::IntoIter;

use crate::util::{
    AtomicUsize, Mutex, MutexGuard, OnceLock, Ordering, Panics, SmallList, WakerId,
    cell_per_thread, contained, shared_static, unpoisoned,
};

const SHARDS: usize = 16;

/// How often the main list may be found locked before it is sharded.
const PATIENCE: usize = 8;

/// A model never finds a lock held at `try_lock`, so there every visit counts as contended.
const EAGER: bool = cfg!(any(fence_loom, fence_shuttle));

/// An empty list keeps at most this many slots.
const KEPT_SLOTS: usize = 64;

/// Where a registration is, in four bytes: its list (0 is the main one) above its slot, which is
/// counted from one so that an absent key takes no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(NonZeroU32);

/// The bits of a key that are its slot.
const SLOT: u32 = 27;

impl Key {
    /// `None` if the list is full: 134 million wait in it.
    fn new(list: u32, slot: usize) -> Option<Self> {
        let slot = u32::try_from(slot + 1)
            .ok()
            .filter(|slot| slot >> SLOT == 0)?;
        NonZeroU32::new(list << SLOT | slot).map(Self)
    }

    fn list(self) -> u32 {
        self.0.get() >> SLOT
    }

    fn slot(self) -> usize {
        (self.0.get() & ((1 << SLOT) - 1)) as usize - 1
    }
}

#[derive(Debug)]
pub(crate) struct Waiters {
    main: Mutex<List>,
    shards: OnceLock<Box<[Shard]>>,
    contended: AtomicUsize,
}

/// Two lists in one cache line would contend as one.
#[derive(Debug)]
#[repr(align(128))]
struct Shard(Mutex<List>);

#[derive(Debug)]
struct List {
    /// The first slot, which takes no allocation: many an event has one waiter.
    first: Slot,
    rest: Vec<Slot>,
    free: Option<u32>,
    live: usize,
    closed: bool,
}

/// What is not taken in, and why.
struct Refused {
    waker: Waker,
    /// Otherwise the list is closed.
    is_full: bool,
}

#[derive(Debug)]
enum Slot {
    Vacant { next: Option<u32> },
    Taken(Waker),
}

impl Waiters {
    pub(crate) fn new() -> Self {
        Self {
            main: Mutex::new(List::new()),
            shards: OnceLock::new(),
            contended: AtomicUsize::new(0),
        }
    }

    /// Registers the waker; `None` once closed.
    pub(crate) fn insert(&self, waker: &Waker) -> Option<Key> {
        self.insert_known(waker).map(|(key, _)| key)
    }

    /// Registers the waker, and says what it is known by while that registration is there.
    pub(crate) fn insert_known(&self, waker: &Waker) -> Option<(Key, WakerId)> {
        let clone = waker.clone();
        let id = WakerId::kept(waker, &clone);
        let index = self.index();
        let refused = match self.open(index).insert(index, clone) {
            Ok(key) => return Some((key, id)),
            Err(refused) => refused,
        };
        contained(|| drop(refused.waker));
        assert!(
            !refused.is_full,
            "fewer than 134 million wait for one event"
        );
        None
    }

    /// Takes a registration back; harmless after `close`. A waker that panics when it is dropped
    /// keeps nobody from what comes next.
    pub(crate) fn remove(&self, key: Key) {
        if let Some(waker) = self.open(key.list()).remove(key.slot()) {
            contained(|| drop(waker));
        }
    }

    /// Refuses newcomers from now on and wakes everybody, whichever wakers panic: the first panic
    /// goes on once all have been woken.
    pub(crate) fn close(&self) {
        let main = unpoisoned(self.main.lock()).close();
        let shards = self.shards.get().into_iter().flatten();
        let shards = shards.map(|shard| unpoisoned(shard.0.lock()).close());
        // All of them are closed before the first waker runs, which is user code.
        let lists: SmallList<_> = std::iter::once(main).chain(shards).collect();
        let mut slots = lists.into_iter().flatten();
        let mut wake = || {
            for slot in slots.by_ref() {
                if let Slot::Taken(waker) = slot {
                    waker.wake();
                }
            }
        };
        let mut panics = Panics::default();
        while panics.catch(&mut wake).is_none() {}
        panics.resume();
    }

    /// How many wait now.
    pub(crate) fn len(&self) -> usize {
        let shards = self.shards.get().into_iter().flatten();
        unpoisoned(self.main.lock()).live
            + shards
                .map(|shard| unpoisoned(shard.0.lock()).live)
                .sum::<usize>()
    }

    #[cfg(all(test, fence_loom))]
    pub(crate) fn is_sharded(&self) -> bool {
        self.shards.get().is_some()
    }

    /// The list that this thread registers in.
    fn index(&self) -> u32 {
        if self.shards.get().is_some() {
            thread_index() + 1
        } else {
            0
        }
    }

    #[inline]
    fn open(&self, index: u32) -> MutexGuard<'_, List> {
        match (index.checked_sub(1), self.shards.get()) {
            (Some(shard), Some(shards)) => unpoisoned(shards[shard as usize].0.lock()),
            _ => self.open_main(),
        }
    }

    #[inline]
    fn open_main(&self) -> MutexGuard<'_, List> {
        match self.main.try_lock() {
            Ok(main) if !EAGER => return main,
            // Given back at once, to be waited for below.
            Ok(_) | Err(_) => {}
        }
        self.wait_for_main()
    }

    #[cold]
    fn wait_for_main(&self) -> MutexGuard<'_, List> {
        let main = unpoisoned(self.main.lock());
        let seen = self.contended.fetch_add(1, Ordering::Relaxed) + 1;
        if (seen >= PATIENCE || EAGER) && !main.closed && self.shards.get().is_none() {
            let shards = (0..SHARDS).map(|_| Shard(Mutex::new(List::new())));
            // Only the holder of the main lock gets here, so the set cannot fail.
            let _ = self.shards.set(shards.collect());
        }
        main
    }
}

impl List {
    fn new() -> Self {
        Self {
            first: Slot::Vacant { next: None },
            rest: Vec::new(),
            free: Some(0),
            live: 0,
            closed: false,
        }
    }

    fn insert(&mut self, list: u32, waker: Waker) -> Result<Key, Refused> {
        let slot = self.free.map_or(self.rest.len() + 1, |slot| slot as usize);
        let key = Key::new(list, slot);
        let Some(key) = key.filter(|_| !self.closed) else {
            let is_full = !self.closed;
            return Err(Refused { waker, is_full });
        };
        self.live += 1;
        match self.place(slot) {
            Some(place) => {
                if let Slot::Vacant { next } = std::mem::replace(place, Slot::Taken(waker)) {
                    self.free = next;
                }
            }
            None => self.rest.push(Slot::Taken(waker)),
        }
        Ok(key)
    }

    fn remove(&mut self, slot: usize) -> Option<Waker> {
        let vacant = Slot::Vacant { next: self.free };
        let place = self.place(slot)?;
        let waker = match std::mem::replace(place, vacant) {
            Slot::Taken(waker) => waker,
            before @ Slot::Vacant { .. } => {
                *place = before;
                return None;
            }
        };
        self.free = u32::try_from(slot).ok();
        self.live -= 1;
        if self.live == 0 && self.rest.len() > KEPT_SLOTS {
            *self = Self::new();
        }
        Some(waker)
    }

    #[inline]
    fn place(&mut self, slot: usize) -> Option<&mut Slot> {
        match slot.checked_sub(1) {
            None => Some(&mut self.first),
            Some(slot) => self.rest.get_mut(slot),
        }
    }

    fn close(&mut self) -> Chain<Once<Slot>, IntoIter<Slot>> {
        self.closed = true;
        self.live = 0;
        self.free = None;
        let first = std::mem::replace(&mut self.first, Slot::Vacant { next: None });
        std::iter::once(first).chain(std::mem::take(&mut self.rest))
    }
}

shared_static!(THREADS: AtomicUsize = AtomicUsize::new(0));

cell_per_thread! {
    INDEX: Option<u32> = None;
}

fn thread_index() -> u32 {
    INDEX.with(|index| {
        index.get().unwrap_or_else(|| {
            let thread = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
            let fresh = u32::try_from(thread).unwrap_or(0);
            index.set(Some(fresh));
            fresh
        })
    })
}
