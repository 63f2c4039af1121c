//! The events of a shutdown reach those who name them, and nobody else (D18a).

use std::future::pending;
use std::time::Duration;

use fence::{Event, Fenced, Fencing, block};
use support::secs;
use tokio::time::{Instant, sleep};

use crate::isolated;

#[fence::fenced(on = "shutdown")]
async fn stream() {
    pending::<()>().await;
}

#[fence::fenced(on = "shutdown-hard")]
async fn stubborn() {
    pending::<()>().await;
}

/// Names nobody.
#[fence::fenced]
async fn request(takes: Duration) {
    sleep(takes).await;
}

#[tokio::test(start_paused = true)]
async fn a_program_and_what_it_spawns_and_tracks_obey_the_one_that_runs_it() {
    let shutdown = isolated();
    shutdown.begin("deploy");
    let start = Instant::now();
    let report = shutdown
        .run(async {
            let spawned = shutdown.spawn(async move { (stream().await, start.elapsed()) });
            let tracked = tokio::spawn(shutdown.track(stubborn()));
            assert!(stream().await.cancelled_by("shutdown"));
            assert_eq!(start.elapsed(), secs(5));
            let (spawned, at) = spawned.await.unwrap();
            assert!(spawned.cancelled_by("shutdown"));
            assert_eq!(at, secs(5));
            assert!(tracked.await.unwrap().cancelled_by("shutdown-hard"));
        })
        .await;
    assert!(report.is_drained(), "{report}");
    assert_eq!(start.elapsed(), secs(25));
    assert!(!Event::named("shutdown").is_set());
}

#[tokio::test(start_paused = true)]
async fn what_names_no_shutdown_has_its_drain() {
    let shutdown = isolated();
    shutdown.begin("deploy");
    let report = shutdown
        .run(async {
            let task = shutdown.spawn(request(secs(15)));
            let tracked = shutdown.track(request(secs(15)));
            assert!(tracked.await.is_completed());
            assert!(task.await.unwrap().is_completed());
            let block = block::fenced!(timeout = "1h", sleep(secs(9)));
            assert!(block.is_completed());
        })
        .await;
    assert!(report.is_drained(), "{report}");
}

#[tokio::test(start_paused = true)]
async fn offers_join_what_is_bound_around_and_inherit_nothing_finds_them() {
    let shutdown = isolated();
    shutdown.event().set();
    let bound = Fencing::new().budget(secs(0));
    let program = async {
        // The set that is bound outside is still there …
        assert!(request(secs(1)).await.cancelled_by("budget"));
        // … and what inherits nothing still names.
        let alone = block::fenced!(inherit = false, on = "shutdown", pending::<()>());
        let why = alone.cancelled().unwrap();
        assert!(why.by("shutdown") && !why.by("budget"));
    };
    let report = bound.bind(shutdown.run(program)).await;
    assert!(report.panics().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_bound_inside_decides() {
    let (shutdown, own) = (isolated(), Event::new());
    shutdown.event().set();
    let around = Fencing::new().offer("shutdown", &own);
    let report = shutdown
        .run(around.bind(async {
            let still: Fenced<()> = stream_for(secs(1)).await;
            assert!(still.is_completed());
            own.set();
            assert!(stream().await.cancelled_by("shutdown"));
        }))
        .await;
    assert!(report.is_drained(), "{report}");
}

#[fence::fenced(on = "shutdown")]
async fn stream_for(time: Duration) {
    sleep(time).await;
}

/// Each of two in one process is obeyed by its own program.
#[tokio::test(start_paused = true)]
async fn the_innermost_of_two_decides() {
    let (outer, inner) = (isolated(), isolated());
    outer.event().set();
    inner.begin("the inner one");
    let start = Instant::now();
    let report = outer
        .run(async {
            let report = inner.run(async { stream().await }).await;
            assert_eq!(report.to_string(), "shutdown: the inner one, drained");
            assert_eq!(start.elapsed(), secs(5));
            assert!(stream().await.cancelled_by("shutdown"));
        })
        .await;
    assert!(report.is_drained(), "{report}");
    assert_eq!(start.elapsed(), secs(5));
}
