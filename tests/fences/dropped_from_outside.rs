//! Aborted tasks, dropped futures, runtimes that go away: a fence makes no outcome of them.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use fence::__private::waiters;
use fence::{Event, Fenced, Fencing, State};
use tokio::task::yield_now;
use tokio_test::{assert_pending, task};

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn full(stop: &Event) -> Fencing {
    Fencing::new()
        .on("stop", stop)
        .timeout(Duration::from_secs(3600))
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_makes_no_outcome() {
    let (stop, went_on) = (Event::new(), Arc::new(AtomicBool::new(false)));
    let (fencing, seen) = (full(&stop), went_on.clone());
    let task = tokio::spawn(async move {
        let _: Fenced<()> = fencing.run(pending()).await;
        seen.store(true, Ordering::Relaxed);
    });
    yield_now().await;
    assert_eq!(waiters(&stop), 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(waiters(&stop), 0);
    assert!(!went_on.load(Ordering::Relaxed));
}

// Whoever holds the handle can tell "torn down" from "cancelled".
#[tokio::test(start_paused = true)]
async fn a_handle_sees_that_the_fence_was_dropped() {
    let mut fence = Fencing::new().run(pending::<()>());
    let handle = fence.handle();
    let task = tokio::spawn(fence);
    yield_now().await;
    task.abort();
    assert!(task.await.is_err());
    assert_eq!(
        (handle.state(), handle.reasons().len()),
        (State::Dropped, 0)
    );
    assert!(!handle.cancel(), "it has ended");
}

#[test]
fn a_runtime_goes_away_while_a_fence_is_pending() {
    for in_background in [false, true] {
        let (stop, drops) = (Event::new(), Arc::new(AtomicUsize::new(0)));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (fencing, held) = (full(&stop), Counted(drops.clone()));
        runtime.spawn(async move {
            let _held = held;
            fencing.run(pending::<()>()).await
        });
        runtime.block_on(yield_now());
        if in_background {
            runtime.shutdown_background();
        } else {
            drop(runtime);
        }
        stop.set();
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }
}

// D4, D6: dropped after each number of polls, the body goes once and nothing stays behind.
#[tokio::test(start_paused = true)]
async fn dropped_at_every_poll() {
    for polls in 0..6 {
        let (stop, drops) = (Event::new(), Arc::new(AtomicUsize::new(0)));
        let held = Counted(drops.clone());
        let body = async move {
            let _held = held;
            for _ in 0..4 {
                yield_now().await;
            }
        };
        let mut fence = task::spawn(full(&stop).run(body));
        for _ in 0..polls {
            if fence.poll().is_ready() {
                break;
            }
        }
        drop(fence);
        assert_eq!(drops.load(Ordering::Relaxed), 1, "after {polls} polls");
        assert_eq!(waiters(&stop), 0);
    }
}

// D6: a `select!` that goes on with the same fence loses nothing.
#[tokio::test(start_paused = true)]
async fn a_fence_that_loses_a_select_goes_on() {
    let stop = Event::new();
    let mut fence = pin!(full(&stop).run(pending::<()>()));
    for _ in 0..3 {
        tokio::select! {
            biased;
            _ = &mut fence => unreachable!("it is not set yet"),
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
        }
        assert_eq!(waiters(&stop), 1);
    }
    stop.set();
    assert!(fence.await.cancelled_by("stop"));
}

// D11: events and their clones may go at any time.
#[test]
fn dropping_every_event_is_not_a_firing() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop);
    drop(stop);
    let mut fence = task::spawn(fencing.run(pending::<()>()));
    assert_pending!(fence.poll());
    drop(fencing);
    assert_pending!(fence.poll());
    assert!(!fence.is_woken());
}
