//! Timeouts, budgets and deadlines: when they start, which one counts, how exact they are (D7, D19).

use std::future::pending;
use std::time::Duration;

use fence::{Fenced, Fencing};
use support::ms;
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};

/// Runs until it is cancelled: by which codes, and after how long.
async fn until_cut(fencing: &Fencing) -> (Vec<String>, Duration) {
    let start = Instant::now();
    let outcome = fencing.run(pending::<()>()).await;
    let codes = outcome
        .reasons()
        .iter()
        .map(|reason| reason.code().to_owned())
        .collect();
    (codes, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_tightest_wins_in_either_order() {
    let new = Fencing::new;
    for set in [
        new().timeout_as("a", ms(5000)).timeout_as("b", ms(2000)),
        new().timeout_as("b", ms(2000)).timeout_as("a", ms(5000)),
        new().timeout_as("b", ms(2000)).timeout(None),
    ] {
        assert_eq!(until_cut(&set).await, (vec!["b".to_owned()], ms(2000)));
    }
}

// D19: a timeout starts with each fence, however old its set is.
#[tokio::test(start_paused = true)]
async fn every_fence_gets_the_whole_of_a_timeout() {
    let set = Fencing::new().timeout(ms(5000));
    for _ in 0..3 {
        advance(ms(3000)).await;
        assert_eq!(until_cut(&set).await.1, ms(5000));
    }
    set.bind(async {
        sleep(ms(4000)).await;
        assert_eq!(until_cut(&Fencing::current()).await.1, ms(5000));
    })
    .await;
}

// D19
#[tokio::test(start_paused = true)]
async fn a_bound_budget_is_shared_by_what_follows() {
    let start = Instant::now();
    let mut started = false;
    let (one, two, three) = Fencing::new()
        .budget(ms(3000))
        .bind(async {
            let two_seconds = || Fencing::current().run(sleep(ms(2000)));
            let (one, two) = (two_seconds().await, two_seconds().await);
            (
                one,
                two,
                Fencing::current().run(async { started = true }).await,
            )
        })
        .await;
    assert!(one.is_completed());
    assert!(two.cancelled_by("budget") && three.cancelled_by("budget") && !started);
    assert_eq!(start.elapsed(), ms(3000));
    assert_eq!(two.reasons()[0].to_string(), "budget: timed out after 3s");
}

// D19: the value is not the run: bound twice, it starts twice; a fence of its own starts it too.
#[tokio::test(start_paused = true)]
async fn a_budget_starts_where_it_is_bound_or_with_the_fence() {
    let set = Fencing::new().budget(ms(1000));
    for _ in 0..2 {
        let left = set.bind(async { fence::remaining() });
        assert_eq!(left.await, Some(ms(1000)));
        advance(ms(700)).await;
        assert_eq!(until_cut(&set).await.1, ms(1000));
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_deadline_around_wins_and_is_named() {
    for (outer, inner) in [(1000, 4000), (4000, 1000)] {
        let start = Instant::now();
        let at = |code: &'static str, after| Fencing::new().deadline_as(code, start + ms(after));
        let inner_set = at("inner", inner);
        let outcome = at("outer", outer)
            .run(async { inner_set.run(pending::<()>()).await })
            .await;
        let outcome: Fenced<()> = outcome.and_then(|inner| inner);
        let code = if outer < inner { "outer" } else { "inner" };
        assert!(outcome.cancelled_by(code) && outcome.reasons().len() == 1);
        assert_eq!(start.elapsed(), ms(1000));
    }
}

// D7: never early, at most one tick of tokio's wheel late.
#[tokio::test(start_paused = true)]
async fn timeouts_below_a_millisecond_are_never_early() {
    for micros in [1, 250, 999, 1000] {
        let limit = Duration::from_micros(micros);
        let start = Instant::now();
        let mut fence = task::spawn(Fencing::new().timeout(limit).run(pending::<()>()));
        assert_pending!(fence.poll());
        while !fence.is_woken() {
            assert!(start.elapsed() <= limit + ms(1), "{limit:?} is late");
            advance(Duration::from_micros(250)).await;
        }
        assert!(start.elapsed() >= limit, "{limit:?} is early");
        assert!(assert_ready!(fence.poll()).cancelled_by("timeout"));
    }
}

// D7: sums that overflow mean never, beside limits that do not.
#[tokio::test(start_paused = true)]
async fn an_endless_limit_leaves_the_others_in_force() {
    let set = Fencing::new()
        .timeout(Duration::MAX)
        .budget(Duration::MAX)
        .timeout_as("db", ms(5));
    assert_eq!(until_cut(&set).await, (vec!["db".to_owned()], ms(5)));
}

// D19: all three kinds are reasons of their own once they have passed.
#[tokio::test(start_paused = true)]
async fn every_limit_that_has_passed_is_a_reason() {
    let at = Instant::now() + ms(10);
    let set = Fencing::new().timeout(ms(5)).budget(ms(8)).deadline(at);
    let outcome = set.run(async {
        advance(ms(20)).await;
        pending::<()>().await;
    });
    let why = outcome.await.cancelled().unwrap();
    let codes: Vec<_> = why.reasons().iter().map(fence::Reason::code).collect();
    assert_eq!(codes, ["timeout", "budget", "deadline"]);
}

// D7: std's clock is taken too.
#[tokio::test]
async fn a_deadline_of_std_may_be_past() {
    let past = std::time::Instant::now();
    assert!(
        Fencing::new()
            .deadline(past)
            .run(async {})
            .await
            .cancelled_by("deadline")
    );
}
