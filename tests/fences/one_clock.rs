//! The clock, and user code, may be ahead of the fences around: who wins is decided with all of them
//! told (D13, D13a).

use std::cell::Cell;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant as RealInstant};

use fence::{Event, Fenced, Fencing, Handle, check, checkpoint, remaining};
use support::{ms, never, poll, secs};
use tokio::task::yield_now;
use tokio::time::sleep;

/// Passes time without a timer going off, as a hot poll does.
fn spin(length: Duration) {
    let start = RealInstant::now();
    while start.elapsed() < length {
        std::hint::spin_loop();
    }
}

/// The ordinary case of a fenced function that calls fenced functions under what a layer binds. It
/// ended, or ran for ever in one poll, by the luck of the clock.
#[tokio::test]
async fn a_loop_of_inner_calls_under_a_budget_ends() {
    for _ in 0..50 {
        let work = async {
            let outer = Fencing::current().run(async {
                loop {
                    let _ = Fencing::current().run(yield_now()).await;
                }
            });
            outer.await
        };
        let outcome: Fenced<()> = Fencing::new().budget(ms(2)).bind(work).await;
        assert!(outcome.cancelled_by("budget"));
    }
}

#[tokio::test]
async fn what_starts_after_the_outer_limit_has_passed_is_never_polled() {
    for inner in [
        Fencing::new().timeout(secs(1)),
        Fencing::new().budget(secs(1)),
        Fencing::new().deadline(tokio::time::Instant::now() + secs(1)),
        Fencing::new().timeout(Duration::ZERO),
    ] {
        let (polled, between) = (Cell::new(false), Cell::new(false));
        let outcome = Fencing::new().timeout_as("outer", ms(2)).run(async {
            spin(ms(4));
            let _ = inner.run(async { polled.set(true) }).await;
            between.set(true);
        });
        assert!(outcome.await.cancelled_by("outer"));
        assert!(!polled.get() && !between.get());
    }
}

/// Whatever reads the clock first, inside or in between, the outermost acts.
#[tokio::test]
async fn a_reading_inside_is_known_to_all_around() {
    for look in 0..4 {
        let between = Cell::new(0);
        let outcome = Fencing::new().timeout_as("outer", ms(2)).run(async {
            let middle = Fencing::new().timeout_as("middle", ms(2)).run(async {
                let inner = Fencing::new().timeout_as("inner", ms(2)).run(async {
                    spin(ms(4));
                    match look {
                        0 => assert!(check().is_err()),
                        1 => assert_eq!(remaining(), Some(Duration::ZERO)),
                        2 => checkpoint().await,
                        _ => {}
                    }
                    never().await;
                });
                let _ = inner.await;
                between.set(between.get() + 1);
            });
            let _ = middle.await;
            between.set(between.get() + 1);
        });
        assert!(outcome.await.cancelled_by("outer"));
        assert_eq!(between.get(), 0);
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A destructor of the inner body fires the outer fence while the inner is cut, by each way.
#[tokio::test(start_paused = true)]
async fn a_destructor_that_fires_the_outer_fence_lets_it_win() {
    for way in 0..3 {
        let (inner_stop, outer_stop) = (Event::new(), Event::new());
        let slot: Arc<Mutex<Option<Handle>>> = Arc::default();
        let (fire, between) = (slot.clone(), Cell::new(false));
        let (inner, outer) = (inner_stop.clone(), outer_stop.clone());
        let body = async {
            let inner = Fencing::new().on("inner", &inner).run(async {
                let _fires = OnDrop(|| match way {
                    0 => {
                        outer.set();
                    }
                    1 => {
                        fire.lock().unwrap().as_ref().map(Handle::cancel);
                    }
                    _ => drop(fire.lock().unwrap().take().map(Handle::drop_guard)),
                });
                never().await;
            });
            let _ = inner.await;
            between.set(true);
        };
        let mut fence = Fencing::new().on("outer", &outer_stop).run(body);
        *slot.lock().unwrap() = Some(fence.handle());
        let mut fence = pin!(fence);
        assert!(poll(&mut fence).is_pending());
        inner_stop.set();
        let Poll::Ready(outcome) = poll(&mut fence) else {
            panic!("the outer one acts in this very poll");
        };
        assert!(outcome.is_cancelled() && !between.get(), "way {way}");
    }
}

/// The same by a capture of a body that is never polled.
#[tokio::test(start_paused = true)]
async fn a_capture_that_fires_the_outer_fence_lets_it_win() {
    let (outer_stop, between) = (Event::new(), Cell::new(false));
    let outcome = Fencing::new().on("outer", &outer_stop).run(async {
        let fires = OnDrop(|| {
            outer_stop.set();
        });
        let inner = Fencing::new().timeout(Duration::ZERO).run(async move {
            let _fires = fires;
        });
        let _ = inner.await;
        between.set(true);
    });
    assert!(outcome.await.cancelled_by("outer"));
    assert!(!between.get());
}

/// And by a cleanup of the inner fence, and its guard.
#[tokio::test(start_paused = true)]
async fn a_cleanup_that_fires_the_outer_fence_lets_it_win() {
    let (outer_stop, between) = (Event::new(), Cell::new(false));
    let set = outer_stop.clone();
    let outcome = Fencing::new().on("outer", &outer_stop).run(async {
        let inner = Fencing::new().timeout(ms(5)).run(async {
            let _ = fence::on_cancel(async move {
                sleep(ms(1)).await;
                set.set();
            });
            never().await;
        });
        let _ = inner.await;
        between.set(true);
    });
    assert!(outcome.await.cancelled_by("outer"));
    assert!(!between.get());
}

/// A fence goes back to "never polled" in full: it is linked and guarded, fires at its first poll,
/// is blocked by what it has fired, and is polled again elsewhere.
#[tokio::test(start_paused = true)]
async fn a_fence_that_is_moved_out_starts_anew_in_full() {
    let first = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let asked = first.clone();
    let fencing = Fencing::new()
        .deadline(tokio::time::Instant::now())
        .linked()
        .guard(move |_| asked.swap(false, std::sync::atomic::Ordering::Relaxed));
    let mut inner = Box::pin(fencing.run(async { 7 }));
    {
        let mut outer = pin!(Fencing::new().run(async {
            let _ = inner.as_mut().await;
        }));
        assert!(matches!(
            poll(&mut outer),
            Poll::Ready(Fenced::Cancelled(_))
        ));
    }
    assert_eq!(inner.await.unwrap(), 7, "declined now");
}
