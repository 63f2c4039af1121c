//! What is unusual about a fence, in one byte: decided once, and compared with zero after that.
//!
//! A usual fence runs, and has latches and a deadline that is ahead, and nothing else. Whoever makes
//! it unusual says so here, so no way through the engine can forget to ask.

use std::cell::Cell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// The deadline was seen to have passed; stays so.
    TimedOut = 1,
    /// Somebody inside saw a custom trigger fire.
    TriggerSeen = 2,
    /// A custom trigger is among its sources.
    Triggers = 4,
    /// It has a rare state: a handle, guards asked, shields, cleanups, many sources.
    Rare = 8,
    Policy = 16,
    /// A spawned task, a thread, or plain code.
    NoBody = 32,
    /// It has fired, or its body is being dropped.
    Ending = 64,
}

/// A set of them.
#[derive(Debug, Default)]
pub(super) struct Flags(Cell<u8>);

impl Flags {
    #[inline]
    pub(super) fn has(&self, flag: Flag) -> bool {
        self.0.get() & flag as u8 != 0
    }

    #[inline]
    pub(super) fn set(&self, flag: Flag, is_set: bool) {
        let others = self.0.get() & !(flag as u8);
        self.0
            .set(if is_set { others | flag as u8 } else { others });
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.get() == 0
    }

    /// Whether it has none of these.
    #[inline]
    pub(super) fn has_none(&self, flags: &[Flag]) -> bool {
        let mask = flags.iter().fold(0, |mask, flag| mask | *flag as u8);
        self.0.get() & mask == 0
    }
}
