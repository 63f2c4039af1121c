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
mod drops;
mod fences;
mod fencings;
mod generate;
mod limits;
mod model;
mod plan;
mod random_trees;
mod real;
mod record;
mod sets;
mod sometimes;
mod steps;
mod tasks;
mod told;
mod walk;
mod woken;

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::plan::{Case, Plan};
use crate::sometimes::Counts;

fn compare(case: &Case, counts: &Counts) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime can be had");
    let (expected, facts) = model::expect(case);
    counts.add(&facts, &expected);
    let seen = runtime.block_on(real::observe(case));
    let handed = expected.handed;
    let expected = expected.settled(handed);
    let seen = seen.settled(handed);
    prop_assert_eq!(&seen.0, &expected.0, "seen, expected");
    prop_assert_eq!(&seen.1, &expected.1, "cleanups: seen, expected");
    if case
        .tree
        .has(&|plan| matches!(plan, Plan::Set(_) | Plan::Pool(..)))
    {
        // What is to be dropped is not woken, and asks nothing, or later and about more.
        let more = too_often(&seen.2, &expected.2);
        prop_assert_eq!(more, Vec::<String>::new(), "guards asked: {:?}", expected.2);
    } else {
        prop_assert_eq!(&seen.2, &expected.2, "guards asked: seen, expected");
    }
    Ok(())
}

/// What is in `seen` more often than it may be: once, or as often as expected (D24).
fn too_often(seen: &[String], expected: &[String]) -> Vec<String> {
    let count = |all: &[String], text: &String| all.iter().filter(|other| *other == text).count();
    let is_wrong = |text: &&String| count(seen, text) > count(expected, text).max(1);
    seen.iter().filter(is_wrong).cloned().collect()
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
    let wanted = std::env::var("PROPTEST_CASES").ok();
    let cases = wanted
        .as_deref()
        .map_or(1000, |cases| cases.parse().unwrap());
    let seeds = FileFailurePersistence::Direct("tests/model/seeds.txt");
    let config = ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(seeds)),
        max_shrink_iters: 50_000,
        ..ProptestConfig::default()
    };
    // The same cases each time, so that the gate fails for a change alone; others on demand.
    let mut runner = match wanted {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let counts = Counts::default();
    match runner.run(&generate::case(), |case| compare(&case, &counts)) {
        Ok(()) => counts.check(cases),
        Err(TestError::Fail(difference, case)) => panic!("{difference}\nin {case:?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}
