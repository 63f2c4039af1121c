//! Plain code over async code: destructors that wait, scopes as bridges, other executors (D14).

use std::cell::Cell;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fence::{Event, Fenced, Fencing, check, checkpoint, shield};
use futures::executor::block_on;
use support::{ms, never, secs};
use tokio::runtime::{Builder, Handle};
use tokio::task::block_in_place;
use tokio::time::sleep;

fn on_workers<F: Future>(future: F) -> F::Output {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(future)
}

/// What a destructor does with an async client: all of it ends, although the fence is being cut.
async fn close(closed: &AtomicU32) {
    checkpoint().await;
    let fenced = Fencing::new().timeout(secs(60)).run(sleep(ms(1)));
    assert!(fenced.await.is_completed());
    let inherited = Fencing::current().run(sleep(ms(1)));
    assert!(inherited.await.is_completed());
    shield(sleep(ms(1))).await;
    closed.fetch_add(1, Ordering::Relaxed);
}

enum Way {
    Bare,
    Bridge,
    OtherExecutor,
}

struct Connection(Way, Arc<AtomicU32>);

impl Drop for Connection {
    fn drop(&mut self) {
        assert!(check().is_err(), "the fence is still seen");
        match self.0 {
            Way::Bare => block_in_place(|| Handle::current().block_on(close(&self.1))),
            Way::Bridge => {
                let closing = || Handle::current().block_on(close(&self.1));
                let closed = Fencing::new().run_blocking(|| block_in_place(closing));
                assert!(closed.is_completed(), "a flush in a destructor runs");
            }
            Way::OtherExecutor => block_on(close(&self.1)),
        }
    }
}

#[test]
fn a_destructor_may_wait_whatever_cuts() {
    for way in 0..3 {
        let closed = Arc::new(AtomicU32::new(0));
        let connection = |closed: &Arc<AtomicU32>| {
            let way = [Way::Bare, Way::Bridge, Way::OtherExecutor]
                .into_iter()
                .nth(way);
            Connection(way.unwrap(), closed.clone())
        };
        // Cut in the middle, cut before the first poll, and inside of another that is cut.
        on_workers(async {
            let (stop, held) = (Event::new(), connection(&closed));
            let work = tokio::spawn(Fencing::new().on("stop", &stop).run(async move {
                let _held = held;
                never().await;
            }));
            tokio::task::yield_now().await;
            stop.set();
            assert!(work.await.unwrap().is_cancelled());

            let (outer, held) = (Event::new(), connection(&closed));
            let work = Fencing::new().on("outer", &outer).run(async move {
                let inner = Fencing::new().timeout(secs(60)).run(async move {
                    let _held = held;
                    never().await;
                });
                futures::join!(inner, async {
                    tokio::task::yield_now().await;
                    outer.set();
                })
            });
            let outcome = tokio::spawn(work).await.unwrap();
            assert!(outcome.cancelled_by("outer"));
        });
        assert_eq!(closed.load(Ordering::Relaxed), 2);
    }
}

/// Sync code over async code, with the bridge that the docs of `run` name.
fn bridged<F: Future>(future: F) -> Fenced<F::Output> {
    Fencing::new().run_blocking(|| block_in_place(|| Handle::current().block_on(future)))
}

#[test]
fn what_is_awaited_under_a_bridge_is_cut_by_what_fires_outside() {
    on_workers(async {
        let seen = Cell::new(0);
        let outer = Fencing::new().timeout_as("outer", ms(20)).run(async {
            // Both levels of the code inside are told, and by its reasons.
            let inside = bridged(async {
                let inner = Fencing::new().timeout(secs(60));
                let why = inner.run(pending::<()>()).await.cancelled().unwrap();
                seen.set(why.reasons().len());
                why
            });
            assert!(inside.unwrap().by("outer"));
            checkpoint().await;
        });
        assert!(outer.await.cancelled_by("outer"));
        assert_eq!(seen.get(), 1);
    });
}

#[test]
fn an_event_outside_cuts_under_a_bridge_in_any_executor() {
    for is_tokio in [true, false] {
        on_workers(async move {
            let stop = Event::new();
            let (set, waits) = (stop.clone(), Event::new());
            let waiting = waits.clone();
            let setter = std::thread::spawn(move || {
                block_on(waiting.wait());
                set.set();
            });
            let work = async {
                let inner = async {
                    waits.set();
                    Fencing::new().run(pending::<()>()).await
                };
                let inside = if is_tokio {
                    bridged(inner)
                } else {
                    Fencing::new().run_blocking(|| block_on(inner))
                };
                assert!(inside.unwrap().cancelled_by("stop"));
            };
            let outcome = Fencing::new().on("stop", &stop).run(work).await;
            assert!(outcome.is_completed(), "nothing waits after it");
            setter.join().unwrap();
        });
    }
}

/// On either side of a scope the outermost wins.
#[test]
fn the_outermost_inside_of_a_scope_wins() {
    let stop = Event::new();
    let outcome = Fencing::new().on("outside", &stop).run_blocking(|| {
        let between = Cell::new(false);
        let both = block_on(Fencing::new().on("outer", &stop).run(async {
            let inner = Fencing::new().on("inner", &stop).run(async {
                stop.set();
                never().await;
            });
            let _ = inner.await;
            between.set(true);
        }));
        assert!(both.cancelled_by("outer") && !between.get());
    });
    assert!(outcome.is_completed());
}

/// As long as nothing fires, all is as if the code stood inline.
#[test]
fn a_bare_block_on_is_right_as_long_as_nothing_fires() {
    on_workers(async {
        let work = Fencing::new().timeout(secs(60)).run(async {
            let inner = Fencing::new().timeout(ms(5)).run(pending::<()>());
            block_in_place(|| Handle::current().block_on(inner))
        });
        let outcome = tokio::spawn(work).await.unwrap();
        assert!(outcome.unwrap().cancelled_by("timeout"));
    });
}

/// A fence that asks guards, or has a grace, decides by itself: it cuts nothing inside of a scope
/// that it has not decided about.
#[test]
fn a_fence_that_decides_hands_nothing_into_a_scope() {
    let graced = Fencing::new().grace(secs(60));
    for fencing in [Fencing::new().guard(|_| false), graced] {
        on_workers(async {
            let late = Event::new();
            let inner = async {
                late.set();
                Fencing::new().run(sleep(ms(1))).await
            };
            let work = async { bridged(inner).unwrap() };
            let outcome = fencing.on("late", &late).run(work).await;
            assert!(outcome.unwrap().is_completed());
        });
    }
}
