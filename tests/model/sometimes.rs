//! Whether a run reached the states in which it is hard to be right.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::record::{Line, Record};

/// Something that happened in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// A shield or a cleanup inside kept a fence from cutting.
    Held,
    /// A shield started although a fence around cuts.
    ShieldInCut,
    /// A shield did not, as that fence had been held up for as long as its cleanups may take.
    LateShield,
    /// A fence did not start, as one around cuts.
    Blocked,
    /// The same, as it had fired at its start and passed that up.
    LinkBlocked,
    /// A fence that had fired left it to one around.
    OuterFirst,
    /// The same, after its own body was gone.
    OuterDuringCut,
    Linked,
    Declined,
    /// A value did something as it was dropped midway.
    Destructor,
    Overran,
    /// A cleanup was left to the runtime.
    HandedOver,
    /// Parts of a set went on after the fence that polled them was cut.
    Outlived,
    Panicked,
    Told,
    CutByEvent,
    CutByTime,
    CutByHandle,
    TaskCut,
    CleanupPanicked,
    Cleaned,
}

/// What each run has to reach, as often as it has thousands of cases: all of these in one case.
const WANTED: &[&[Fact]] = &[
    &[Fact::Held, Fact::OuterFirst, Fact::Overran],
    &[Fact::ShieldInCut],
    &[Fact::LateShield],
    &[Fact::Outlived, Fact::Blocked],
    &[Fact::Outlived, Fact::Held],
    &[Fact::Told, Fact::Outlived],
    &[Fact::LinkBlocked],
    &[Fact::OuterDuringCut, Fact::Destructor],
    &[Fact::OuterDuringCut, Fact::Cleaned],
    &[Fact::Linked, Fact::OuterFirst],
    &[Fact::Declined, Fact::CutByEvent],
    &[Fact::HandedOver, Fact::Panicked],
    &[Fact::TaskCut, Fact::Linked],
    &[Fact::CutByHandle],
    &[Fact::CutByTime],
    &[Fact::CleanupPanicked],
];

/// How many cases had it.
#[derive(Default)]
pub struct Counts(RefCell<BTreeMap<Fact, u32>>, RefCell<Vec<u32>>);

impl Counts {
    pub fn add(&self, facts: &BTreeSet<Fact>, record: &Record) {
        let mut facts = facts.clone();
        facts.extend(told_by(record));
        for fact in &facts {
            *self.0.borrow_mut().entry(*fact).or_default() += 1;
        }
        let mut together = self.1.borrow_mut();
        together.resize(WANTED.len(), 0);
        for (count, wanted) in together.iter_mut().zip(WANTED) {
            *count += u32::from(wanted.iter().all(|fact| facts.contains(fact)));
        }
    }

    pub fn check(&self, cases: u32) {
        let together = self.1.borrow();
        println!("{cases} cases; of these had {:?}", self.0.borrow());
        for (count, wanted) in together.iter().zip(WANTED) {
            println!("{count} had {wanted:?}");
            assert!(
                *count > 0 || cases < 1000,
                "{wanted:?} was reached in none of {cases} cases"
            );
        }
    }
}

/// What the lines tell.
fn told_by(record: &Record) -> impl Iterator<Item = Fact> {
    const TEXTS: [(&str, Fact); 8] = [
        (" by [e", Fact::CutByEvent),
        (" by [t", Fact::CutByTime),
        (" by [handle@", Fact::CutByHandle),
        ("panicked [p", Fact::CleanupPanicked),
        ("cleaned 1", Fact::Cleaned),
        ("told ", Fact::Told),
        ("caught", Fact::Panicked),
        ("a task panicked", Fact::Panicked),
    ];
    let has = |text: &str| record.lines.iter().any(|line| line.text.contains(text));
    let facts: Vec<_> = TEXTS.into_iter().filter(|(text, _)| has(text)).collect();
    let is_task = |line: &&Line| line.text.starts_with("task ") && line.text.contains(" by [");
    let task_cut = record.lines.iter().find(is_task).map(|_| Fact::TaskCut);
    let handed = record.handed.then_some(Fact::HandedOver);
    let facts = facts.into_iter().map(|(_, fact)| fact);
    facts.chain(handed).chain(task_cut)
}
