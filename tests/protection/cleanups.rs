//! What is undone when a fence cancels, when, in which order, and who learns of it (D25).

use std::future::pending;
use std::time::Duration;

use fence::{Event, Fencing, State, on_cancel, on_cancel_with, shield};
use support::{Log, ms};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn it_is_awaited_told_why_and_only_on_cancel() {
    for completes in [false, true] {
        let (disc, log, start) = (Event::new(), Log::default(), Instant::now());
        let body = async {
            let log = log.clone();
            on_cancel_with(|why| async move {
                sleep(ms(100)).await;
                log.push(why.primary().code());
            });
            if completes {
                sleep(ms(10)).await;
            } else {
                pending::<()>().await;
            }
        };
        let fence = Fencing::new().on("disc", &disc).run(body);
        let setting = async {
            sleep(ms(50)).await;
            disc.set()
        };
        let (outcome, _) = tokio::join!(async { (fence.await, start.elapsed()) }, setting);
        let expected: &[&str] = if completes { &[] } else { &["disc"] };
        assert_eq!(outcome.0.is_completed(), completes);
        assert_eq!(outcome.1, if completes { ms(10) } else { ms(150) });
        assert_eq!(log.lines(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_fires_meanwhile_is_recorded_and_cuts_nothing() {
    let (a, b, log, start) = (Event::new(), Event::new(), Log::default(), Instant::now());
    let asked = log.clone();
    let fencing = Fencing::new().on("A", &a).on("B", &b).guard(move |reason| {
        asked.push(format!("asked about {}", reason.code()));
        true
    });
    let fence = fencing.run(async {
        on_cancel(log.cleanup(50, "done"));
        pending::<()>().await;
    });
    let setting = async {
        sleep(ms(1)).await;
        a.set();
        sleep(ms(9)).await;
        b.set();
    };
    let (outcome, ()) = tokio::join!(async { fence.await.cancelled().unwrap() }, setting);
    assert_eq!(start.elapsed(), ms(51));
    assert_eq!(log.lines(), ["asked about A", "done", "asked about B"]);
    let codes: Vec<_> = outcome.reasons().iter().map(fence::Reason::code).collect();
    assert_eq!(codes, ["A", "B"]);
    assert_eq!(outcome.cleanup().ran(), 1);
}

// A cleanup that is stuck is really gone, and the outcome says so.
#[tokio::test(start_paused = true)]
async fn one_that_overruns_is_dropped_and_reported() {
    let (log, start) = (Log::default(), Instant::now());
    let fencing = Fencing::new().timeout(ms(10)).cleanup_within(ms(200));
    let fence = fencing.run(async {
        on_cancel(log.cleanup(100, "in time"));
        on_cancel(log.cleanup(400, "late"));
        on_cancel(log.cleanup(50, "first"));
        pending::<()>().await;
    });
    let why = fence.await.cancelled().unwrap();
    assert_eq!(start.elapsed(), ms(210));
    assert_eq!((why.cleanup().ran(), why.cleanup().overran()), (1, 2));
    assert!(!why.cleanup().is_clean() && why.is_timeout());
    assert_eq!(
        why.to_string(),
        "cancelled: timeout: timed out after 10ms (1 cleaned up, 2 overran)"
    );
    sleep(ms(500)).await;
    assert_eq!(log.lines(), ["first"]);
}

// D25: five seconds, unless set.
#[tokio::test(start_paused = true)]
async fn cleanups_have_five_seconds() {
    let start = Instant::now();
    let fence = Fencing::new().timeout(Duration::ZERO + ms(1)).run(async {
        on_cancel(pending());
        pending::<()>().await;
    });
    assert_eq!(fence.await.cancelled().unwrap().cleanup().overran(), 1);
    assert_eq!(start.elapsed(), ms(5001));
}

// Code that outlives its client opts out with a set of its own.
#[tokio::test(start_paused = true)]
async fn a_cleanup_runs_under_what_was_bound() {
    let (disconnect, log) = (Event::new(), Log::default());
    let bound = Fencing::new().on("disconnect", &disconnect);
    let (seen, set) = (log.clone(), disconnect.clone());
    let request = bound.bind(async move {
        let fence = Fencing::current().run(async move {
            on_cancel(async move {
                let inherited = Fencing::current().run(async { unreachable!() }).await;
                let inherited: fence::Fenced<()> = inherited;
                let own = Fencing::new().timeout(ms(1000)).run(async {
                    sleep(ms(10)).await;
                    2
                });
                let line = format!("{} {}", inherited.is_cancelled(), own.await.unwrap());
                seen.push(line);
            });
            set.set();
            pending::<()>().await;
        });
        fence.await
    });
    assert!(request.await.cancelled_by("disconnect"));
    assert_eq!(log.lines(), ["true 2"]);
}

// D25: last registered first; a panic is reported and keeps nobody from running.
#[tokio::test(start_paused = true)]
async fn in_order_whatever_one_of_them_does() {
    let log = Log::default();
    let fence = Fencing::new().timeout(ms(1)).named("order").run(async {
        on_cancel(log.cleanup(1, "first"));
        on_cancel(async { panic!("no such seat") });
        on_cancel(log.cleanup(1, "third"));
        assert!(on_cancel(log.cleanup(1, "disarmed")).disarm());
        pending::<()>().await;
    });
    let why = fence.await.cancelled().unwrap();
    assert_eq!(log.lines(), ["third", "first"]);
    assert_eq!(why.cleanup().panics(), ["no such seat"]);
    assert!(
        why.to_string()
            .ends_with("(2 cleaned up, 1 panicked: no such seat)")
    );
}

// Disarmed it does not run, and says so once.
#[tokio::test(start_paused = true)]
async fn a_cleanup_runs_once_or_is_taken_back() {
    let log = Log::default();
    let mut guards = Vec::new();
    let fence = Fencing::new().timeout(ms(1)).run(async {
        for n in 0..100 {
            guards.push(on_cancel(log.cleanup(0, &n.to_string())));
        }
        for guard in guards.drain(50..) {
            assert!(guard.disarm());
        }
        pending::<()>().await;
    });
    let why = fence.await.cancelled().unwrap();
    assert_eq!((why.cleanup().ran(), log.lines().len()), (50, 50));
    assert!(
        guards.into_iter().all(|guard| !guard.disarm()),
        "they have run"
    );
    assert!(!on_cancel(async {}).disarm(), "there is no fence");
}

// D25: cleanups of fences inside come first; the outer one resolves after them, and is their why.
#[tokio::test(start_paused = true)]
async fn inner_ones_first() {
    let (log, start) = (Log::default(), Instant::now());
    let inner = async {
        let deepest = Fencing::new().run(async {
            on_cancel(log.cleanup(10, "deepest"));
            pending::<()>().await;
        });
        let log = log.clone();
        on_cancel_with(move |why| async move { log.push(why.to_string()) });
        let _ = deepest.await;
    };
    let outer = Fencing::new().timeout(ms(5)).run(async {
        on_cancel(log.cleanup(10, "outer"));
        let _ = Fencing::new().run(inner).await;
    });
    let why = outer.await.cancelled().unwrap();
    let said = "cancelled: timeout: timed out after 5ms";
    assert_eq!(log.lines(), ["deepest", said, "outer"]);
    assert_eq!(why.cleanup().ran(), 3);
    assert_eq!(start.elapsed(), ms(25));
}

// D25, D13: an outer fence that fires while an inner one cleans up waits, and then takes over.
#[tokio::test(start_paused = true)]
async fn an_outer_fence_waits_for_the_cleanups_inside() {
    let (log, start) = (Log::default(), Instant::now());
    let outer = Fencing::new().timeout(ms(20)).run(async {
        let inner = Fencing::new().timeout(ms(10)).run(async {
            on_cancel(log.cleanup(50, "inner"));
            pending::<()>().await;
        });
        let _ = inner.await;
        log.push("between");
    });
    assert!(outer.await.is_cancelled());
    assert_eq!(log.lines(), ["inner"]);
    assert_eq!(start.elapsed(), ms(60));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_started_has_none() {
    let log = Log::default();
    let fence = Fencing::new().timeout(Duration::ZERO).run(async {
        on_cancel(log.cleanup(0, "undone"));
    });
    assert_eq!(fence.await.cancelled().unwrap().cleanup().ran(), 0);
    assert!(log.lines().is_empty());
}

// D25: registered inside a shield, for the fence around it.
#[tokio::test(start_paused = true)]
async fn a_shield_hides_no_fence_from_its_cleanups() {
    let log = Log::default();
    let fence = Fencing::new().timeout(ms(10)).run(async {
        shield(async {
            sleep(ms(20)).await;
            on_cancel(log.cleanup(0, "undone"));
        })
        .await;
        pending::<()>().await;
    });
    assert_eq!(fence.await.cancelled().unwrap().cleanup().ran(), 1);
    assert_eq!(log.lines(), ["undone"]);
}

// D4, D25: an async destructor: what a dropped value registers runs with the rest.
#[tokio::test(start_paused = true)]
async fn destructors_may_register() {
    struct Connection(Log);
    impl Drop for Connection {
        fn drop(&mut self) {
            self.0.push("dropped");
            on_cancel(self.0.cleanup(5, "closed"));
        }
    }
    let log = Log::default();
    let fence = Fencing::new().timeout(ms(10)).run(async {
        let _connection = Connection(log.clone());
        pending::<()>().await;
    });
    assert_eq!(fence.await.cancelled().unwrap().cleanup().ran(), 1);
    assert_eq!(log.lines(), ["dropped", "closed"]);
}

// A cleanup that is not needed is dropped, which is user code: all is in order by then.
#[tokio::test]
async fn one_that_panics_when_it_is_not_needed_takes_no_value_along() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let mut fence = Fencing::new().run(async {
        let panics = Panics;
        on_cancel(async move { drop(panics) });
        7
    });
    let handle = fence.handle();

    assert_eq!(fence.await.unwrap(), 7);
    assert_eq!(handle.state(), State::Completed);
}
