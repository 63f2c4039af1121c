//! The harness that cancels at every await: which moments it tries, and when it ends. And the code of
//! `docs/testing.md`.

mod a_day_at_once;
mod a_deploy_in_a_test;
mod a_group_in_a_test;
mod at_every_moment;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use fence::testing::{CANCEL, cancel_at_every_await};
use fence::{Fenced, Fencing, on_cancel, shield};
use tokio::task::yield_now;
use tokio::time::sleep;

/// The runs, as the number of polls and whether the run completed.
async fn runs<F: Future>(body: impl FnMut() -> F) -> (usize, Vec<(usize, bool)>) {
    let mut seen = Vec::new();
    let cancelled = cancel_at_every_await(body, async |polls, outcome: Fenced<F::Output>| {
        assert!(outcome.is_completed() || outcome.cancelled_by(CANCEL));
        seen.push((polls, outcome.is_completed()));
    })
    .await;
    (cancelled, seen)
}

#[tokio::test]
async fn a_body_is_cut_once_at_each_await() {
    let steps = RefCell::new(Vec::new());
    let body = || async {
        for step in 0..3 {
            steps.borrow_mut().push(step);
            yield_now().await;
        }
        "done"
    };

    let (cancelled, seen) = runs(body).await;

    assert_eq!(
        seen,
        [(0, false), (1, false), (2, false), (3, false), (4, true)]
    );
    assert_eq!(cancelled, 4);
    // Never started, then one step more each time.
    assert_eq!(*steps.borrow(), [0, 0, 1, 0, 1, 2, 0, 1, 2]);
}

#[tokio::test]
async fn a_body_that_waits_nowhere_is_only_kept_from_starting() {
    let started = Cell::new(0);
    let (cancelled, seen) = runs(|| async { started.set(started.get() + 1) }).await;

    assert_eq!((cancelled, started.get()), (1, 1));
    assert_eq!(seen, [(0, false), (1, true)]);
}

// D21: what a shield holds completes, and the moments inside it are tried all the same.
#[tokio::test(start_paused = true)]
async fn a_shield_completes_the_runs_that_are_cancelled_inside_it() {
    let body = || async {
        yield_now().await;
        shield(async {
            sleep(Duration::from_secs(1)).await;
            sleep(Duration::from_secs(1)).await;
        })
        .await;
    };

    let (cancelled, seen) = runs(body).await;

    assert_eq!(
        seen,
        [(0, false), (1, false), (2, true), (3, true), (4, true)]
    );
    assert_eq!(cancelled, 2);
}

// D25: the check comes after the cleanups.
#[tokio::test(start_paused = true)]
async fn cleanups_have_run_when_the_outcome_is_checked() {
    let reserved = Arc::new(AtomicBool::new(false));
    let body = || async {
        reserved.store(true, SeqCst);
        let release = reserved.clone();
        let undo = on_cancel(async move {
            sleep(Duration::from_secs(1)).await;
            release.store(false, SeqCst);
        });
        yield_now().await;
        undo.disarm();
        reserved.store(false, SeqCst);
    };

    let cancelled = cancel_at_every_await(body, async |polls, _| {
        assert!(!reserved.load(SeqCst), "{polls}");
    })
    .await;
    assert_eq!(cancelled, 2);
}

// D13: a fence inside keeps its own reasons to itself.
#[tokio::test(start_paused = true)]
async fn fences_inside_work_as_usual() {
    let limit = Fencing::new().timeout(Duration::from_secs(1));
    let mut inner = Vec::new();
    let cancelled = cancel_at_every_await(
        || limit.run(std::future::pending::<()>()),
        async |_, outcome| inner.extend(outcome.completed().map(|own| own.cancelled_by("timeout"))),
    )
    .await;

    assert_eq!((cancelled, inner), (2, vec![true]));
}

#[test]
fn each_block_of_the_page_stands_in_a_file_that_runs() {
    support::pages::assert_runs("docs/testing.md", "tests/testing");
}
