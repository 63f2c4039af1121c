//! How groups end when something fires, and when they are dropped (D29).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fence::{Event, Fencing, Group, ReasonKind, group, on_cancel, shield};
use support::{ms, never};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Waits forever, and when it is cancelled cleans up for that long.
    async fn cleans_up(self, text: &'static str, time: Duration) {
        on_cancel(async move {
            sleep(time).await;
            self.add(text);
        });
        never().await;
    }
}

// A timeout of its own.
#[tokio::test(start_paused = true)]
async fn what_finished_before_the_timeout_is_kept() {
    let (log, kept) = (Log::default(), Mutex::new(Vec::new()));
    let outcome = group()
        .fenced(&Fencing::new().timeout(ms(250)))
        .run(async |group| {
            for number in 1..=3 {
                kept.lock().unwrap().push(group.spawn(async move {
                    sleep(ms(number * 100)).await;
                    Ok(number)
                }));
            }
            sleep(ms(230)).await;
            log.add("first");
            sleep(ms(30)).await;
            log.add("second");
        })
        .await;
    assert!(outcome.cancelled_by("timeout"));
    assert_eq!(log.take(), ["first"]);
    let mut kept = kept.into_inner().unwrap().into_iter();
    assert_eq!(kept.next().unwrap().await.unwrap(), 1);
    assert_eq!(kept.next().unwrap().await.unwrap(), 2);
    assert!(kept.next().unwrap().await.cancelled_by("timeout"));
}

// A shutdown from another task.
#[tokio::test(start_paused = true)]
async fn another_task_shuts_it_down() {
    let start = Instant::now();
    let (done, (send, handle)) = (Log::default(), oneshot::channel());
    let running = tokio::spawn({
        let done = done.clone();
        group().run(async move |group| {
            for number in 0..10 {
                let done = done.clone();
                group.spawn(async move {
                    let log = done.clone();
                    on_cancel(async move {
                        sleep(ms(100)).await;
                        log.add("cleaned up");
                    });
                    sleep(ms(100 * number + 50)).await;
                    done.add("done");
                });
            }
            send.send(group.handle().clone()).unwrap();
            never().await;
        })
    });
    let handle = handle.await.unwrap();
    sleep(ms(490)).await;
    assert!(handle.cancel());
    let why = running.await.unwrap().cancelled().unwrap();
    assert_eq!(start.elapsed(), ms(590), "everybody has cleaned up");
    assert_eq!(why.cleanup().ran(), 5);
    let (done, cleaned): (Vec<_>, Vec<_>) = done.take().into_iter().partition(|s| s == "done");
    assert_eq!((done.len(), cleaned.len()), (5, 5));
}

/// A handle cancels also while the host is done and the group waits.
#[tokio::test(start_paused = true)]
async fn it_can_be_cancelled_after_its_host() {
    let outcome = group().run(async |group| {
        let inside = group.clone();
        group.spawn(async move {
            sleep(ms(10)).await;
            inside.handle().cancel_as("enough");
        });
        group.spawn(never());
    });
    assert!(outcome.await.cancelled_by("enough"));
}

#[tokio::test(start_paused = true)]
async fn nested_groups_unwind_leaf_first() {
    async fn worker(log: Log, name: &'static str) {
        let cleanup = log.clone();
        on_cancel(async move { cleanup.add(name) });
        let inner = group().run(async |group: Group| {
            group.spawn(log.clone().cleans_up("leaf", ms(10)));
            group.spawn(log.clone().cleans_up("leaf", ms(20)));
        });
        inner.await.unwrap();
        log.add("not run");
    }
    let log = Log::default();
    let root = group().run(async |group| {
        let cleanup = log.clone();
        on_cancel(async move { cleanup.add("root") });
        group.spawn(worker(log.clone(), "worker"));
        group.spawn(worker(log.clone(), "worker"));
        sleep(ms(5)).await;
        group.cancel();
        never().await;
    });
    assert!(root.await.is_cancelled());
    let order = log.take();
    assert_eq!(order.len(), 7, "{order:?}");
    assert_eq!(order[..4], ["leaf", "leaf", "leaf", "leaf"]);
    assert_eq!(order[4..], ["worker", "worker", "root"]);
}

/// The fence around waits for the joining, within its cleanup limit.
#[tokio::test(start_paused = true)]
async fn the_fence_around_waits() {
    for (limit, took, overran) in [(ms(5000), 110, 0), (ms(50), 60, 1)] {
        let (log, start) = (Log::default(), Instant::now());
        let child = log.clone().cleans_up("child", ms(100));
        let fencing = Fencing::new().timeout(ms(10)).cleanup_within(ms(5000));
        let outcome =
            fencing
                .run(group().fenced(&Fencing::new().cleanup_within(limit)).run(
                    async move |group| {
                        group.spawn(child);
                    },
                ))
                .await;
        let why = outcome.cancelled().unwrap();
        assert!(why.is_timeout());
        assert_eq!(start.elapsed(), ms(took));
        assert_eq!(why.cleanup().overran(), overran);
        assert_eq!(log.take().len(), 1 - overran);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_group_aborts_its_children() {
    for is_in_a_fence in [false, true] {
        let (mut ends, mut children) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let (send, receive) = oneshot::channel::<()>();
            ends.push(receive);
            // A shield is no defence against being aborted.
            children.push(shield(async move {
                sleep(ms(1000)).await;
                drop(send);
            }));
        }
        let run = group().run(async move |outer| {
            outer.spawn(children.pop().unwrap());
            let inner = group().run(async move |inner| {
                for child in children {
                    inner.spawn(child);
                }
            });
            outer.spawn(async { inner.await.unwrap() });
        });
        let task = if is_in_a_fence {
            tokio::spawn(Fencing::new().run(async { run.await.unwrap() }))
        } else {
            tokio::spawn(run)
        };
        sleep(ms(10)).await;
        let start = Instant::now();
        task.abort();
        for end in ends {
            assert!(end.await.is_err());
        }
        assert_eq!(start.elapsed(), ms(0));
    }
}

/// One that loses a `select!` aborts its children, too, whatever fences are around.
#[tokio::test(start_paused = true)]
async fn a_group_that_loses_a_select_aborts_its_children() {
    let ended = Arc::new(AtomicBool::new(false));
    let seen = ended.clone();
    let outcome = Fencing::new().timeout(ms(5000)).run(async {
        let run = group().run(async move |group| {
            group.spawn(async move {
                sleep(ms(1000)).await;
                seen.store(true, Ordering::Relaxed);
            });
        });
        tokio::select! {
            _ = run => unreachable!("it takes longer"),
            () = sleep(ms(10)) => {}
        }
        sleep(ms(2000)).await;
    });
    assert!(outcome.await.is_completed());
    assert!(!ended.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn the_shield_of_the_host_is_not_that_of_its_children() {
    let (stop, start) = (Event::new(), Instant::now());
    let (send, cut) = oneshot::channel();
    let host = group().run(async |group| {
        group.spawn(async move {
            on_cancel(async move { send.send(()).unwrap() });
            never().await;
        });
        tokio::task::yield_now().await;
        shield(async {
            stop.set();
            timeout(ms(1000), cut).await.unwrap().unwrap();
            sleep(ms(100)).await;
        })
        .await;
        never().await;
    });
    let outcome = Fencing::new().on("stop", &stop).run(host).await;
    assert!(outcome.cancelled_by("stop"));
    assert_eq!(start.elapsed(), ms(100));
}

// With groups, cancelling the inner one cancels the outer one.
#[tokio::test(start_paused = true)]
async fn a_linked_group_takes_the_one_around_along() {
    for is_linked in [true, false] {
        let fencing = if is_linked {
            Fencing::new().linked()
        } else {
            Fencing::new()
        };
        let outcome = group()
            .run(async |outer| {
                let sibling = outer.spawn(never());
                let inner = group().fenced(&fencing).run(async |inner| {
                    inner.spawn(never());
                    sleep(ms(10)).await;
                    inner.handle().cancel_because("quota", "87 of 80");
                    never().await;
                });
                assert!(inner.await.cancelled_by("quota"));
                sibling.cancel();
            })
            .await;
        assert_eq!(outcome.cancelled_by("quota"), is_linked);
        if let Some(why) = outcome.cancelled() {
            assert_eq!(why.primary().kind(), ReasonKind::Linked);
        }
    }
}

// A group waits for a thread, which learns of the cancellation.
#[tokio::test]
async fn a_thread_is_waited_for() {
    let (ended, (send, started)) = (Arc::new(AtomicBool::new(false)), oneshot::channel());
    let seen = ended.clone();
    let outcome = group().run(async |group| {
        let thread = group.spawn_blocking(move || {
            send.send(()).unwrap();
            let why = loop {
                match fence::check() {
                    Ok(()) => std::thread::yield_now(),
                    Err(why) => break why,
                }
            };
            // Nobody may have gone on without it.
            (0..10_000).for_each(|_| std::thread::yield_now());
            seen.store(true, Ordering::Release);
            Ok(why.by("enough"))
        });
        started.await.unwrap();
        group.handle().cancel_as("enough");
        thread.await
    });
    assert!(outcome.await.cancelled_by("enough"));
    assert!(ended.load(Ordering::Acquire));
}

#[tokio::test]
async fn a_thread_returns_its_value_and_its_panic() {
    let outcome = group().run(async |group| {
        let value = group.spawn_blocking(|| Ok(7)).await.unwrap();
        let panic = group.spawn_blocking(|| panic!("thread") as Result<(), _>);
        let fence::Ended::Panicked(message) = panic.await else {
            panic!("it panicked")
        };
        (value, message)
    });
    let caught = std::panic::AssertUnwindSafe(outcome);
    let panic = futures::FutureExt::catch_unwind(caught).await.unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "thread");
}

// A child that cancels the group of its host: the host is cut, and never gets to see it (D13).
#[tokio::test(start_paused = true)]
async fn a_host_that_awaits_a_child_is_cut_before_it_learns_of_it() {
    for in_a_set in [false, true] {
        let outcome = group().run(async move |group| {
            let handle = group.handle().clone();
            let child = group.spawn(async move {
                handle.cancel_as("enough");
                fence::checkpoint().await;
            });
            if in_a_set {
                let mut set = futures::stream::FuturesUnordered::from_iter([child]);
                futures::StreamExt::next(&mut set).await.unwrap().unwrap();
            } else {
                child.await.unwrap();
            }
        });
        assert!(outcome.await.cancelled_by("enough"), "{in_a_set}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_cut_is_aborted_when_the_time_is_up() {
    let alive = Arc::new(());
    let held = alive.clone();
    let limits = Fencing::new().timeout(ms(10)).cleanup_within(ms(50));
    let host = async move |group: Group| {
        group.spawn(shield(async move {
            std::future::pending::<()>().await;
            drop(held);
        }));
        std::future::pending::<()>().await;
    };
    let outcome = group().fenced(&limits).run(host).await;
    assert_eq!(outcome.cancelled().unwrap().cleanup().overran(), 1);
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&alive), 1);
}
