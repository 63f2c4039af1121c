//! Cutting a body: what is dropped, when, and in which order (D4, D31).

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fence::{Cancelled, Event, Fence, Fenced, Fencing, Handle, Reason};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::sleep;
use tokio_test::{assert_pending, task};

struct Logs<'a>(&'static str, &'a RefCell<Vec<&'static str>>);

impl Drop for Logs<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

// By the outer, by the inner, from outside.
#[tokio::test(start_paused = true)]
async fn the_innermost_goes_first_and_the_last_local_before_it() {
    for cut_by in ["outer", "inner", "outside"] {
        let log = RefCell::new(Vec::new());
        let (outer, inner) = (Event::new(), Event::new());
        let fence = Fencing::new().on("outer", &outer).run(async {
            let _first = Logs("outer first", &log);
            let _second = Logs("outer second", &log);
            let inner = Fencing::new().on("inner", &inner).run(async {
                let _first = Logs("inner first", &log);
                let _second = Logs("inner second", &log);
                pending::<()>().await;
            });
            let _: Fenced<()> = inner.await;
        });
        let mut fence = task::spawn(fence);
        assert_pending!(fence.poll());
        match cut_by {
            "outer" => _ = outer.set(),
            "inner" => _ = inner.set(),
            _ => {}
        }
        if cut_by == "outside" {
            drop(fence);
        } else {
            assert!(fence.poll().is_ready());
        }
        let expected = ["inner second", "inner first", "outer second", "outer first"];
        assert_eq!(*log.borrow(), expected, "cut by {cut_by}");
    }
}

// D4: the body is gone before the fence resolves.
#[tokio::test(start_paused = true)]
async fn the_body_is_gone_when_the_outcome_is_there() {
    let log = RefCell::new(Vec::new());
    let outcome = Fencing::new().timeout(Duration::from_millis(1)).run(async {
        let _local = Logs("local", &log);
        pending::<()>().await;
    });
    let outcome = outcome.await;
    log.borrow_mut().push("outcome");
    assert!(outcome.is_cancelled());
    assert_eq!(*log.borrow(), ["local", "outcome"]);
}

// Cut while it holds a lock, or a permit.
#[tokio::test(start_paused = true)]
async fn locks_and_permits_are_given_back() {
    let (mutex, permits) = (Mutex::new(()), Semaphore::new(1));
    let fencing = Fencing::new().timeout(Duration::from_millis(5));
    let holding = fencing.run(async {
        let _both = (mutex.lock().await, permits.acquire().await);
        pending::<()>().await;
    });
    assert!(holding.await.is_cancelled());
    assert!(mutex.try_lock().is_ok() && permits.try_acquire().is_ok());
}

// Cut while it waits in line; the next in line is served.
#[tokio::test(start_paused = true)]
async fn the_next_in_line_gets_what_a_cut_body_waited_for() {
    let mutex = Mutex::new(());
    let held = mutex.lock().await;
    let queued = Fencing::new()
        .timeout(Duration::from_millis(5))
        .run(mutex.lock());
    let behind = async {
        let _mine = mutex.lock().await;
        true
    };
    let release = async {
        sleep(Duration::from_millis(10)).await;
        drop(held);
    };
    let (queued, behind, ()) = tokio::join!(queued, behind, release);
    assert!(queued.is_cancelled() && behind);
}

// D31
#[test]
fn types_are_what_they_say() {
    fn shared<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    fn send<T: Send>(_: &T) {}
    shared::<Event>();
    shared::<Handle>();
    shared::<Fencing>();
    shared::<Reason>();
    shared::<Cancelled>();
    let mut local = 1;
    let borrows: Fence<_> = Fencing::new().run(async { local += 1 });
    send(&borrows);
    drop(borrows);
    assert_eq!(local, 1);
}

// An output that can do nothing; a body that is not `Send`, on a `LocalSet`.
#[tokio::test(start_paused = true)]
async fn any_body_and_any_output() {
    struct Opaque;
    let Fenced::Completed(Opaque) = Fencing::new().run(async { Opaque }).await else {
        panic!("nothing cancels it")
    };
    let local = tokio::task::LocalSet::new();
    let shared = Rc::new(Cell::new(0));
    let counter = shared.clone();
    let task = local.spawn_local(
        Fencing::new()
            .timeout(Duration::from_secs(1))
            .run(async move {
                sleep(Duration::from_millis(1)).await;
                counter.set(1);
            }),
    );
    assert!(local.run_until(task).await.unwrap().is_completed());
    assert_eq!(shared.get(), 1);
}

// D33: the same number of bytes on top of any body.
#[test]
fn a_fence_adds_a_constant() {
    let small = Fencing::new().run(async {});
    let large = Fencing::new().run(async {
        let buffer = [0_u8; 1024];
        tokio::task::yield_now().await;
        assert_eq!(buffer.len(), 1024);
    });
    let buffer = size_of_val(&large) - size_of_val(&small);
    assert!((1024..1024 + 64).contains(&buffer), "{buffer}");
    assert!(size_of_val(&small) <= 352, "{}", size_of_val(&small));
}

// D4: captures of a body that never started are dropped too, once.
#[tokio::test(start_paused = true)]
async fn captures_of_a_body_that_never_started_are_dropped_once() {
    let held = Arc::new(());
    let captured = held.clone();
    let fence = Fencing::new()
        .timeout(Duration::ZERO)
        .run(async move { drop(captured) });
    assert!(fence.await.is_cancelled());
    assert_eq!(Arc::strong_count(&held), 1);
}
