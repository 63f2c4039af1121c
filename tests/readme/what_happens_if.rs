//! The answers of `docs/what-happens-if.md`, tried. What signals do is tried by `tests/endings/`.

use std::future::pending;
use std::panic::AssertUnwindSafe;

use fence::block::fenced;
use fence::{Event, Fencing, State, on_cancel, on_cancel_with, shield};
use futures::FutureExt as _;
use support::{ms, secs};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_shield_is_the_last_thing() {
    let start = Instant::now();
    let outcome = fenced!(timeout = "100ms", async {
        shield(async {
            sleep(ms(500)).await;
            7
        })
        .await
    });
    assert_eq!(outcome.unwrap(), 7);
    assert_eq!(start.elapsed(), ms(500));
}

#[tokio::test(start_paused = true)]
async fn something_is_awaited_after_a_shield() {
    let start = Instant::now();
    let mut went_on = false;
    let outcome = fenced!(timeout = "100ms", async {
        let _lost = shield(sleep(ms(500))).await;
        went_on = true;
        sleep(ms(1)).await;
    });
    assert!(outcome.cancelled_by("timeout"));
    assert!(went_on, "up to the await");
    assert_eq!(start.elapsed(), ms(500));
}

#[tokio::test(start_paused = true)]
async fn a_shield_takes_long() {
    let start = Instant::now();
    let outcome = fenced!(timeout = "100ms", async {
        shield(async {
            // The limit that it has is its own.
            assert!(fenced!(nested, timeout = "1h", pending::<()>()).is_cancelled());
        })
        .await;
    });
    assert!(outcome.is_completed());
    assert_eq!(start.elapsed(), secs(3600));
}

#[tokio::test(start_paused = true)]
async fn the_body_panics() {
    let undone = Event::new();
    let body = {
        let undone = undone.clone();
        async move {
            on_cancel(async move {
                undone.set();
            });
            panic!("a fault");
        }
    };
    let fence = Fencing::new().run(body);
    let panicked: Result<fence::Fenced<()>, _> = AssertUnwindSafe(fence).catch_unwind().await;
    assert!(panicked.is_err(), "it goes on");
    undone.wait().await;
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_hangs_and_another_panics() {
    let start = Instant::now();
    let outcome = fenced!(timeout = "1s", async {
        on_cancel(pending());
        on_cancel(async { panic!("in cleanup") });
        pending::<()>().await;
    });
    let why = outcome.cancelled().unwrap();
    assert_eq!(start.elapsed(), secs(6));
    let text = "0 cleaned up, 1 overran, 1 panicked: in cleanup";
    assert!(format!("{why:#}").contains(text), "{why:#}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_zero() {
    let outcome = fenced!(timeout = ms(0), async {
        unreachable!("it is never polled")
    });
    assert!(outcome.cancelled_by("timeout"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_left_who_could_fire() {
    let event = Event::new();
    let (sender, receiver) = watch::channel(false);
    let fencing = Fencing::new().on("event", &event).on("watch", &receiver);
    drop((event, sender));
    assert!(fencing.run(sleep(secs(3600))).await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn a_body_ignores_its_grace() {
    let start = Instant::now();
    let outcome = fenced!(timeout = "100ms", grace = "200ms", pending::<()>());
    assert!(outcome.cancelled_by("timeout"));
    assert_eq!(start.elapsed(), ms(300));
}

#[tokio::test(start_paused = true)]
async fn two_events_have_fired() {
    let (first, second) = (Event::new(), Event::new());
    let fencing = Fencing::new().on("second", &second).on("first", &first);
    first.set();
    second.set();
    let outcome = fencing.run(pending::<()>()).await;
    let codes = fence::testing::codes(outcome.reasons());
    assert_eq!(codes, ["first", "second"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_mistyped() {
    let shutdown = Event::new();
    shutdown.set();
    let world = Fencing::new().offer("shutdown", &shutdown);
    let work = async { fenced!(on = "shutdwon", sleep(secs(3600))) };
    assert!(world.bind(work).await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn outer_and_inner_fire_at_once() {
    let mut went_on = false;
    let outcome = fenced!(timeout("outer", "1s"), {
        let _ = fenced!(nested, timeout("inner", "1s"), pending::<()>());
        went_on = true;
    });
    assert!(outcome.cancelled_by("outer"));
    assert!(!outcome.cancelled_by("inner"));
    assert!(!went_on);
}

#[tokio::test(start_paused = true)]
async fn tasks_of_tokio_keep_nothing_and_those_of_fence_do() {
    let request = Fencing::new().budget(secs(1));
    let outcome = request
        .bind(async {
            let helper = async || {
                (
                    fence::remaining(),
                    Fencing::current().run(sleep(secs(2))).await,
                )
            };
            let (left, plain) = tokio::spawn(helper()).await.unwrap();
            assert_eq!(left, None);
            assert!(plain.is_completed(), "nothing is bound in it");
            fence::spawn(helper()).await.unwrap().1
        })
        .await;
    assert!(outcome.cancelled_by("budget"));
}

#[tokio::test(start_paused = true)]
async fn a_task_is_spawned_where_something_is_bound_and_nothing_fenced() {
    let request = Fencing::new().budget(secs(1));
    let slept = request
        .bind(async { fence::spawn(sleep(secs(60))).await })
        .await;
    assert!(slept.is_finished(), "binding cuts nothing");
}

#[tokio::test(start_paused = true)]
async fn the_caller_drops_the_future() {
    let (send, log) = tokio::sync::oneshot::channel();
    let mut fence = Fencing::new().run(async {
        on_cancel_with(async move |why| send.send(why.primary().code().to_owned()).unwrap());
        pending::<()>().await;
    });
    let handle = fence.handle();
    let mut fence = Box::pin(fence);
    assert!(futures::poll!(&mut fence).is_pending());
    drop(fence);
    assert_eq!(log.await.unwrap(), "dropped");
    assert_eq!(handle.state(), State::Dropped);
}

#[tokio::test(start_paused = true)]
async fn a_body_ends_with_an_error() {
    let outcome: fence::Fenced<Result<(), &str>> = fenced!(async {
        on_cancel(async { unreachable!("a body that completes undoes nothing") });
        Err("sold out")
    });
    assert_eq!(outcome.unwrap(), Err("sold out"));
    assert!(fence::drain(secs(1)).await.is_drained());
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_is_registered_where_no_fence_is() {
    let undo = on_cancel(async { unreachable!("it is dropped") });
    assert!(!undo.is_registered());
}
