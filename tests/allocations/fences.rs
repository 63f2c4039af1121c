//! What a fence allocates: nothing, until it cancels or somebody takes a handle.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use fence::block::fenced;
use fence::{Event, Fencing};
use support::poll;

const LONG: Duration = Duration::from_secs(3600);

/// Pending once.
async fn once() {
    let mut was_polled = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut was_polled, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Allocations of `fence()` polled to its end; `between` runs after each pending poll. The first
/// round fills what a thread keeps for good: the context stack, the slots of an event.
fn allocations<F: Future>(fence: impl Fn() -> F, between: impl Fn()) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let round = || {
        let mut fence = pin!(fence());
        while poll(&mut fence).is_pending() {
            between();
        }
    };
    round();
    allocation_counter::measure(round).count_total
}

fn completed<F: Future>(fence: impl Fn() -> F) -> u64 {
    allocations(fence, || ())
}

#[test]
fn a_completed_fence_allocates_nothing() {
    let stop = Event::new();
    let bound = Fencing::new().on("stop", &stop);
    let (empty, both) = (
        Fencing::new(),
        Fencing::new().timeout(LONG).on("stop", &stop),
    );

    assert_eq!(completed(|| empty.run(once())), 0, "no trigger");
    assert_eq!(
        completed(|| Fencing::current().run(once())),
        0,
        "the bound set"
    );
    assert_eq!(completed(|| both.run(async {})), 0, "ready at once");
    assert_eq!(
        completed(|| both.run(once())),
        0,
        "timeout and event, pending once"
    );
    assert_eq!(
        completed(|| bound.bind(both.run(once()))),
        0,
        "inside a bind"
    );
    assert_eq!(
        completed(|| both.run(both.run(both.run(once())))),
        0,
        "three deep"
    );
}

#[test]
fn the_macros_allocate_nothing_either() {
    #[fence::fenced(timeout = "1h", on = STOP, on = "allocations")]
    async fn work() {
        once().await;
    }
    static STOP: Event = Event::new();

    assert_eq!(completed(work), 0, "an attribute");
    let block = || async { fenced!(timeout = "1h", on = STOP, budget = "2h", { once().await }) };
    assert_eq!(completed(block), 0, "a block");
}

#[test]
fn a_fourth_event_is_two_allocations() {
    let events: [Event; 4] = Default::default();
    let three = (1..=3).fold(Fencing::new(), |set, n| set.on(format!("{n}"), &events[n]));
    let four = three.clone().on("0", &events[0]);

    assert_eq!(completed(|| three.run(once())), 0);
    assert_eq!(completed(|| four.run(once())), 2, "the spill, and its list");
}

#[test]
fn a_cancelled_fence_allocates_its_record() {
    let never = || std::future::pending::<()>();
    let set = Event::new();
    set.set();
    let fired = Fencing::new().on("stop", &set);
    let passed = Fencing::new().timeout(Duration::ZERO);

    assert_eq!(completed(|| fired.run(never())), 1);
    assert_eq!(completed(|| passed.run(never())), 1);
}

#[test]
fn a_handle_is_two_allocations() {
    let fencing = Fencing::new();
    let with_handle = || {
        let mut fence = fencing.run(once());
        drop(fence.handle());
        fence
    };
    assert_eq!(
        completed(with_handle),
        2,
        "what only some fences need, and what it shares"
    );
}

// CTX, D20: asked from inner loops.
#[test]
fn asking_allocates_nothing() {
    let set = Fencing::new().timeout(LONG);
    let asking = || async {
        let _ = (fence::current(), fence::remaining(), fence::deadline());
        fence::checkpoint().await;
    };
    assert_eq!(completed(|| set.bind(set.run(asking()))), 0);
}
