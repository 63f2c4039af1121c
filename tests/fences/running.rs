//! What happens while a body runs, and to what it returns (D3, D5, D6).

use std::cell::RefCell;
use std::future::pending;
use std::time::Duration;

use fence::{Event, Fencing, FutureExt, ReasonKind, State};
use support::ms;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn an_event_or_a_timeout_fires_while_the_body_waits() {
    let shutdown = Event::new();
    let by_event = Fencing::new().on("shutdown", &shutdown);
    let by_time = Fencing::new().timeout_as("request_budget", ms(100));
    for (fencing, code, kind, at) in [
        (by_event, "shutdown", ReasonKind::Event, 10),
        (by_time, "request_budget", ReasonKind::Timeout, 100),
    ] {
        let (start, log) = (Instant::now(), RefCell::new(Vec::new()));
        let fence = fencing.run(async {
            log.borrow_mut().push("before");
            sleep(Duration::from_secs(1)).await;
            log.borrow_mut().push("after");
        });
        let setter = async {
            sleep(ms(10)).await;
            if kind == ReasonKind::Event {
                shutdown.set();
            }
        };
        let (outcome, ()) = tokio::join!(fence, setter);
        assert_eq!(start.elapsed(), ms(at));
        assert_eq!(outcome.reasons().len(), 1);
        assert_eq!(
            (outcome.reasons()[0].code(), outcome.reasons()[0].kind()),
            (code, kind)
        );
        assert_eq!(log.into_inner(), ["before"]);
    }
}

// D3: the value is kept; what fired too late is on the handle's report.
#[tokio::test(start_paused = true)]
async fn a_body_that_fires_its_own_fence_and_finishes_is_completed() {
    let stop = Event::new();
    let mut fence = Fencing::new().on("stop", &stop).run(async {
        stop.set();
        7
    });
    let handle = fence.handle();
    assert_eq!(fence.await.unwrap(), 7);
    assert_eq!(handle.state(), State::Completed);
    assert_eq!(handle.reasons()[0].code(), "stop");
}

// It blocks the thread beyond its deadline.
#[tokio::test(start_paused = true)]
async fn a_body_that_overruns_in_one_poll_is_completed() {
    let mut fence = Fencing::new().timeout(ms(10)).run(async {
        tokio::time::advance(ms(20)).await;
        7
    });
    let handle = fence.handle();
    assert_eq!(fence.await.unwrap(), 7);
    assert_eq!(handle.reasons().len(), 1);
}

// D5: only a pending await is a cancellation point, and only the first one is reached.
#[tokio::test(start_paused = true)]
async fn awaits_that_are_ready_are_not_cancellation_points() {
    let log = RefCell::new(Vec::new());
    let stop = Event::new();
    let (send, mut receive) = tokio::sync::mpsc::channel(1);
    send.send(()).await.unwrap();
    let outcome = Fencing::new().on("stop", &stop).run(async {
        stop.set();
        std::future::ready(()).await;
        log.borrow_mut().push("a");
        receive.recv().await;
        log.borrow_mut().push("b");
        pending::<()>().await;
        log.borrow_mut().push("c");
    });
    assert!(outcome.await.is_cancelled());
    assert_eq!(log.into_inner(), ["a", "b"]);
}

// D6
#[tokio::test(start_paused = true)]
async fn nothing_leaks_past_the_end_of_a_fence() {
    let (a, b, c) = (Event::new(), Event::new(), Event::new());
    let fencing = Fencing::new().on("a", &a).on("b", &b);
    let (outcome, ()) = tokio::join!(fencing.run(pending::<()>()), async {
        sleep(ms(1)).await;
        a.set();
    });
    b.set();
    sleep(ms(100)).await;
    assert_eq!(outcome.reasons().len(), 1);
    assert!(Fencing::new().run(sleep(ms(1))).await.is_completed());
    let completed = Fencing::new().on("c", &c).run(sleep(ms(1))).await;
    c.set();
    sleep(ms(1)).await;
    assert!(completed.is_completed());
}

// A set is a value, a fence is used once.
#[tokio::test(start_paused = true)]
async fn one_set_makes_many_fences() {
    let fencing = Fencing::new().deadline(Instant::now() + Duration::from_secs(3600));
    let mut outcomes = Vec::new();
    for cancel in [true, false, true] {
        let mut fence = fencing.run(sleep(ms(10)));
        let handle = fence.handle();
        let (outcome, ()) = tokio::join!(fence, async {
            if cancel {
                handle.cancel();
            }
        });
        outcomes.push(outcome.is_cancelled());
    }
    assert_eq!(outcomes, [true, false, true]);
}

// An error is a value, also in the poll in which a trigger fires.
#[tokio::test(start_paused = true)]
async fn an_error_of_the_body_is_never_masked() {
    let stop = Event::new();
    let failed = async { Err::<(), _>("boom") }
        .fenced(&Fencing::new().timeout(ms(1000)))
        .await;
    assert_eq!(failed.unwrap(), Err("boom"));
    let failing = async {
        stop.set();
        Err::<(), _>("boom")
    };
    let failed = Fencing::new().on("stop", &stop).run(failing).await;
    assert_eq!(failed.unwrap(), Err("boom"));
}

// D3: body and deadline due at the same instant, in either order of creation.
#[tokio::test(start_paused = true)]
async fn a_body_due_at_the_deadline_is_completed() {
    for _ in 0..100 {
        let until = Instant::now() + ms(100);
        let before = tokio::time::sleep_until(until);
        assert!(
            Fencing::new()
                .timeout(ms(100))
                .run(before)
                .await
                .is_completed()
        );
        let inside = Fencing::new()
            .timeout(ms(100))
            .run(async { sleep(ms(100)).await });
        assert!(inside.await.is_completed());
    }
}

// Somebody else's cancellation is a value.
#[tokio::test(start_paused = true)]
async fn what_others_cancelled_is_a_value() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop);
    let aborted = fencing.run(async {
        let task = tokio::spawn(pending::<()>());
        task.abort();
        task.await
    });
    assert!(aborted.await.unwrap().unwrap_err().is_cancelled());
    let elapsed = fencing
        .run(tokio::time::timeout(ms(1), pending::<()>()))
        .await;
    assert!(elapsed.unwrap().is_err());
    let outer = tokio::time::timeout(ms(50), async {
        assert!(
            Fencing::new()
                .timeout(ms(1))
                .run(pending::<()>())
                .await
                .is_cancelled()
        );
        sleep(Duration::from_secs(1)).await;
    });
    assert!(outer.await.is_err());
}
