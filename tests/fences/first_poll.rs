//! What has fired before the body's first step (D1, D2).

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use fence::{Event, Fencing, ReasonKind, fenced};
use tokio::sync::oneshot;
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};

// D2
#[tokio::test(start_paused = true)]
async fn an_event_that_is_set_keeps_the_body_from_starting() {
    let stop = Event::new();
    stop.set();
    let (held, mut dropped) = oneshot::channel::<()>();
    let started = AtomicBool::new(false);
    let outcome = Fencing::new().on("stop", &stop).run(async {
        started.store(true, Ordering::Relaxed);
        let _held = held;
        pending::<()>().await;
    });
    let codes: Vec<_> = outcome
        .await
        .reasons()
        .iter()
        .map(|r| r.code().to_owned())
        .collect();
    assert_eq!(codes, ["stop"]);
    assert!(!started.into_inner());
    assert_eq!(
        dropped.try_recv(),
        Err(oneshot::error::TryRecvError::Closed)
    );
}

// D2
#[tokio::test(start_paused = true)]
async fn time_that_has_passed_wins_over_a_ready_body() {
    advance(Duration::from_secs(5)).await;
    let now = Instant::now();
    for fencing in [
        Fencing::new().timeout(Duration::ZERO),
        Fencing::new().budget(Duration::ZERO),
        Fencing::new().deadline(now),
        Fencing::new().deadline(now - Duration::from_secs(1)),
    ] {
        let started = AtomicBool::new(false);
        let outcome = fencing
            .run(async { started.store(true, Ordering::Relaxed) })
            .await;
        assert_eq!(outcome.reasons().len(), 1);
        assert_eq!(outcome.reasons()[0].kind(), ReasonKind::Timeout);
        assert!(!started.into_inner());
    }
}

// Never negative, never wrapped.
#[tokio::test(start_paused = true)]
async fn a_deadline_in_the_past_says_zero() {
    advance(Duration::from_secs(5)).await;
    let past = Instant::now() - Duration::from_secs(1);
    let why = Fencing::new()
        .deadline(past)
        .run(async {})
        .await
        .cancelled()
        .unwrap();
    assert_eq!(why.to_string(), "cancelled: deadline: timed out after 0s");
    assert_eq!(why.elapsed(), Duration::ZERO);
}

// Polls of the fence are polls of the body, and nobody else wakes the task.
#[test]
fn a_fence_without_triggers_is_transparent() {
    let mut polls = 0;
    let mut fence = task::spawn(Fencing::new().run(std::future::poll_fn(|cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls == 3 {
            Poll::Ready("OK")
        } else {
            Poll::Pending
        }
    })));
    for _ in 0..2 {
        assert_pending!(fence.poll());
        assert!(fence.is_woken());
    }
    assert_eq!(assert_ready!(fence.poll()).unwrap(), "OK");
}

// D1: the clock starts with the first poll, not with the fence.
#[tokio::test(start_paused = true)]
async fn the_clock_starts_at_the_first_poll() {
    let fence = Fencing::new()
        .timeout(Duration::from_secs(5))
        .run(pending::<()>());
    advance(Duration::from_secs(60)).await;
    let start = Instant::now();
    assert!(fence.await.is_cancelled());
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

// D1: an attribute's options are evaluated at the call, its clock starts when it is awaited.
#[tokio::test(start_paused = true)]
async fn options_are_evaluated_once_and_before_the_body() {
    #[fence::fenced(timeout = limit(log))]
    async fn work(log: &std::cell::Cell<u32>) {
        assert_eq!(log.get(), 1);
        sleep(Duration::from_secs(4)).await;
    }
    fn limit(log: &std::cell::Cell<u32>) -> Duration {
        log.set(log.get() + 1);
        Duration::from_secs(5)
    }
    let log = std::cell::Cell::new(0);
    let fence = work(&log);
    advance(Duration::from_secs(60)).await;
    assert!(fence.await.is_completed());
    assert_eq!(log.get(), 1);
}

// D1: built and dropped, outside of any runtime.
#[test]
fn a_fence_that_is_never_polled_does_nothing() {
    let stop = Event::new();
    let (held, mut dropped) = oneshot::channel::<()>();
    let fencing = Fencing::new()
        .on("stop", &stop)
        .timeout(Duration::from_secs(1));
    drop(fencing.run(async move { drop(held) }));
    assert_eq!(fence::__private::waiters(&stop), 0);
    assert_eq!(
        dropped.try_recv(),
        Err(oneshot::error::TryRecvError::Closed)
    );
    stop.set();
}

// D7: never is never, and needs no arithmetic of the user's.
#[tokio::test(start_paused = true)]
async fn the_longest_duration_means_never() {
    let year = Duration::from_secs(365 * 24 * 3600);
    for limit in [Some(Duration::MAX), None] {
        let fencing = Fencing::new().timeout(limit).budget(limit);
        assert!(fencing.run(sleep(year)).await.is_completed());
    }
}

// D1, D17: a linked fence passes its cancellation on and stays unstarted. What it captured for that
// is forgotten.
#[tokio::test(start_paused = true)]
async fn a_fence_that_was_blocked_starts_anew_where_it_is_polled_next() {
    #[fenced(linked)]
    async fn linked() {
        pending::<()>().await;
    }
    for is_bound in [false, true] {
        let spent = Fencing::new().budget(Duration::ZERO);
        let mut inner = Box::pin(linked());
        let outer = Fencing::new()
            .run(spent.bind(std::future::poll_fn(|cx| inner.as_mut().poll(cx).map(drop))));
        assert!(outer.await.is_cancelled(), "by the link");

        let mut poll = || support::poll(&mut inner);
        let poll = if is_bound {
            Fencing::new().bind_sync(poll)
        } else {
            poll()
        };
        assert!(
            poll.is_pending(),
            "the budget is not bound here: {is_bound}"
        );
    }
}

// D18: nor does a name stay covered that is bound no more.
#[tokio::test]
async fn a_name_is_looked_up_where_the_fence_starts() {
    #[fenced(on = "first_poll::looked_up", linked)]
    async fn linked() {
        pending::<()>().await;
    }
    let fired = Event::new();
    fired.set();
    let set = Fencing::new()
        .on("stop", &fired)
        .on("first_poll::looked_up", &Event::new());
    let mut inner = Box::pin(linked());
    let outer =
        Fencing::new().run(set.bind(std::future::poll_fn(|cx| inner.as_mut().poll(cx).map(drop))));
    assert!(outer.await.is_cancelled(), "by the link");

    let mut inner = task::spawn(Fencing::new().bind(inner));
    assert_pending!(inner.poll());
    Event::named("first_poll::looked_up").set();
    assert!(inner.is_woken());
    assert!(assert_ready!(inner.poll()).cancelled_by("first_poll::looked_up"));
}
