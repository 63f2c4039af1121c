//! Shutdowns without signals: what happens when, and what is waited for.

mod left;
mod offers;
mod panics;
mod runtimes;

use std::future::pending;
use std::io;
use std::process::{ExitCode, Termination};
use std::time::Duration;

use fence::testing::codes;
use fence::{Event, Fencing, Shutdown, ShutdownPlan, on_cancel};
use support::secs;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

/// By the plan for Kubernetes: 5 s, 20 s, 3 s.
fn isolated() -> Shutdown {
    ShutdownPlan::new().isolated().unwrap()
}

fn is_set(shutdown: &Shutdown) -> (bool, bool) {
    (shutdown.event().is_set(), shutdown.hard_event().is_set())
}

#[tokio::test(start_paused = true)]
async fn the_stages_follow_the_plan() {
    let shutdown = isolated();
    assert!(shutdown.is_ready());
    assert!(shutdown.cause().is_none());
    shutdown.begin("deploy");
    assert!(!shutdown.is_ready());
    let start = Instant::now();
    shutdown.begun().await;
    assert_eq!(
        (start.elapsed(), is_set(&shutdown)),
        (secs(0), (false, false))
    );
    shutdown.fired().await;
    assert_eq!(
        (start.elapsed(), is_set(&shutdown)),
        (secs(5), (true, false))
    );
    shutdown.hard_event().wait().await;
    assert_eq!(
        (start.elapsed(), is_set(&shutdown)),
        (secs(25), (true, true))
    );
}

#[tokio::test(start_paused = true)]
async fn it_begins_once_and_the_reason_tells_why_where_and_when() {
    let shutdown = isolated();
    let start = Instant::now();
    let line = line!() + 1;
    assert!(shutdown.begin("deploy"));
    sleep(secs(1)).await;
    assert!(!shutdown.clone().begin("again"));
    assert_eq!(shutdown.cause().unwrap().to_string(), "deploy");

    let both = Fencing::new()
        .on("shutdown", shutdown.event())
        .on("shutdown-hard", shutdown.hard_event());
    let soft = both.run(pending::<()>()).await.cancelled().unwrap();
    assert_eq!(soft.primary().to_string(), "shutdown: deploy");
    assert_eq!(soft.primary().location().unwrap().line(), line);
    assert_eq!(soft.primary().at() - start, secs(5));
    shutdown.hard_event().wait().await;
    let both = both.run(pending::<()>()).await;
    assert_eq!(codes(both.reasons()), ["shutdown", "shutdown-hard"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_sets_its_event_begins_it() {
    let shutdown = isolated();
    shutdown.event().set_because("by hand");
    assert!(!shutdown.is_ready());
    shutdown.begun().await;
    assert_eq!(shutdown.cause().unwrap().to_string(), "by hand");
    let start = Instant::now();
    shutdown.hard_event().wait().await;
    assert_eq!(start.elapsed(), secs(20), "no pre-drain");
}

#[tokio::test(start_paused = true)]
async fn a_plan_fits_into_the_termination_grace() {
    let plan = ShutdownPlan::default();
    let (short, never) = (plan.pre_drain(secs(0)).drain(secs(6)), Duration::MAX);
    for (plan, fits) in [
        (plan, true),
        (plan.hard(secs(5)), false),
        (plan.drain(never), false),
        (plan.drain(never).termination_grace(never), true),
        (plan.termination_grace(secs(10)), false),
        (short.termination_grace(secs(10)), true),
    ] {
        assert_eq!(plan.isolated().is_ok(), fits, "{plan:?}");
    }
    let error = plan.hard(secs(5)).install().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let text = "a shutdown in 5s + 20s + 5s does not fit into a termination grace of 30s: \
                shorten a stage, or raise `termination_grace` (and what your supervisor grants)";
    assert_eq!(error.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn what_is_tracked_counts_until_it_ends_or_is_dropped() {
    let shutdown = isolated();
    assert_eq!(shutdown.drain(None).await, 0);
    let ends = shutdown.track(sleep(secs(1)));
    let is_dropped = shutdown.track(pending::<()>());
    let panics = tokio::spawn(shutdown.track(async {
        yield_now().await;
        panic!("a panic in a test");
    }));
    let busy = shutdown.busy();
    assert_eq!(shutdown.drain(secs(0)).await, 4);
    assert!(panics.await.unwrap_err().is_panic());
    drop(is_dropped);
    assert_eq!(shutdown.drain(secs(0)).await, 2);
    let mut ends = tokio_test::task::spawn(ends);
    sleep(secs(1)).await;
    assert!(ends.poll().is_ready());
    assert_eq!(shutdown.drain(secs(0)).await, 1, "though it is not dropped");
    drop(busy);
    assert_eq!(shutdown.drain(secs(0)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_spawned_task_counts_until_its_cleanups_have_run() {
    let shutdown = isolated();
    let task = shutdown.spawn(async {
        on_cancel(sleep(secs(2)));
        pending::<()>().await;
    });
    yield_now().await;
    task.cancel();
    assert_eq!(shutdown.drain(secs(1)).await, 1);
    assert_eq!(shutdown.drain(secs(2)).await, 0);
    assert!(task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_spawned_task_belongs_to_the_fences_around() {
    let shutdown = isolated();
    let inner = shutdown.clone();
    let around = Fencing::new().timeout(secs(1)).run(async move {
        inner.spawn(pending::<()>());
        pending::<()>().await;
    });
    assert!(around.await.is_cancelled());
    assert_eq!(shutdown.drain(secs(1)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_ends_by_itself_ends_what_is_in_the_background() {
    let shutdown = isolated();
    let fencing = Fencing::new().on("shutdown", shutdown.event());
    let background = shutdown.spawn(fencing.run(pending::<()>()));
    let start = Instant::now();
    let report = shutdown.run(sleep(secs(100))).await;
    assert!(report.is_drained());
    assert_eq!(start.elapsed(), secs(100));
    assert_eq!(
        report.to_string(),
        "shutdown: the program has ended, drained"
    );
    assert!(background.await.unwrap().cancelled_by("shutdown"));
}

#[tokio::test(start_paused = true)]
async fn work_has_until_the_drain_is_over_and_what_gives_up_then_is_drained() {
    for (work, drained_at) in [(20, 20), (25, 25), (26, 25)] {
        let shutdown = isolated();
        let hard = Fencing::new().on("shutdown-hard", shutdown.hard_event());
        let task = shutdown.spawn(hard.run(sleep(secs(work))));
        shutdown.begin("deploy");
        let start = Instant::now();
        let report = shutdown.run(shutdown.fired()).await;
        assert!(report.is_drained());
        assert_eq!(start.elapsed(), secs(drained_at));
        assert_eq!(task.await.unwrap().is_cancelled(), work > 25);
        assert_eq!(report.report(), ExitCode::SUCCESS);
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_left_and_fails() {
    let shutdown = isolated();
    let (_one, _two) = (shutdown.busy(), shutdown.busy());
    shutdown.begin("deploy");
    let start = Instant::now();
    let report = shutdown.run(shutdown.fired()).await;
    assert_eq!(start.elapsed(), secs(28));
    assert_eq!((report.is_drained(), report.left().len()), (false, 2));
    assert_eq!(report.to_string(), "shutdown: deploy, 2 not drained");
    assert_eq!(report.report(), ExitCode::FAILURE);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_end_is_left_and_dropped() {
    let shutdown = isolated();
    let busy = shutdown.busy();
    shutdown.begin("deploy");
    let report = shutdown
        .run(async move {
            let _busy = busy;
            pending::<()>().await;
        })
        .await;
    assert_eq!(report.left().len(), 2);
    assert_eq!(shutdown.drain(secs(0)).await, 0);
}

#[tokio::test(start_paused = true)]
async fn the_status_of_the_program_is_kept() {
    let report = isolated().run(async { ExitCode::from(3) }).await;
    assert!(report.is_drained());
    assert_eq!(report.report(), ExitCode::from(3));
}

#[tokio::test(start_paused = true)]
async fn it_may_run_on_any_thread() {
    let shutdown = isolated();
    let other = shutdown.clone();
    let report = tokio::spawn(async move { other.run(sleep(secs(1))).await });
    assert!(report.await.unwrap().is_drained());
    assert!(!shutdown.is_ready());
}

#[tokio::test(start_paused = true)]
async fn an_isolated_one_is_nobody_elses() {
    let (one, other) = (isolated(), isolated());
    one.begin("a test");
    one.fired().await;
    assert!(other.is_ready());
    assert!(!Event::named("shutdown").is_set());
}
