//! Nothing is left behind: no waiter, no timer, no cycle (D6).

use std::cell::Cell;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fence::__private::waiters;
use fence::{Event, Fencing};
use support::poll;
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn two_tasks_on_one_event_leave_no_waiter() {
    let (a, b) = (Event::new(), Event::new());
    let fencing = Fencing::new().on("a", &a).on("b", &b);
    let tasks = [(); 2].map(|()| tokio::spawn(fencing.run(pending::<()>())));
    tokio::task::yield_now().await;
    assert_eq!((waiters(&a), waiters(&b)), (2, 2));
    a.set();
    for task in tasks {
        let outcome = task.await.unwrap();
        assert_eq!(outcome.reasons().len(), 1);
    }
    assert_eq!((waiters(&a), waiters(&b)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn there_are_no_cycles() {
    let (stop, code) = (Event::new(), Arc::new(()));
    let held = (stop.clone(), code.clone());
    let mut fence = Fencing::new().on("stop", &stop).run(async move {
        pending::<()>().await;
        drop(held);
    });
    let handle = fence.handle();
    let mut fence = task::spawn(fence);
    assert_pending!(fence.poll());
    drop(fence);
    drop(handle);
    assert_eq!(Arc::strong_count(&code), 1);
}

#[tokio::test(start_paused = true)]
async fn completed_fences_leave_no_timer() {
    let fencing = Fencing::new().timeout(HOUR);
    for _ in 0..1000 {
        assert!(
            fencing
                .run(sleep(Duration::from_micros(1)))
                .await
                .is_completed()
        );
    }
    let start = Instant::now();
    let polls = Cell::new(0);
    let mut rest = pin!(sleep(2 * HOUR));
    std::future::poll_fn(|cx| {
        polls.set(polls.get() + 1);
        rest.as_mut().poll(cx)
    })
    .await;
    assert_eq!((polls.get(), start.elapsed()), (2, 2 * HOUR));
}

// D6: more sources than a fence keeps in place; each has its waiter, and takes it back.
#[tokio::test(start_paused = true)]
async fn many_sources_leave_no_waiter() {
    let events: Vec<Event> = (0..9).map(|_| Event::new()).collect();
    let add = |set: Fencing, (n, event): (usize, &Event)| set.on(format!("e{n}"), event);
    let fencing = events.iter().enumerate().fold(Fencing::new(), add);
    for fire in [None, Some(0), Some(8)] {
        let mut fence = task::spawn(fencing.run(pending::<()>()));
        assert_pending!(fence.poll());
        let unset = events.iter().filter(|event| !event.is_set());
        assert!(unset.clone().all(|event| waiters(event) == 1));
        if let Some(n) = fire {
            events[n].set();
            assert!(assert_ready!(fence.poll()).cancelled_by(&format!("e{n}")));
            assert!(events.iter().all(|event| waiters(event) == 0));
            return;
        }
        drop(fence);
        assert!(events.iter().all(|event| waiters(event) == 0));
    }
}

// D6: a body that panics, while the panicked fence is still held.
#[tokio::test(start_paused = true)]
async fn a_panicking_body_leaves_nothing() {
    let stop = Event::new();
    let body = async {
        tokio::task::yield_now().await;
        assert!(fence::remaining().is_none(), "in the body");
    };
    let fencing = Fencing::new().on("stop", &stop).timeout(HOUR);
    let mut fence = Box::pin(fencing.run(body));
    assert!(poll(&mut fence).is_pending());
    assert_eq!(waiters(&stop), 1);
    let polling = AssertUnwindSafe(|| poll(&mut fence).is_ready());
    assert!(std::panic::catch_unwind(polling).is_err());
    assert_eq!(waiters(&stop), 0);
    assert_eq!(fence::remaining(), None, "the context is restored");
}

// D4, D6: a destructor that panics while the body is cut.
#[tokio::test(start_paused = true)]
async fn a_panicking_destructor_leaves_nothing() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let (stop, other) = (Event::new(), Event::new());
    let fencing = Fencing::new().on("stop", &stop).on("other", &other);
    let task = tokio::spawn(fencing.run(async {
        let _panics = Panics;
        pending::<()>().await;
    }));
    tokio::task::yield_now().await;
    stop.set();
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((waiters(&stop), waiters(&other)), (0, 0));
}

// D6: the timer of a fence that an event ended does not wake the task any more.
#[tokio::test(start_paused = true)]
async fn a_cancelled_fence_leaves_no_timer() {
    let stop = Event::new();
    let mut both = task::spawn(async {
        let _ = Fencing::new()
            .on("stop", &stop)
            .timeout(HOUR)
            .run(pending::<()>())
            .await;
        pending::<()>().await;
    });
    assert_pending!(both.poll());
    stop.set();
    assert!(both.is_woken());
    assert_pending!(both.poll());
    advance(2 * HOUR).await;
    assert!(!both.is_woken());
}
