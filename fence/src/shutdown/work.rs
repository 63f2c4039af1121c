//! What a shutdown waits for, and what became of it.

use std::any::Any;
use std::sync::{Arc, Mutex};

use crate::cleanup::{BACKGROUND, Entered, Entry, Ledger, Left};
use crate::util::{message, unpoisoned};

/// How many panics are kept in full: a service may run for months.
const KEPT: usize = 16;

/// Clones are the same.
#[derive(Clone)]
pub(super) struct Work {
    /// What is waited for, besides what goes on in the background of the process.
    tracked: Ledger,
    /// What `run` runs, which waits for the rest.
    programs: Ledger,
    panics: Arc<Mutex<Panics>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Panics {
    /// The first ones.
    pub(super) texts: Vec<String>,
    pub(super) count: usize,
}

impl Work {
    pub(super) fn new() -> Self {
        Self {
            tracked: Ledger::new(),
            programs: Ledger::new(),
            panics: Arc::default(),
        }
    }

    pub(super) fn track(&self, entry: Entry) -> Entered {
        self.tracked.enter(entry)
    }

    pub(super) fn run(&self, program: Entry) -> Entered {
        self.programs.enter(program)
    }

    /// Something that was tracked has panicked.
    pub(super) fn panicked(&self, entered: &Entered, panic: Option<&(dyn Any + Send)>) {
        let Some(entry) = entered.entry() else { return };
        let left = entry.into_left();
        let place = left
            .place()
            .map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        let why = panic.map_or_else(String::new, |panic| format!(": {}", message(panic)));
        let text = format!("{} `{}`{place}{why}", left.kind(), left.name());
        let mut panics = unpoisoned(self.panics.lock());
        panics.count += 1;
        if panics.texts.len() < KEPT {
            panics.texts.push(text.escape_debug().to_string());
        }
    }

    pub(super) fn panics(&self) -> Panics {
        unpoisoned(self.panics.lock()).clone()
    }

    /// Waits until nothing is left of what is tracked and of what goes on in the background.
    pub(super) async fn idle(&self) {
        while self.tracked.len() + BACKGROUND.len() > 0 {
            self.tracked.idle().await;
            BACKGROUND.idle().await;
        }
    }

    /// What `idle` waits for.
    pub(super) fn left(&self) -> Vec<Left> {
        [self.tracked.left(), BACKGROUND.left()].concat()
    }

    /// What `idle` waits for, and the program.
    pub(super) fn left_of_all(&self) -> Vec<Left> {
        [self.programs.left(), self.left()].concat()
    }
}
