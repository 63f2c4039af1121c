//! Tokio's coop budget: who has spent it must not matter (D7).

use std::future::pending;
use std::time::Duration;

use fence::{Event, Fenced, Fencing};
use tokio::io::AsyncReadExt;
use tokio::task::coop;
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready, task};

const LIMIT: Duration = Duration::from_millis(20);
const WATCHDOG: Duration = Duration::from_secs(10);

/// Reads forever from what is always ready.
async fn hot() {
    let mut buffer = [0; 64];
    loop {
        let read = tokio::io::empty().read(&mut buffer).await;
        assert_eq!(read.expect("empty never fails"), 0);
    }
}

// On the real clock, at top level, in a task, and as the inner of two.
#[tokio::test]
async fn a_hot_body_does_not_starve_its_timeout() {
    let limited = Fencing::new().timeout(LIMIT);
    let nested = limited.run(async { Fencing::new().run(hot()).await });
    let nested = async { nested.await.and_then(|inner| inner) };
    let start = Instant::now();
    let spawned = async {
        tokio::spawn(Fencing::new().timeout(LIMIT).run(hot()))
            .await
            .unwrap()
    };
    let all = async { [limited.run(hot()).await, spawned.await, nested.await] };
    let all: [Fenced<()>; 3] = tokio::time::timeout(WATCHDOG, all).await.expect("starved");
    assert!(all.iter().all(|outcome| outcome.cancelled_by("timeout")));
    assert!(start.elapsed() >= 3 * LIMIT);
}

/// Uses up the budget of the task in this poll.
async fn spend() {
    while coop::has_budget_remaining() {
        coop::consume_budget().await;
    }
}

// D7: the body, or a neighbour before it, has spent the budget when the timer is armed.
#[tokio::test(start_paused = true)]
async fn a_spent_budget_does_not_keep_the_timer_from_being_armed() {
    let body = async {
        spend().await;
        pending::<()>().await;
    };
    let mut fence = task::spawn(Fencing::new().timeout(LIMIT).run(body));
    assert_pending!(fence.poll());
    advance(LIMIT).await;
    assert!(fence.is_woken());
    assert!(assert_ready!(fence.poll()).cancelled_by("timeout"));
}

// D7: a hot neighbour in the same task, polled first.
#[tokio::test]
async fn a_hot_neighbour_delays_no_firing() {
    let fence = Fencing::new().timeout(LIMIT).run(pending::<()>());
    let both = async {
        tokio::select! {
            biased;
            () = hot() => unreachable!("it reads forever"),
            outcome = fence => outcome,
        }
    };
    let outcome = tokio::time::timeout(WATCHDOG, both).await.expect("starved");
    assert!(outcome.cancelled_by("timeout"));
}

// Only the look at the triggers is exempt from the budget, not the body.
#[tokio::test]
async fn a_hot_body_is_fair_to_its_neighbours() {
    let stop = Event::new();
    let hot = Fencing::new().on("stop", &stop).run(hot());
    let modest = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        stop.set();
    };
    let both = async { tokio::join!(hot, modest) };
    let (outcome, ()) = tokio::time::timeout(WATCHDOG, both).await.expect("starved");
    assert!(outcome.cancelled_by("stop"));
}

// Fences that are always ready let no outer fence act; a checkpoint does.
#[tokio::test]
async fn a_tight_loop_is_cut_at_its_checkpoint() {
    let looping = async {
        loop {
            assert_eq!(Fencing::new().run(async { 1 }).await.unwrap(), 1);
            fence::checkpoint().await;
        }
    };
    let outcome: Fenced<()> = Fencing::new().timeout(LIMIT).run(looping).await;
    assert!(outcome.cancelled_by("timeout"));
}

// Without a checkpoint the loop ends by itself, since it is bounded.
#[tokio::test]
async fn a_tight_loop_without_a_checkpoint_completes() {
    let limit = Duration::from_micros(1);
    let looping = async {
        for _ in 0..10_000 {
            assert_eq!(Fencing::new().run(async { 1 }).await.unwrap(), 1);
        }
    };
    assert!(
        Fencing::new()
            .timeout(limit)
            .run(looping)
            .await
            .is_completed()
    );
}
