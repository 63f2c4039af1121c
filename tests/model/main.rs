//! The rules D1 to D30 as a plain state machine, and random code that has to do as it says.
//!
//! Each case is a random tree of binds, fences, shields, spawns, guards, cleanups and links. Its
//! tasks are polled by hand, once a round, in paused time, while events are set at random; compared
//! are outcomes, reasons, the order of destructors and cleanups, what guards were asked, and that
//! nobody was forgotten, woken for nothing, or left waiting. `PROPTEST_CASES` says how many.

mod asked;
mod cleanups;
mod code;
mod cutting;
mod fences;
mod model;
mod plan;
mod random_trees;
mod real;
mod record;
mod sets;
mod tasks;
mod walk;

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestRunner};

use crate::plan::{Case, Plan};
use crate::record::Record;

/// What has to occur, so that the cases are worth running.
const WANTED: [&str; 10] = [
    " by [e",
    " by [t",
    " by [b",
    "handle@",
    "declined [e",
    "cleaned 1",
    "overran 1",
    "panicked [p",
    "told ",
    "task ",
];

fn compare(case: &Case, seen: &[Cell<u32>; WANTED.len()]) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be had");
    let expected = model::expect(case);
    count(&expected, seen);
    let seen = runtime.block_on(real::observe(case));
    let unordered = case.tree.has(&|plan| matches!(plan, Plan::Unordered(_)));
    let handed = expected.handed;
    let expected = expected.settled(handed, unordered);
    let seen = seen.settled(handed, unordered);
    prop_assert_eq!(&seen.0, &expected.0, "seen, expected");
    prop_assert_eq!(&seen.1, &expected.1, "cleanups: seen, expected");
    prop_assert_eq!(&seen.2, &expected.2, "guards asked: seen, expected");
    Ok(())
}

fn count(record: &Record, seen: &[Cell<u32>; WANTED.len()]) {
    for (wanted, seen) in WANTED.iter().zip(seen) {
        let has = record.lines.iter().any(|line| line.text.contains(wanted));
        seen.set(seen.get() + u32::from(has));
    }
}

/// On a thread of its own: a strategy for deep trees takes a deep stack.
#[test]
fn code_does_as_the_rules_say() {
    let thread = std::thread::Builder::new()
        .stack_size(1 << 28)
        .spawn(try_cases);
    if let Err(panic) = thread.expect("a thread can be had").join() {
        std::panic::resume_unwind(panic);
    }
}

fn try_cases() {
    let cases = std::env::var("PROPTEST_CASES").map_or(1000, |cases| cases.parse().unwrap());
    let seeds = FileFailurePersistence::Direct("tests/model/seeds.txt");
    let config = ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(seeds)),
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    };
    let seen = Default::default();
    let tried = TestRunner::new(config).run(&plan::case(), |case| compare(&case, &seen));
    if let Err(difference) = tried {
        panic!("{difference}");
    }
    let seen: Vec<_> = WANTED.iter().zip(seen.map(Cell::into_inner)).collect();
    println!("{cases} cases; in how many of them occurred: {seen:?}");
    for (wanted, times) in seen {
        assert!(
            times > 0 || cases < 1000,
            "`{wanted}` did not occur in {cases} cases"
        );
    }
}
