//! What is bound, where it is seen, and where it is not (D1, D16 to D20).

use std::cell::RefCell;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use fence::block::fenced;
use fence::{Event, Fenced, Fencing, FutureExt};
use support::ms;
use tokio::time::{Instant, advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};

fn deadline(after: u64) -> Fencing {
    Fencing::new().deadline(Instant::now() + ms(after))
}

/// The bound set, by its deadline in milliseconds.
fn bound() -> Option<u128> {
    fence::remaining().map(|left| left.as_millis())
}

// D16
#[tokio::test(start_paused = true)]
async fn inner_binds_replace_and_restore() {
    let (one, two) = (deadline(1000), deadline(2000));
    assert_eq!(bound(), None);
    one.bind(async {
        assert_eq!(bound(), Some(1000));
        two.bind(async {
            assert_eq!(bound(), Some(2000));
            sleep(ms(10)).await;
            assert_eq!(bound(), Some(1990));
        })
        .await;
        assert_eq!(bound(), Some(990));
        two.bind_sync(|| assert_eq!(bound(), Some(1990)));
        assert_eq!(bound(), Some(990));
    })
    .await;
    assert_eq!(bound(), None);
}

// A fence obeys what is bound and what it adds.
#[tokio::test(start_paused = true)]
async fn a_fence_extends_the_bound_set() {
    let stop = Event::new();
    for set in [false, true] {
        let outcome = Fencing::new().on("stop", &stop).bind(async {
            if set {
                stop.set();
            }
            Fencing::current().timeout(ms(5)).run(pending::<()>()).await
        });
        assert!(
            outcome
                .await
                .cancelled_by(if set { "stop" } else { "timeout" })
        );
    }
}

// Sets are values.
#[tokio::test(start_paused = true)]
async fn extending_a_set_leaves_its_clones_alone() {
    let one = Fencing::new().timeout(ms(5));
    let two = one.clone().timeout_as("db", ms(1));
    assert!(two.run(pending::<()>()).await.cancelled_by("db"));
    let outcome = one.bind(async move {
        drop(two);
        Fencing::current().run(pending::<()>()).await
    });
    assert!(outcome.await.cancelled_by("timeout"));
}

// Binding cancels nothing.
#[tokio::test(start_paused = true)]
async fn a_bound_event_that_is_set_cancels_fences_only() {
    let (stop, mut started) = (Event::new(), false);
    stop.set();
    let body = async {
        sleep(ms(10)).await;
        let a = fenced!({
            started = true;
            sleep(ms(1)).await;
        });
        let b = Fencing::new().run(async { 1 }).await;
        (a, b)
    };
    let (a, b) = Fencing::new().on("stop", &stop).bind(body).await;
    assert!(a.cancelled_by("stop") && !started);
    assert_eq!(b.unwrap(), 1);
}

#[fence::fenced]
async fn waits() {
    pending::<()>().await;
}

// D1: the set of the first poll counts, not that of the call or of a later poll.
#[tokio::test(start_paused = true)]
async fn a_fence_captures_what_is_bound_at_its_first_poll() {
    let (a, b, c) = (Event::new(), Event::new(), Event::new());
    let set = |event: &Event| Fencing::new().on("it", event);
    let fence = set(&a).bind_sync(waits);
    let mut fence = Box::pin(fence);
    let first = std::future::poll_fn(|cx| std::task::Poll::Ready(fence.as_mut().poll(cx)));
    assert_pending!(set(&b).bind(first).await);
    a.set();
    c.set();
    let mut later = task::spawn(set(&c).bind(fence));
    assert_pending!(later.poll());
    b.set();
    assert!(later.is_woken());
    assert!(assert_ready!(later.poll()).cancelled_by("it"));
}

// A saved set keeps its meaning after its bind has ended.
#[tokio::test(start_paused = true)]
async fn a_saved_set_outlives_its_bind() {
    let stop = Event::new();
    let saved = Fencing::new()
        .on("stop", &stop)
        .bind(async { Fencing::current() })
        .await;
    stop.set();
    assert!(saved.run(async {}).await.cancelled_by("stop"));
}

/// Records what is bound when it is dropped.
struct Records<'a>(&'a RefCell<Vec<Option<u128>>>);

impl Drop for Records<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().push(bound());
    }
}

// D4, D16: cut, dropped from outside, completed.
#[tokio::test(start_paused = true)]
async fn destructors_see_the_binding() {
    let seen = RefCell::new(Vec::new());
    let (stop, set) = (Event::new(), deadline(1000));
    let body = async |end: bool| {
        let _records = Records(&seen);
        if !end {
            pending::<()>().await;
        }
    };
    let fence = |end| {
        let fencing = Fencing::new().on("stop", &stop);
        set.bind(async move { fencing.run(body(end)).await })
    };
    assert!(fence(true).await.is_completed());
    let mut dropped = task::spawn(fence(false));
    assert_pending!(dropped.poll());
    drop(dropped);
    let mut cut = task::spawn(fence(false));
    assert_pending!(cut.poll());
    stop.set();
    assert!(assert_ready!(cut.poll()).is_cancelled());
    assert_eq!(*seen.borrow(), [Some(1000), Some(1000), Some(0)]);
}

// No fence, no runtime, a plain thread.
#[test]
fn outside_of_everything() {
    assert_eq!((fence::remaining(), fence::deadline()), (None, None));
    let stop = Event::new();
    let mut fence = task::spawn(Fencing::current().on("stop", &stop).run(pending::<()>()));
    assert_pending!(fence.poll());
    stop.set();
    assert!(fence.is_woken());
    assert!(assert_ready!(fence.poll()).cancelled_by("stop"));
}

// D16: nothing bleeds into siblings and other tasks.
#[tokio::test(start_paused = true)]
async fn siblings_and_tasks_do_not_see_it() {
    let body = async {
        let task = tokio::spawn(async { bound() });
        sleep(ms(10)).await;
        (bound(), task.await.unwrap())
    };
    let sibling = async {
        sleep(ms(5)).await;
        bound()
    };
    let ((inside, task), sibling) = tokio::join!(deadline(1000).bind(body), sibling);
    assert_eq!((inside, task, sibling), (Some(990), None, None));
}

// D16, D13: a `LocalSet` polled inside a fence runs tasks that are not inside it.
#[tokio::test(start_paused = true)]
async fn local_tasks_polled_inside_a_fence_are_not_in_it() {
    let stop = Event::new();
    let set = Fencing::new().on("stop", &stop);
    let local = tokio::task::LocalSet::new();
    let task = local.spawn_local(async {
        sleep(ms(1)).await;
        (
            bound(),
            waits().fenced(&Fencing::new().timeout(ms(50))).await,
        )
    });
    let (inside, ()) = tokio::join!(
        deadline(1000).bind(set.run(local.run_until(pending::<()>()))),
        async {
            sleep(ms(20)).await;
            stop.set();
        }
    );
    assert!(inside.cancelled_by("stop"));
    let (seen, outcome) = local.run_until(task).await.unwrap();
    assert_eq!(seen, None);
    assert!(outcome.cancelled_by("timeout"));
}

// D16: after a panic too.
#[test]
fn a_panic_restores_the_binding() {
    let set = Fencing::new().budget(ms(1000));
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
        set.bind_sync(|| panic!("inside"));
    }));
    assert!(panicked.is_err());
    assert_eq!(bound(), None);
}

// D18
#[tokio::test(start_paused = true)]
async fn a_name_means_what_is_bound_and_else_the_events_of_the_process() {
    #[fence::fenced(on = "context-name")]
    async fn inherits() {
        pending::<()>().await;
    }
    #[fence::fenced(on = "context-name", inherit = false)]
    async fn names_only() {
        pending::<()>().await;
    }
    let (mine, other) = (Event::new(), Event::new());
    let set = Fencing::new().on("context-name", &mine).on("other", &other);
    Event::named("context-name").set();
    let bound = async { (inherits().fenced(&Fencing::new().timeout(ms(1))).await, ()) };
    assert!(
        set.bind(bound).await.0.cancelled_by("timeout"),
        "the process's one is not meant"
    );
    other.set();
    let names = set.bind(async { names_only().fenced(&Fencing::new().timeout(ms(1))).await });
    assert!(
        names.await.cancelled_by("timeout"),
        "what it does not name is not inherited"
    );
    mine.set();
    let outcome: Fenced<()> = set.bind(names_only()).await;
    assert_eq!(outcome.reasons().len(), 1);
    assert!(
        names_only().await.cancelled_by("context-name"),
        "unbound: the process's one"
    );
}

#[tokio::test(start_paused = true)]
async fn detached_code_sees_nothing_around_it() {
    tokio::task_local!(static REQUEST: u32);
    let (stop, log) = (Event::new(), RefCell::new(Vec::new()));
    stop.set();
    let set = Fencing::new().on("stop", &stop).budget(Duration::ZERO);
    let audit = async {
        assert_eq!((fence::remaining(), REQUEST.get()), (None, 7));
        let entry = fenced!({
            sleep(ms(10)).await;
            1
        });
        log.borrow_mut().push(entry.unwrap());
        fence::checkpoint().await;
    };
    REQUEST.scope(7, set.bind(fence::detached(audit))).await;
    assert_eq!(log.into_inner(), [1]);
}

// Nothing is bound in it, and yet the fence around it drops it.
#[tokio::test(start_paused = true)]
async fn detached_code_is_not_protected() {
    let outcome = Fencing::new()
        .timeout(ms(5))
        .run(fence::detached(sleep(ms(10))))
        .await;
    assert!(outcome.cancelled_by("timeout"));
}

// D20
#[tokio::test(start_paused = true)]
async fn the_time_left_is_that_of_the_tightest_around() {
    deadline(3000)
        .bind(async {
            assert_eq!(bound(), Some(3000));
            let fence = Fencing::new().timeout(ms(10_000)).run(async {
                advance(ms(1000)).await;
                assert_eq!(bound(), Some(2000));
                let inner = Fencing::new().timeout(ms(500)).run(async { bound() }).await;
                (inner.unwrap(), fence::deadline().is_some())
            });
            assert_eq!(fence.await.unwrap(), (Some(500), true));
            advance(ms(5000)).await;
            assert_eq!(bound(), Some(0));
        })
        .await;
}

// D20: zero once an enclosing fence has fired.
#[tokio::test(start_paused = true)]
async fn no_time_is_left_in_a_fence_that_has_fired() {
    let stop = Event::new();
    let left = Fencing::new().on("stop", &stop).run(async {
        let before = bound();
        stop.set();
        (before, bound())
    });
    assert_eq!(left.await.unwrap(), (None, Some(0)));
}
