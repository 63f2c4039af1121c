//! What no enclosing fence may cut (D21, D22).

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fence::{Event, Fencing, shield};
use futures::stream::{FuturesUnordered, StreamExt};
use support::ms;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tokio_test::{assert_pending, assert_ready, task};

type Log = RefCell<Vec<&'static str>>;

async fn step(log: &Log, time: u64, name: &'static str) {
    sleep(ms(time)).await;
    log.borrow_mut().push(name);
}

#[tokio::test(start_paused = true)]
async fn the_section_ends_and_what_waits_after_it_does_not() {
    for (limit, logged) in [(10, &["a", "b"][..]), (1000, &["a", "b", "c"])] {
        let (log, start) = (Log::default(), Instant::now());
        let body = async {
            assert_eq!(
                shield(async {
                    step(&log, 50, "a").await;
                    7
                })
                .await,
                7
            );
            log.borrow_mut().push("b");
            fence::checkpoint().await;
            log.borrow_mut().push("c");
        };
        let outcome = Fencing::new().timeout(ms(limit)).run(body).await;
        assert_eq!(outcome.cancelled_by("timeout"), limit == 10);
        assert_eq!(*log.borrow(), logged);
        assert_eq!(start.elapsed() / 50, ms(1), "cut once the shield is over");
    }
}

// The outermost shield counts, and a fence inside one is a fence like any other.
#[tokio::test(start_paused = true)]
async fn shields_inside_shields_and_fences_inside_shields() {
    for is_fence in [false, true] {
        let (log, start) = (Log::default(), Instant::now());
        let inner = async {
            step(&log, 100, "0").await;
            step(&log, 100, "1").await;
        };
        let body = async {
            shield(async {
                sleep(ms(100)).await;
                if is_fence {
                    Fencing::new().run(inner).await.unwrap();
                } else {
                    shield(inner).await;
                }
                step(&log, 100, "2").await;
                let own = Fencing::new().timeout(ms(5)).run(pending::<()>()).await;
                assert!(own.cancelled_by("timeout"), "a fence inside obeys itself");
            })
            .await;
            step(&log, 1, "tail").await;
        };
        assert!(
            Fencing::new()
                .timeout(ms(250))
                .run(body)
                .await
                .is_cancelled()
        );
        assert_eq!(*log.borrow(), ["0", "1", "2"]);
        assert_eq!(start.elapsed(), ms(405));
    }
}

// D20
#[tokio::test(start_paused = true)]
async fn code_inside_is_not_told_to_stop() {
    let body = async {
        let inner = Fencing::new().timeout(ms(10_000));
        assert_eq!(fence::remaining(), Some(ms(5000)));
        let left = inner.run(async { fence::remaining() }).await;
        assert_eq!(left.unwrap(), Some(ms(5000)));
        shield(async {
            assert_eq!(fence::remaining(), None);
            let left = inner.run(async { fence::remaining() }).await;
            assert_eq!(left.unwrap(), Some(ms(10_000)));
            sleep(ms(6000)).await;
            assert!(fence::check().is_ok());
            assert_eq!(fence::remaining(), None);
        })
        .await;
        assert!(fence::check().unwrap_err().is_timeout());
        assert_eq!(fence::remaining(), Some(Duration::ZERO));
    };
    assert!(
        Fencing::new()
            .timeout(ms(5000))
            .run(body)
            .await
            .is_completed()
    );
}

// D5: nothing that was read or done right before a section is lost.
#[tokio::test(start_paused = true)]
async fn a_section_that_is_reached_starts_also_after_the_firing() {
    let (stop, log) = (Event::new(), Log::default());
    let body = async {
        stop.set();
        shield(step(&log, 10, "done")).await;
        step(&log, 10, "waits").await;
    };
    let outcome = Fencing::new().on("stop", &stop).run(body).await;
    assert!(outcome.cancelled_by("stop"));
    assert_eq!(*log.borrow(), ["done"]);
}

// D22
#[tokio::test(start_paused = true)]
async fn a_shield_is_no_defence_against_abort() {
    let (stop, done) = (Event::new(), Event::new());
    let fencing = Fencing::new().on("stop", &stop);
    let set = done.clone();
    let task = tokio::spawn(fencing.run(shield(async move {
        sleep(ms(10)).await;
        set.set();
    })));
    sleep(ms(5)).await;
    stop.set();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    sleep(ms(100)).await;
    assert!(!done.is_set());
    assert_eq!(fence::__private::waiters(&stop), 0);
}

// D21: with a waker of its own, a section that was not polled in this round counts all the same.
#[tokio::test(start_paused = true)]
async fn a_section_that_is_not_polled_is_still_open() {
    let (stop, log) = (Event::new(), Log::default());
    let body = async {
        let mut parts = FuturesUnordered::new();
        parts.push(futures::future::Either::Left(shield(step(
            &log, 50, "done",
        ))));
        parts.push(futures::future::Either::Right(step(&log, 20, "beside")));
        while parts.next().await.is_some() {}
        step(&log, 20, "after").await;
    };
    let setting = async {
        sleep(ms(5)).await;
        stop.set()
    };
    let outcome = Fencing::new().on("stop", &stop).run(body);
    let (outcome, _) = tokio::join!(outcome, setting);
    assert!(outcome.cancelled_by("stop"));
    assert_eq!(*log.borrow(), ["beside", "done"]);
}

#[tokio::test(start_paused = true)]
async fn the_last_of_several_sections_counts() {
    let (log, start) = (Log::default(), Instant::now());
    let body = async {
        tokio::join!(
            shield(step(&log, 30, "short")),
            shield(step(&log, 60, "long"))
        );
        sleep(ms(1)).await;
    };
    let outcome = Fencing::new().timeout(ms(10)).run(body).await;
    assert!(outcome.is_cancelled());
    assert_eq!(*log.borrow(), ["short", "long"]);
    assert_eq!(start.elapsed(), ms(60));
}

// D21: a cancellation that waits sleeps.
#[tokio::test(start_paused = true)]
async fn a_deferred_cancellation_does_not_spin() {
    let (stop, polls) = (Event::new(), AtomicUsize::new(0));
    let (open, opened) = oneshot::channel::<()>();
    let section = shield(async { opened.await.unwrap() });
    let mut fence = task::spawn(Fencing::new().on("stop", &stop).run(async {
        let mut section = std::pin::pin!(section);
        std::future::poll_fn(|cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            section.as_mut().poll(cx)
        })
        .await;
        pending::<()>().await;
    }));
    assert_pending!(fence.poll());
    stop.set();
    assert!(fence.is_woken());
    for _ in 0..5 {
        assert_pending!(fence.poll());
        assert!(
            !fence.is_woken(),
            "it has nothing to do until the section ends"
        );
    }
    open.send(()).unwrap();
    assert!(fence.is_woken());
    assert!(assert_ready!(fence.poll()).cancelled_by("stop"));
    assert_eq!(polls.load(Ordering::Relaxed), 7);
}

// D21: dropped midway, and panicking, it lifts itself.
#[tokio::test(start_paused = true)]
async fn a_section_that_ends_early_lifts_itself() {
    let stop = Event::new();
    let dropped = Fencing::new().on("stop", &stop).run(async {
        let _ = tokio::time::timeout(ms(10), shield(pending::<()>())).await;
        stop.set();
        pending::<()>().await;
    });
    assert!(dropped.await.cancelled_by("stop"));

    let stop = Event::new();
    let mut fence = task::spawn(Fencing::new().on("stop", &stop).run(async {
        let mut calls = 0;
        let mut section = std::pin::pin!(shield(std::future::poll_fn(|_| {
            calls += 1;
            assert!(calls == 1, "as it should");
            std::task::Poll::<()>::Pending
        })));
        std::future::poll_fn(|cx| {
            let poll = catch_unwind(AssertUnwindSafe(|| section.as_mut().poll(cx)));
            if poll.is_err() {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        stop.set();
        pending::<()>().await;
    }));
    assert_pending!(fence.poll());
    assert!(assert_ready!(fence.poll()).cancelled_by("stop"));
}

// D14: a section that moves to another task holds its fence until it is polled there.
#[tokio::test(start_paused = true)]
async fn a_section_that_moves_out_lets_its_fence_go() {
    let stop = Event::new();
    let (send, receive) = oneshot::channel();
    let fence = tokio::spawn(Fencing::new().on("stop", &stop).run(async move {
        let mut section = Box::pin(shield(sleep(ms(50))));
        assert!(futures::poll!(section.as_mut()).is_pending());
        assert!(send.send(section).is_ok());
        pending::<()>().await;
    }));
    let section = receive.await.unwrap();
    stop.set();
    tokio::task::yield_now().await;
    assert!(!fence.is_finished(), "the section is open");
    let start = Instant::now();
    section.await;
    assert!(fence.await.unwrap().cancelled_by("stop"));
    assert_eq!(start.elapsed(), ms(50));
}

// D14: and one whose fence has ended meanwhile harms nobody.
#[tokio::test(start_paused = true)]
async fn a_section_may_outlive_its_fence() {
    let (send, receive) = oneshot::channel();
    let fence = Fencing::new().run(async move {
        let mut section = Box::pin(shield(sleep(ms(50))));
        assert!(futures::poll!(section.as_mut()).is_pending());
        assert!(send.send(section).is_ok());
    });
    assert!(fence.await.is_completed());
    let section = receive.await.unwrap();
    let around = Fencing::new().timeout(ms(10)).run(async {
        section.await;
        pending::<()>().await;
    });
    let start = Instant::now();
    assert!(around.await.is_cancelled());
    assert_eq!(
        start.elapsed(),
        ms(50),
        "it holds up the fence that it is in now"
    );
}
