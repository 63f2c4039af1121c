//! A body that is told, and has time to finish (D23).

use std::future::pending;
use std::time::Duration;

use fence::__private::waiters;
use fence::block::fenced;
use fence::{Cancelled, Event, Fencing, State, cancelled, check};
use futures::stream::{FuturesUnordered, StreamExt};
use support::ms;
use tokio::time::{Instant, sleep};
use tokio_test::{assert_pending, assert_ready, task};

/// 10 ms, and as long again.
fn graced() -> Fencing {
    Fencing::new().timeout(ms(10)).grace(ms(10))
}

#[tokio::test(start_paused = true)]
async fn the_body_is_told_and_may_finish() {
    let start = Instant::now();
    let outcome = graced().run(async {
        assert!(check().is_ok());
        let why = cancelled().await;
        assert_eq!((start.elapsed(), why.is_timeout()), (ms(10), true));
        assert!(check().unwrap_err().is_timeout());
        assert_eq!(fence::remaining(), Some(ms(10)), "the end of the grace");
        sleep(ms(9)).await;
        7
    });
    assert_eq!(outcome.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_grace_ends_on_time() {
    for (grace, end) in [(10, 20), (0, 10)] {
        let start = Instant::now();
        let fencing = Fencing::new().timeout(ms(10)).grace(ms(grace));
        assert!(fencing.run(pending::<()>()).await.cancelled_by("timeout"));
        assert_eq!(start.elapsed(), ms(end));
    }
}

// D23, D13: until the grace is over, fences inside work as ever, under the same waker and others.
#[tokio::test(start_paused = true)]
async fn fences_inside_work_in_the_time_that_is_left() {
    let start = Instant::now();
    let outcome = graced().run(async {
        let before = Fencing::new().timeout(ms(12)).run(pending::<()>()).await;
        assert_eq!((before.is_cancelled(), start.elapsed()), (true, ms(12)));
        let entered = Fencing::new().timeout(ms(3)).run(pending::<()>()).await;
        assert_eq!((entered.is_cancelled(), start.elapsed()), (true, ms(15)));
        fence::checkpoint().await;
        let deep = Fencing::new().timeout(ms(100)).run(pending::<()>()).await;
        unreachable!("the grace ends first: {deep:?}");
    });
    let outcome: fence::Fenced<()> = outcome.await;
    assert!(outcome.is_cancelled());
    assert_eq!(start.elapsed(), ms(20));
}

// The grace of a fence whose timer another one runs.
#[tokio::test(start_paused = true)]
async fn an_inner_grace_ends_on_time_too() {
    let start = Instant::now();
    let outer = Fencing::new().timeout(ms(1000)).run(async {
        assert!(graced().run(pending::<()>()).await.is_cancelled());
        start.elapsed()
    });
    assert_eq!(outer.await.unwrap(), ms(20));
}

#[tokio::test(start_paused = true)]
async fn a_part_with_a_waker_of_its_own_is_told() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop).grace(ms(10));
    let fence = fencing.run(async {
        let mut parts: FuturesUnordered<_> = [cancelled(), cancelled()].into_iter().collect();
        let why: Vec<Cancelled> = [parts.next().await, parts.next().await]
            .map(Option::unwrap)
            .into();
        why.iter().all(|why| why.by("stop"))
    });
    let setting = async {
        sleep(ms(5)).await;
        stop.set()
    };
    assert!(tokio::join!(fence, setting).0.unwrap());
    assert_eq!(waiters(&stop), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cooperative_body_is_never_dropped() {
    let (stop, start) = (Event::new(), Instant::now());
    let fence = Fencing::new()
        .on("stop", &stop)
        .timeout(ms(50))
        .cooperative()
        .run(async {
            let why = cancelled().await;
            sleep(Duration::from_secs(3600)).await;
            why.by("stop")
        });
    let setting = async {
        sleep(ms(5)).await;
        stop.set()
    };
    assert!(tokio::join!(fence, setting).0.unwrap());
    assert_eq!(start.elapsed(), Duration::from_secs(3600) + ms(5));
}

// D2: but it never starts after the firing.
#[tokio::test(start_paused = true)]
async fn what_has_fired_before_the_start_needs_no_grace() {
    for fencing in [graced(), Fencing::new().cooperative()] {
        let outcome = fencing.timeout(Duration::ZERO).run(async {}).await;
        assert!(outcome.is_cancelled());
    }
}

// D23: a grace does not spin.
#[tokio::test(start_paused = true)]
async fn a_body_in_its_grace_sleeps() {
    let stop = Event::new();
    let mut fence = Fencing::new()
        .on("stop", &stop)
        .grace(ms(10))
        .run(pending::<()>());
    let handle = fence.handle();
    let mut fence = task::spawn(fence);
    assert_pending!(fence.poll());
    stop.set();
    assert!(fence.is_woken());
    for _ in 0..5 {
        assert_pending!(fence.poll());
        assert!(!fence.is_woken());
    }
    tokio::time::advance(ms(10)).await;
    assert!(fence.is_woken());
    assert!(assert_ready!(fence.poll()).cancelled_by("stop"));
    assert_eq!(handle.state(), State::Cancelled);
}

// What a body makes of its last moments is its value.
#[tokio::test(start_paused = true)]
async fn a_body_that_notices_and_returns_has_completed() {
    let noticing = |fencing: Fencing, event: Event| async move {
        let fence = fencing.run(async {
            event.set();
            check().map_err(|why| why.primary().code().to_owned())
        });
        fence.await.unwrap()
    };
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop);
    assert_eq!(noticing(fencing, stop).await, Err("stop".to_owned()));
}

// Outside of fences, and under a plain one, which drops the body at its next await.
#[tokio::test(start_paused = true)]
async fn without_a_grace_there_is_one_step() {
    assert!(futures::poll!(std::pin::pin!(cancelled())).is_pending());
    let (stop, mut told) = (Event::new(), false);
    let fence = Fencing::new().on("stop", &stop).run(async {
        told = cancelled().await.by("stop");
        pending::<()>().await;
    });
    let setting = async {
        sleep(ms(5)).await;
        stop.set()
    };
    assert!(tokio::join!(fence, setting).0.is_cancelled());
    assert!(told);
}

#[fence::fenced(timeout = "10ms", grace = "10ms")]
async fn says_goodbye() -> bool {
    cancelled().await.is_timeout()
}

#[fence::fenced(on = "never-set", cooperative, timeout = limit)]
async fn goes_on(limit: Duration) -> &'static str {
    sleep(ms(100)).await;
    "done"
}

#[tokio::test(start_paused = true)]
async fn as_options_of_the_macros() {
    assert!(says_goodbye().await.unwrap());
    assert_eq!(goes_on(ms(10)).await.unwrap(), "done");
    let told = fenced!(timeout = "10ms", grace = ms(10), cancelled());
    assert!(told.unwrap().is_timeout());
    let mut seen = false;
    let declined = fenced!(timeout("soft", "10ms"), unless("soft", || true), {
        sleep(ms(20)).await;
        seen = true;
    });
    assert!(declined.is_completed() && seen);
    let undone = fenced!(timeout = "10ms", cleanup = "20ms", {
        fence::on_cancel(async { sleep(ms(30)).await });
        pending::<()>().await;
    });
    assert_eq!(undone.cancelled().unwrap().cleanup().overran(), 1);
}

/// Until when the code may run on: the end of a grace, an outer limit if that is earlier, nothing
/// under a cooperative fence, now under one that cuts (D20).
#[tokio::test(start_paused = true)]
async fn the_time_left_is_that_to_the_end_of_the_grace() {
    async fn left(fencing: &Fencing, outer: &Fencing) -> (Option<Duration>, Option<Duration>) {
        let body = async {
            let before = fence::remaining();
            cancelled().await;
            (before, fence::remaining())
        };
        outer.run(fencing.run(body)).await.unwrap().unwrap()
    }
    let limit = Fencing::new().timeout(ms(10));
    let (none, far, near) = (
        Fencing::new(),
        Fencing::new().timeout(ms(500)),
        Fencing::new().timeout(ms(14)),
    );
    let graced = limit.clone().grace(ms(100));
    assert_eq!(left(&graced, &none).await, (Some(ms(10)), Some(ms(100))));
    assert_eq!(left(&graced, &far).await, (Some(ms(10)), Some(ms(100))));
    assert_eq!(left(&graced, &near).await, (Some(ms(10)), Some(ms(4))));
    let cooperative = limit.clone().cooperative();
    assert_eq!(left(&cooperative, &none).await, (Some(ms(10)), None));
    assert_eq!(left(&cooperative, &near).await, (Some(ms(10)), Some(ms(4))));
    let bound = Fencing::new().budget(ms(10));
    let under = bound.bind(async { left(&Fencing::current().grace(ms(100)), &none).await });
    assert_eq!(
        under.await,
        (Some(ms(10)), Some(ms(100))),
        "the passed budget is what it is for"
    );
}

/// What starts within a grace is not cut by what the grace is for, but by all else (D23).
#[tokio::test(start_paused = true)]
async fn what_starts_within_a_grace_runs_until_it_ends() {
    let (stop, other) = (Event::new(), Event::new());
    let set = Fencing::new().on("stop", &stop).budget(ms(1000));
    let body = async {
        stop.set();
        let saved = Fencing::current().timeout(ms(50)).run(async { 1 }).await;
        cancelled().await;
        let again = Fencing::current().run(sleep(ms(20))).await;
        let spawned = fence::spawn(async { Fencing::current().run(sleep(ms(20))).await }).await;
        let own = Fencing::current().timeout(ms(5)).run(pending::<()>()).await;
        let new = Fencing::current().on("other", &other).run(async {
            other.set();
            pending::<()>().await;
        });
        (saved, again, spawned.unwrap(), own, new.await)
    };
    let outcome = set
        .bind(async { Fencing::current().grace(ms(100)).run(body).await })
        .await;
    let (saved, again, spawned, own, new) = outcome.unwrap();
    assert_eq!(saved.unwrap(), 1, "it fired in this very step");
    assert!(again.is_completed() && spawned.is_completed());
    assert!(own.cancelled_by("timeout"), "its own limit");
    assert!(new.cancelled_by("other"), "not what the grace is for");
}

#[tokio::test(start_paused = true)]
async fn what_starts_within_a_grace_ends_with_it() {
    let (stop, start) = (Event::new(), Instant::now());
    let set = Fencing::new().on("stop", &stop);
    let body = async {
        stop.set();
        cancelled().await;
        let inner = Fencing::current().run(pending::<()>()).await;
        unreachable!("the outer one acts: {inner:?}")
    };
    let outcome = set.bind(async { Fencing::current().grace(ms(100)).run(body).await });
    let _: fence::Fenced<()> = outcome.await;
    assert_eq!(start.elapsed(), ms(100));
}

/// One that runs by then, and watches the same source, is cut by it.
#[tokio::test(start_paused = true)]
async fn what_runs_when_the_grace_begins_obeys_its_own_sources() {
    let stop = Event::new();
    let set = Fencing::new().on("stop", &stop);
    let body = async {
        let inner = Fencing::current().run(async {
            stop.set();
            pending::<()>().await;
        });
        inner.await
    };
    let outcome = set.bind(async { Fencing::current().grace(ms(100)).run(body).await });
    assert!(outcome.await.unwrap().cancelled_by("stop"));
}
