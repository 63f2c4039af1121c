//! Runtimes without time, no runtime at all, and the ends of time.

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fence::{Event, Fenced, Fencing, State, on_cancel};
use futures::executor::block_on;
use support::{ms, never, poll};
use tokio::time::Instant;

// The limit of the cleanups is nobody's to keep then.
#[test]
fn cleanups_run_where_there_is_no_timer() {
    let cut = || {
        let (stop, ran) = (Event::new(), Arc::new(AtomicUsize::new(0)));
        let (inside, count) = (stop.clone(), ran.clone());
        let fence = Fencing::new().on("stop", &stop).run(async move {
            on_cancel(async move {
                count.fetch_add(1, Ordering::Relaxed);
            });
            inside.set();
            never().await;
        });
        (fence, ran)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (fence, ran) = cut();
    assert_eq!(
        runtime.block_on(fence).cancelled().unwrap().cleanup().ran(),
        1
    );
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    let (fence, ran) = cut();
    assert_eq!(block_on(fence).cancelled().unwrap().cleanup().ran(), 1);
    assert_eq!(ran.load(Ordering::Relaxed), 1);
}

// At the first pending poll, and not months later when something fires.
#[test]
fn a_grace_needs_a_timer_from_the_beginning() {
    let fencing = Fencing::new().on("stop", &Event::new()).grace(ms(5));
    let mut fence = Box::pin(fencing.run(pending::<()>()));
    let handle = {
        let mut other = fencing.run(pending::<()>());
        let handle = other.handle();
        drop(catch_unwind(AssertUnwindSafe(|| block_on(other))));
        handle
    };
    assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut fence))).is_err());
    assert_eq!(handle.state(), State::Dropped);
    assert_eq!(block_on(fencing.run(async { 7 })).unwrap(), 7, "not needed");
}

/// The last one that can be written.
fn last_instant() -> Instant {
    let mut last = Instant::now();
    let mut step = Duration::MAX;
    while step > Duration::ZERO {
        while let Some(later) = last.checked_add(step) {
            last = later;
        }
        step /= 2;
    }
    last
}

// D7
#[tokio::test(start_paused = true)]
async fn a_deadline_at_the_end_of_time() {
    let last = last_instant();
    for ahead in [Duration::ZERO, Duration::from_nanos(1), ms(1), ms(1000)] {
        let mut fence = Box::pin(Fencing::new().deadline(last - ahead).run(never()));
        assert!(poll(&mut fence).is_pending());
        let undone = Fencing::new()
            .timeout(ms(5))
            .cleanup_within(last - ahead - Instant::now());
        let outcome = undone.run(async {
            on_cancel(tokio::time::sleep(ms(5)));
            never().await;
        });
        assert_eq!(outcome.await.cancelled().unwrap().cleanup().ran(), 1);
    }
}

// The destructors of thread-locals run where tokio's clock cannot be read any more.
#[test]
fn a_fence_in_a_thread_local_that_the_thread_leaves_behind() {
    type Kept = Pin<Box<dyn Future<Output = Fenced<()>>>>;
    thread_local! {
        static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    }
    let thread = std::thread::spawn(|| {
        KEPT.with(|_| {});
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut fence = Fencing::new().timeout(ms(5)).run(async {
                on_cancel(never());
                never().await;
            });
            let handle = fence.handle();
            let mut fence: Kept = Box::pin(fence);
            assert!(poll(&mut fence).is_pending());
            KEPT.with(|kept| *kept.borrow_mut() = Some(fence));
            handle
        })
    });
    assert_eq!(thread.join().unwrap().state(), State::Dropped);
}
