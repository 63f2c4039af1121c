//! A shutdown belongs to no runtime.

use std::time::Duration;

use fence::{Event, Fencing, Shutdown, ShutdownPlan};
use support::{never, secs};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::{Instant, sleep};

use crate::isolated;

fn runtime(is_paused: bool) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder
        .enable_all()
        .start_paused(is_paused)
        .build()
        .unwrap()
}

/// Over after 30 ms.
fn short() -> ShutdownPlan {
    let step = Duration::from_millis(10);
    ShutdownPlan::new().pre_drain(step).drain(step).hard(step)
}

/// Waits for all stages.
async fn follow(shutdown: &Shutdown) {
    let report = shutdown.run(never()).await;
    assert!(shutdown.event().is_set() && shutdown.hard_event().is_set());
    assert_eq!(report.left().len(), 1);
}

#[test]
fn made_in_one_that_is_gone_it_is_used_in_another() {
    for (first, second) in [(true, true), (true, false), (false, true), (false, false)] {
        let shutdown = runtime(first).block_on(async { short().isolated().unwrap() });
        let report = runtime(second).block_on(async {
            shutdown.begin("deploy");
            follow(&shutdown).await;
            shutdown.run(async {}).await
        });
        assert!(report.is_drained());
    }
}

#[test]
fn begun_in_one_that_is_gone_it_goes_on_in_another() {
    for (first, second) in [(true, true), (true, false), (false, true), (false, false)] {
        let shutdown = runtime(first).block_on(async { short().isolated().unwrap() });
        runtime(first).block_on(async { shutdown.begin("deploy") });
        runtime(second).block_on(follow(&shutdown));
    }
}

#[test]
fn made_and_begun_in_none_it_is_used_in_any() {
    let shutdown = short().isolated().unwrap();
    shutdown.begin("deploy");
    runtime(false).block_on(follow(&shutdown));
}

#[test]
fn begun_in_none_it_follows_the_paused_clock_of_the_one_it_was_made_in() {
    let runtime = runtime(true);
    let shutdown = runtime.block_on(async { isolated() });
    shutdown.begin("deploy");
    let start = runtime.block_on(async { Instant::now() });
    runtime.block_on(shutdown.hard_event().wait());
    assert_eq!(runtime.block_on(async { start.elapsed() }), secs(25));
}

#[test]
fn one_that_is_blocked_keeps_no_stage_from_coming() {
    let shutdown = short().isolated().unwrap();
    let (soft, hard) = (shutdown.event().clone(), shutdown.hard_event().clone());
    runtime(false).block_on(async {
        shutdown.begin("deploy");
        while !soft.is_set() || !hard.is_set() {
            std::thread::yield_now();
        }
    });
}

#[test]
fn one_without_time_will_do() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let shutdown = runtime.block_on(async { short().isolated().unwrap() });
    runtime.block_on(async {
        shutdown.begin("deploy");
        follow(&shutdown).await;
    });
}

#[tokio::test(start_paused = true)]
async fn one_that_is_dropped_leaves_no_task_and_no_thread() {
    let metrics = Handle::current().metrics();
    for round in 0..10 {
        let shutdown = isolated();
        if round % 2 == 0 {
            shutdown.begin("deploy");
            tokio::task::yield_now().await;
        }
        let event = shutdown.event().clone();
        drop(shutdown);
        tokio::task::yield_now().await;
        assert_eq!(metrics.num_alive_tasks(), 0);
        sleep(secs(100)).await;
        assert!(!event.is_set(), "nobody sets it any more");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_runs_a_program_to_its_end_leaves_no_task() {
    let shutdown = isolated();
    assert!(shutdown.run(async {}).await.is_drained());
    drop(shutdown);
    tokio::task::yield_now().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_hard_event_set_by_hand_brings_all_before_it() {
    let shutdown = isolated();
    shutdown.hard_event().set_because("by hand");
    assert!(!shutdown.is_ready() && shutdown.event().is_set());
    assert_eq!(shutdown.cause().unwrap().to_string(), "by hand");
    assert_eq!(shutdown.signal(), None);
    let start = Instant::now();
    let report = shutdown.run(never()).await;
    assert_eq!((start.elapsed(), report.left().len()), (secs(3), 1));
}

/// It was set before there was a shutdown.
#[tokio::test(start_paused = true)]
async fn whoever_names_a_set_event_is_cut_at_once() {
    let shutdown = isolated();
    shutdown.event().set();
    let named = Fencing::new().on_named("shutdown").run(never());
    assert!(shutdown.track(named).await.cancelled_by("shutdown"));
    let other = Event::named("a name that nobody has set");
    assert!(!other.is_set());
}
