//! Cancellations that go up (D30).

use std::future::pending;

use fence::__private::waiters;
use fence::{Event, Fenced, Fencing, ReasonKind, State, shield, spawn};
use futures::stream::{FuturesUnordered, StreamExt};
use support::ms;
use tokio::time::{Instant, sleep};
use tokio_test::{assert_pending, task};

#[tokio::test(start_paused = true)]
async fn without_a_link_nothing_goes_up() {
    let (quota, other) = (Event::new(), Event::new());
    let mut outer = task::spawn(Fencing::new().on("other", &other).run(async {
        let inner = Fencing::new()
            .on("quota", &quota)
            .run(pending::<()>())
            .await;
        assert!(inner.cancelled_by("quota"));
        pending::<()>().await;
    }));
    assert_pending!(outer.poll());
    quota.set();
    assert_pending!(outer.poll());
    assert!(!outer.is_woken());
}

// Up to the first that is not linked, once, with code and cause.
#[tokio::test(start_paused = true)]
async fn with_a_link_the_fences_around_go_too() {
    let quota = Event::new();
    let start = Instant::now();
    let top = Fencing::new().timeout(ms(1000)).run(async {
        let mut outer = Fencing::new().named("outer").run(async {
            let middle = Fencing::new().linked().run(async {
                let inner = Fencing::new().on("quota", &quota).linked();
                let _ = inner.run(pending::<()>()).await;
                unreachable!("the fences around it act");
            });
            let sibling = spawn(pending::<()>());
            let _: (fence::Fenced<()>, _) = tokio::join!(middle, sibling);
        });
        let handle = outer.handle();
        let setting = async {
            sleep(ms(10)).await;
            quota.set_because("87 of 80")
        };
        let (outcome, _) = tokio::join!(outer, setting);
        assert_eq!(handle.state(), State::Cancelled);
        outcome.cancelled().unwrap()
    });
    let why = top.await.unwrap();
    assert_eq!(start.elapsed(), ms(10));
    let reason = why.primary();
    assert_eq!(
        (reason.code(), reason.kind()),
        ("quota", ReasonKind::Linked)
    );
    assert_eq!(reason.cause().unwrap().to_string(), "87 of 80");
    assert_eq!(
        why.to_string(),
        "`outer` cancelled: quota: 87 of 80, through a link"
    );
    assert_eq!((why.reasons().len(), waiters(&quota)), (1, 0));
}

// D30: an outermost fence is linked to nobody, and says so as any other.
#[tokio::test(start_paused = true)]
async fn a_link_without_a_fence_around_is_none() {
    let linked = Fencing::new().timeout(ms(5)).linked();
    let why = linked.run(pending::<()>()).await.cancelled().unwrap();
    assert_eq!(why.primary().kind(), ReasonKind::Timeout);
    let task = spawn(async move { linked.run(pending::<()>()).await });
    assert!(
        task.await.unwrap().is_cancelled(),
        "the task itself is no fence"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shielded_sibling_is_spared() {
    let (start, mut said) = (Instant::now(), false);
    let parent = Fencing::new().run(async {
        let linked = Fencing::new().timeout(ms(10)).linked().run(pending::<()>());
        let sibling = shield(async {
            sleep(ms(50)).await;
            said = true;
        });
        let _ = tokio::join!(linked, sibling);
    });
    assert!(parent.await.cancelled_by("timeout"));
    assert!(said);
    assert_eq!(start.elapsed(), ms(50));
}

// D2, D5: under a fence that has been cancelled nothing starts; and a fence that has fired
// before its start passes that on.
#[tokio::test(start_paused = true)]
async fn a_link_that_comes_late() {
    let (stop, fired) = (Event::new(), Event::new());
    fired.set();
    let linked = Fencing::new().on("fired", &fired).linked();
    let parent = Fencing::new().on("stop", &stop).run(async {
        stop.set();
        let _: fence::Fenced<()> = linked.run(async { unreachable!() }).await;
        unreachable!();
    });
    let why = parent.await.cancelled().unwrap();
    assert!(why.by("stop") && !why.by("fired"));
    let parent = Fencing::new().run(async {
        let _: fence::Fenced<()> = linked.run(async { unreachable!() }).await;
        unreachable!();
    });
    assert!(parent.await.cancelled_by("fired"));
}

#[tokio::test(start_paused = true)]
async fn an_error_is_no_cancellation() {
    let parent = Fencing::new().run(async {
        let linked = Fencing::new().linked();
        let inner = linked.run(async { Err::<(), _>("boom") }).await;
        sleep(ms(1)).await;
        inner.unwrap()
    });
    assert_eq!(parent.await.unwrap(), Err("boom"));
}

// D27, D30: from a spawned task to the fence around the place where it was spawned.
#[tokio::test(start_paused = true)]
async fn a_link_leaves_its_task() {
    let start = Instant::now();
    let mut tasks = None;
    let parent = Fencing::new().run(async {
        let linked = Fencing::new().timeout_as("quota", ms(10)).linked();
        let child = spawn(async move {
            let _ = linked.run(pending::<()>()).await;
            pending::<()>().await;
        });
        tasks = Some((child, spawn(pending::<()>())));
        pending::<()>().await;
    });
    let why = parent.await.cancelled().unwrap();
    assert_eq!(
        (why.primary().code(), why.primary().kind()),
        ("quota", ReasonKind::Linked)
    );
    let (child, sibling) = tasks.unwrap();
    assert!(child.await.cancelled_by("quota"));
    assert!(sibling.await.cancelled_by("quota"));
    assert_eq!(start.elapsed(), ms(10));
}

// D24: a fence may decline what comes up; the inner one then keeps it.
#[tokio::test(start_paused = true)]
async fn a_link_may_be_declined() {
    let mut parent = Fencing::new().unless("quota", || true).run(async {
        let linked = Fencing::new().timeout_as("quota", ms(10)).linked();
        linked.run(pending::<()>()).await.cancelled_by("quota")
    });
    let handle = parent.handle();
    assert!(parent.await.unwrap());
    assert_eq!(handle.declined()[0].kind(), ReasonKind::Linked);
}

#[fence::fenced(timeout = "10ms", linked)]
async fn metered() {
    pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn as_an_option_of_the_macros() {
    let parent = Fencing::new().run(metered()).await;
    assert_eq!(parent.reasons()[0].kind(), ReasonKind::Linked);
}

/// In a set it ends the fence that polls it, once, and not each that polls the set after that (D30).
#[tokio::test(start_paused = true)]
async fn a_linked_job_in_a_set_ends_one_tick_and_then_says_why_itself() {
    let job = Fencing::new().timeout(ms(5)).linked().run(pending::<()>());
    let mut jobs: FuturesUnordered<_> = [job].into_iter().collect();
    let mut ticks = Vec::new();
    let outcome = loop {
        assert!(ticks.len() < 5, "it ends each tick");
        match Fencing::new().run(jobs.next()).await {
            Fenced::Completed(outcome) => break outcome.expect("there is one job"),
            Fenced::Cancelled(why) => ticks.push(why.primary().kind()),
        }
    };
    assert_eq!(ticks, [ReasonKind::Linked]);
    assert!(outcome.cancelled_by("timeout"));
}

/// What a grace excuses is no reason for what is dropped inside either (D23).
#[tokio::test(start_paused = true)]
async fn what_is_dropped_in_a_grace_says_nothing_of_what_the_grace_is_for() {
    let stop = Event::new();
    let inner = Fencing::new().on("stop", &stop).timeout(ms(5));
    let body = async {
        stop.set();
        let mut task = None;
        let dropped = Fencing::new().run(async {
            task = Some(spawn(pending::<()>()));
            pending::<()>().await;
        });
        let outcome = inner.run(dropped).await;
        (outcome.cancelled(), task)
    };
    let cooperative = Fencing::new().on("stop", &stop).cooperative();
    let (outcome, task) = cooperative.run(body).await.unwrap();
    let spawned = task.expect("it was spawned").await.cancelled();
    for why in [outcome, spawned].into_iter().flatten() {
        assert!(why.is_timeout() && !why.by("stop"), "{why:?}");
    }
}
