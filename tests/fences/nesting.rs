//! Fences around fences: who acts, and what the code between them learns (D13).

use std::cell::RefCell;
use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use fence::{Event, Fenced, Fencing};
use support::ms;
use tokio::time::{Instant, sleep};

fn timeout(limit: u64) -> Fencing {
    Fencing::new().timeout(ms(limit))
}

#[tokio::test(start_paused = true)]
async fn the_inner_one_fires_and_the_outer_ones_go_on() {
    let outer = timeout(10_000).run(async {
        let middle = timeout(10_000).run(async {
            let inner = timeout(1).run(pending::<()>()).await;
            sleep(ms(5)).await;
            inner.is_cancelled()
        });
        let middle = middle.await;
        sleep(ms(5)).await;
        middle.unwrap()
    });
    assert!(outer.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_outer_one_fires_and_nothing_between_runs() {
    let (stop, start, mut between) = (Event::new(), Instant::now(), false);
    let outer = timeout(10).run(async {
        let _ = Fencing::new().on("stop", &stop).run(pending::<()>()).await;
        between = true;
    });
    assert!(outer.await.cancelled_by("timeout"));
    assert_eq!(start.elapsed(), ms(10));
    assert!(!between);
}

// The normal case once an event is bound.
#[tokio::test(start_paused = true)]
async fn one_event_on_both_levels() {
    for by_another_task in [false, true].repeat(50) {
        let (stop, log) = (Event::new(), RefCell::new(Vec::new()));
        let fencing = Fencing::new().on("stop", &stop);
        let inner = async {
            if !by_another_task {
                stop.set();
            }
            sleep(Duration::from_secs(1)).await;
            log.borrow_mut().push("after-await");
        };
        let outer = fencing.run(async {
            let _ = fencing.run(inner).await;
            log.borrow_mut().push("after-inner");
        });
        let setter = stop.clone();
        if by_another_task {
            tokio::spawn(async move { setter.set() });
        }
        assert!(outer.await.cancelled_by("stop"));
        assert!(log.into_inner().is_empty());
    }
}

// D13: separate events that fire together; the inner one first.
#[tokio::test(start_paused = true)]
async fn both_fired_before_either_looked() {
    let (a, b, mut between) = (Event::new(), Event::new(), false);
    let outcome = Fencing::new().on("outer", &a).run(async {
        let inner = Fencing::new().on("inner", &b).run(async {
            b.set();
            a.set();
            pending::<()>().await;
        });
        let _: Fenced<()> = inner.await;
        between = true;
    });
    let outcome = outcome.await;
    assert_eq!(outcome.reasons().len(), 1);
    assert!(outcome.cancelled_by("outer"));
    assert!(!between);
}

// D13: "an inner `Completed` is always handed on", and then D3 for the outer one.
#[tokio::test(start_paused = true)]
async fn an_inner_value_is_handed_on_though_the_outer_one_has_fired() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop);
    let outcome = fencing.run(async {
        let inner = fencing.run(async {
            stop.set();
            7
        });
        inner.await.unwrap()
    });
    assert_eq!(outcome.await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn inner_timeouts_one_after_another_under_an_outer_one() {
    let (start, rounds) = (Instant::now(), RefCell::new(0));
    let outer = timeout(320).run(async {
        loop {
            assert!(timeout(150).run(pending::<()>()).await.is_cancelled());
            *rounds.borrow_mut() += 1;
        }
    });
    let outcome: Fenced<()> = outer.await;
    assert!(outcome.cancelled_by("timeout"));
    assert_eq!((start.elapsed(), rounds.into_inner()), (ms(320), 2));
}

type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

// Boxed fences, three hundred deep.
#[tokio::test(start_paused = true)]
async fn three_hundred_fences_deep() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop).timeout(ms(1000));
    let mut body: Boxed = Box::pin(pending());
    for _ in 0..300 {
        let fencing = fencing.clone();
        body = Box::pin(async move { drop(fencing.run(body).await) });
    }
    let (outcome, ()) = tokio::join!(fencing.run(body), async {
        sleep(ms(1)).await;
        stop.set();
    });
    assert!(outcome.cancelled_by("stop"));
}

// Extending a set ten thousand times is no chain.
#[tokio::test(start_paused = true)]
async fn a_set_extended_ten_thousand_times() {
    let stop = Event::new();
    let set = (0..10_000).fold(Fencing::new(), |set, _| {
        set.on("stop", &stop).timeout(ms(5))
    });
    stop.set();
    assert_eq!(set.run(async {}).await.reasons().len(), 1);
}

// D15, D13: the tighter fence inside the wider one, by the macros.
#[tokio::test(start_paused = true)]
async fn a_nested_block_is_cut_alone() {
    #[fence::fenced(timeout = "1s")]
    async fn work() -> bool {
        let inner = fence::block::fenced!(nested, timeout = "10ms", { pending::<()>().await });
        inner.is_cancelled()
    }
    assert!(work().await.unwrap());
}

// D16: what tells two tasks apart is not the waker, which they may share.
#[tokio::test]
async fn a_task_polled_with_the_same_waker_is_another_task() {
    use futures::FutureExt;
    let local = tokio::task::LocalSet::new();
    let (tell, told) = tokio::sync::oneshot::channel();
    local.spawn_local(async move {
        let stop = Event::new();
        let fence = Fencing::new().on("stop", &stop).run(async {
            stop.set();
            fence::check().is_err()
        });
        // Polled with a waker that does nothing, and so is the fence around.
        tell.send(fence.now_or_never()).unwrap();
    });
    let outer = Fencing::new().run(local);
    assert!(
        outer
            .now_or_never()
            .is_none_or(|outcome| outcome.is_completed())
    );
    assert!(
        told.await.unwrap().unwrap().unwrap(),
        "its own fence has fired"
    );
}
