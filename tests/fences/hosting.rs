//! Fences inside one another, polled with one waker: who watches, and that nobody is forgotten.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::task::Poll;

use fence::__private::waiters;
use fence::{Event, Fenced, Fencing};
use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use support::ms;
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};

fn timeout(limit: u64) -> Fencing {
    Fencing::new().timeout(ms(limit))
}

// D13, D7: whoever is due first, at its own time.
#[tokio::test(start_paused = true)]
async fn the_inner_one_is_tighter_looser_or_equal() {
    for (outer, inner, code) in [(100, 30, "inner"), (30, 100, "outer"), (50, 50, "outer")] {
        let start = Instant::now();
        let fence = Fencing::new().timeout_as("outer", ms(outer)).run(async {
            Fencing::new()
                .timeout_as("inner", ms(inner))
                .run(pending::<()>())
                .await
        });
        let outcome = fence.await.and_then(|inner| inner);
        assert_eq!(outcome.reasons()[0].code(), code);
        assert_eq!(outcome.reasons().len(), 1);
        assert_eq!(start.elapsed(), ms(outer.min(inner)));
    }
}

// The host's timer went off for the first inner fence; the second one asked before that.
#[tokio::test(start_paused = true)]
async fn several_inner_fences_each_in_time() {
    let start = Instant::now();
    let one = |limit| async move {
        let outcome = timeout(limit).run(pending::<()>()).await;
        assert!(outcome.is_cancelled());
        start.elapsed()
    };
    let all = timeout(1000).run(async { tokio::join!(one(30), one(10), one(20), one(10)) });
    assert_eq!(all.await.unwrap(), (ms(30), ms(10), ms(20), ms(10)));
}

// A host without a time of its own runs its timer for a fence inside; then the task moves.
#[tokio::test(start_paused = true)]
async fn a_timer_for_a_fence_inside_follows_the_task_to_another_waker() {
    let mut fence = Box::pin(Fencing::new().run(async { timeout(50).run(pending::<()>()).await }));
    assert_pending!(task::spawn(&mut fence).poll());
    let mut moved = task::spawn(fence);
    assert_pending!(moved.poll());
    advance(ms(51)).await;
    assert!(moved.is_woken(), "the timer wakes the task where it is now");
    assert!(assert_ready!(moved.poll()).unwrap().cancelled_by("timeout"));
}

// A fence inside has an event that its host does not know; then the task moves.
#[tokio::test(start_paused = true)]
async fn an_event_of_a_fence_inside_follows_the_task_to_another_waker() {
    let stop = Event::new();
    let inner = Fencing::new().on("stop", &stop);
    let mut fence = Box::pin(timeout(1000).run(async { inner.run(pending::<()>()).await }));
    assert_pending!(task::spawn(&mut fence).poll());
    let mut moved = task::spawn(fence);
    assert_pending!(moved.poll());
    assert_eq!(waiters(&stop), 1);
    stop.set();
    assert!(moved.is_woken());
    assert!(assert_ready!(moved.poll()).unwrap().cancelled_by("stop"));
}

/// Polls a future once, and gives it back.
async fn poll_once<F: Future + Unpin>(mut future: F) -> F {
    std::future::poll_fn(|cx| {
        assert!(Pin::new(&mut future).poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    future
}

// D14: it relied on its host for its timer and its event, and has to look after itself now.
#[tokio::test(start_paused = true)]
async fn a_fence_that_leaves_its_host_still_ends_in_time() {
    let stop = Event::new();
    let both = timeout(100).on("stop", &stop);
    for by_event in [false, true] {
        let outer = both.clone();
        let moved = outer
            .run(poll_once(Box::pin(both.run(pending::<()>()))))
            .await
            .unwrap();
        assert_eq!(
            waiters(&stop),
            0,
            "its host, which watched for it, has ended"
        );
        let start = Instant::now();
        let mut moved = task::spawn(moved);
        assert_pending!(moved.poll());
        assert_eq!(waiters(&stop), 1);
        if by_event {
            stop.set();
        } else {
            advance(ms(101)).await;
        }
        assert!(moved.is_woken(), "after {:?}", start.elapsed());
        let code = if by_event { "stop" } else { "timeout" };
        assert!(assert_ready!(moved.poll()).cancelled_by(code));
    }
}

// The same set inside and outside: the host's registration serves both.
#[tokio::test(start_paused = true)]
async fn inner_fences_of_the_bound_set_register_nothing() {
    let stop = Event::new();
    let bound = Fencing::new().on("stop", &stop);
    let three = bound.run(async { bound.run(async { bound.run(pending::<()>()).await }).await });
    let mut three = task::spawn(three);
    assert_pending!(three.poll());
    assert_eq!(waiters(&stop), 1);
    stop.set();
    assert!(assert_ready!(three.poll()).is_cancelled());
    assert_eq!(waiters(&stop), 0);
}

// Each future of the set has a waker of its own.
#[tokio::test(start_paused = true)]
async fn inner_fences_under_other_wakers() {
    let start = Instant::now();
    let fences = (1..=50).map(|n| async move {
        assert!(timeout(n).run(pending::<()>()).await.is_cancelled());
        start.elapsed() == ms(n)
    });
    let (unordered, joined): (FuturesUnordered<_>, Vec<_>) =
        (fences.clone().collect(), fences.collect());
    let all = timeout(1000).run(async {
        tokio::join!(
            unordered.all(|in_time| async move { in_time }),
            join_all(joined)
        )
    });
    let (unordered, joined) = all.await.unwrap();
    assert!(unordered && joined.into_iter().all(|in_time| in_time));
}

// D13, with other wakers in between: nothing between the fences runs.
#[tokio::test(start_paused = true)]
async fn one_event_on_both_levels_under_other_wakers() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop);
    let mut ran = false;
    let fence = fencing.run(async {
        let mut all: FuturesUnordered<_> = (0..3).map(|_| fencing.run(pending::<()>())).collect();
        all.next().await;
        ran = true;
    });
    let (outcome, _) = tokio::join!(fence, async {
        sleep(ms(1)).await;
        stop.set()
    });
    assert!(outcome.cancelled_by("stop"));
    assert!(!ran);
}

// After the host's timer has served a fence inside, an idle task is idle.
#[tokio::test(start_paused = true)]
async fn an_early_wake_happens_once() {
    let mut inner_ended = false;
    let body = async {
        let _: Fenced<()> = timeout(10).run(pending()).await;
        inner_ended = true;
        pending::<()>().await;
    };
    let polls = std::cell::Cell::new(0);
    let mut body = pin!(body);
    let counted = std::future::poll_fn(|cx| {
        polls.set(polls.get() + 1);
        body.as_mut().poll(cx)
    });
    let outcome = timeout(3_600_000).run(counted).await;
    assert!(outcome.cancelled_by("timeout"));
    assert_eq!(
        polls.get(),
        3,
        "the first, one at 10 ms, one when the hour has passed"
    );
}

// D5, D13: a fence that starts inside a fence which has fired starts nothing.
#[tokio::test(start_paused = true)]
async fn nothing_starts_inside_a_fence_that_has_fired() {
    let stop = Event::new();
    let (mut inner, mut between) = (false, false);
    let outcome = Fencing::new().on("stop", &stop).run(async {
        stop.set();
        let _: Fenced<()> = Fencing::new().run(async { inner = true }).await;
        between = true;
    });
    assert!(outcome.await.cancelled_by("stop"));
    assert!(!inner && !between);
}

// D7: it asked its host, was not polled while its time passed, and asks again too late.
#[tokio::test(start_paused = true)]
async fn a_fence_inside_that_asks_too_late_ends_at_once() {
    let start = Instant::now();
    let outer = timeout(1000).run(async {
        let mut late = poll_once(Box::pin(timeout(50).run(pending::<()>()))).await;
        let early = timeout(20).run(pending::<()>()).await;
        assert!(early.is_cancelled());
        sleep(ms(80)).await;
        let late = Pin::new(&mut late).await;
        (late.is_cancelled(), start.elapsed())
    });
    let watched = tokio::time::timeout(ms(5000), outer)
        .await
        .expect("it ends");
    assert_eq!(watched.unwrap(), (true, ms(100)));
}
