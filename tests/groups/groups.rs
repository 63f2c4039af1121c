//! Groups: every child is joined, and may fail alone (D29).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fence::{Ended, Event, Fenced, Fencing, Group, group, on_cancel};
use support::{ms, never};
use tokio::time::{Instant, sleep};

#[expect(clippy::unused_async, reason = "a body that only panics")]
async fn explode(message: &str) {
    panic!("{message}")
}

/// What a child leaves behind when it is dropped, polled or not.
struct Dropped(Arc<AtomicU32>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_all_children() {
    let start = Instant::now();
    let results = Arc::new(Mutex::new(Vec::new()));
    let outcome = group()
        .run(async |group| {
            for secs in [3, 2, 1] {
                let results = results.clone();
                group.spawn(async move {
                    sleep(ms(secs * 1000)).await;
                    results.lock().unwrap().push(secs);
                });
            }
            assert_eq!(group.running(), 3);
            "host"
        })
        .await;
    assert_eq!(outcome.unwrap(), "host");
    assert_eq!(start.elapsed(), ms(3000));
    assert_eq!(*results.lock().unwrap(), [1, 2, 3]);
}

// An empty group is ready in its first poll.
#[test]
fn an_empty_group_does_not_wait() {
    let mut run = tokio_test::task::spawn(group().run(async |_| 7));
    match run.poll() {
        std::task::Poll::Ready(outcome) => assert_eq!(outcome.unwrap(), 7),
        std::task::Poll::Pending => panic!("there is nothing to wait for"),
    }
}

#[tokio::test(start_paused = true)]
async fn children_fail_alone_and_the_handler_learns_of_it_at_once() {
    let (start, seen) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let log = seen.clone();
    let outcome = group()
        .on_error(move |error: &str| {
            log.lock().unwrap().push((error, start.elapsed()));
            assert!(error != "a", "a handler that panics is contained");
        })
        .run(async |group| {
            let fine = group.spawn(async {
                sleep(ms(900)).await;
                Ok(1)
            });
            let failing = ["a", "b"].map(|error| {
                group.spawn(async move {
                    sleep(ms(if error == "a" { 300 } else { 500 })).await;
                    Err::<(), _>(error)
                })
            });
            for task in failing {
                assert!(matches!(task.await, Ended::Failed));
            }
            sleep(ms(1000)).await;
            fine.await.unwrap()
        })
        .await;
    assert_eq!(outcome.unwrap(), 1);
    assert_eq!(start.elapsed(), ms(1500));
    assert_eq!(*seen.lock().unwrap(), [("a", ms(300)), ("b", ms(500))]);
}

// Nobody minds a child that is cancelled, aborted, or cut by a fence of its own.
#[tokio::test(start_paused = true)]
async fn a_cancelled_child_concerns_nobody_else() {
    let outcome = group()
        .run(async |group| {
            let other = group.spawn(async {
                sleep(ms(50)).await;
                Ok(2)
            });
            let cancelled = group.spawn(never());
            let aborted = group.spawn(never());
            let fenced = group.spawn(Fencing::new().timeout(ms(10)).run(never()));
            tokio::task::yield_now().await;
            cancelled.cancel();
            aborted.abort();
            assert!(cancelled.await.cancelled_by("handle"));
            assert!(aborted.await.cancelled_by("dropped"));
            assert!(fenced.await.unwrap().cancelled_by("timeout"));

            let own = Fencing::new().timeout(ms(10)).run(never()).await;
            let stop = Event::new();
            stop.set();
            let fired = Fencing::new().on("stop", &stop).run(never()).await;
            assert!(own.cancelled_by("timeout") && fired.cancelled_by("stop"));
            other.await.unwrap()
        })
        .await;
    assert_eq!(outcome.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_in_a_cancelled_group() {
    let (dropped, seen) = (Arc::new(AtomicU32::new(0)), Mutex::new(None));
    let outcome = group()
        .run(async |group| {
            group.handle().cancel_as("enough");
            let token = Dropped(dropped.clone());
            let late = group.spawn(async move {
                let _token = token;
                explode("never polled").await;
            });
            *seen.lock().unwrap() = Some((group, late));
            never().await;
        })
        .await;
    assert!(outcome.cancelled_by("enough"));
    let (group, late) = seen.into_inner().unwrap().unwrap();
    assert!(late.await.cancelled_by("enough"));
    assert_eq!(dropped.load(Ordering::Relaxed), 1);

    let token = Dropped(dropped.clone());
    let later = group.spawn(async move { drop(token) });
    assert!(later.is_finished() && later.await.cancelled_by("enough"));
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_in_a_group_that_has_ended() {
    let group = group().run(async |group| group).await.unwrap();
    let why = group.spawn(explode("never polled")).await;
    let why = why.cancelled().unwrap().to_string();
    assert_eq!(why, "cancelled: dropped: the group has ended");
    assert_eq!(group.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn children_spawn_siblings_while_the_group_waits() {
    fn generation(group: &Group, left: u32, count: &Arc<AtomicU32>) {
        let (inside, count) = (group.clone(), count.clone());
        group.spawn(async move {
            sleep(ms(10)).await;
            count.fetch_add(1, Ordering::Relaxed);
            if left > 0 {
                generation(&inside, left - 1, &count);
            }
        });
    }
    let (start, count) = (Instant::now(), Arc::new(AtomicU32::new(0)));
    let outcome = group()
        .run(async |group| generation(&group, 3, &count))
        .await;
    assert!(outcome.is_completed());
    assert_eq!(start.elapsed(), ms(40));
    assert_eq!(count.load(Ordering::Relaxed), 4);
}

// 1000 children, ten of which are alive at a time.
#[tokio::test(start_paused = true)]
async fn a_long_lived_group_keeps_nothing() {
    let mut most = 0;
    let metrics = tokio::runtime::Handle::current().metrics();
    let outcome = group()
        .run(async |group| {
            for _ in 0..1000 {
                group.spawn(sleep(ms(10_000)));
                sleep(ms(1000)).await;
                most = most.max(group.running());
                assert!(metrics.num_alive_tasks() <= 11);
            }
        })
        .await;
    assert!(outcome.is_completed());
    assert!((10..=11).contains(&most), "{most}");
}

/// Backpressure: the host makes no more work than there is room for.
#[tokio::test(start_paused = true)]
async fn at_most_so_many_children_run_at_once() {
    let (start, now, most) = (
        Instant::now(),
        Arc::new(AtomicU32::new(0)),
        Arc::new(AtomicU32::new(0)),
    );
    let made = Arc::new(AtomicU32::new(0));
    let job = || {
        let (now, most) = (now.clone(), most.clone());
        async move {
            let running = now.fetch_add(1, Ordering::Relaxed) + 1;
            most.fetch_max(running, Ordering::Relaxed);
            sleep(ms(10)).await;
            now.fetch_sub(1, Ordering::Relaxed);
        }
    };
    group()
        .limit(3.try_into().unwrap())
        .run(async |group| {
            for round in 0..12 {
                let place = group.reserve().await;
                assert_eq!(start.elapsed(), ms(round / 3 * 10), "it waits for a place");
                made.fetch_add(1, Ordering::Relaxed);
                place.spawn(job());
            }
            // These do not wait, but their futures do.
            for _ in 0..3 {
                group.spawn(job());
            }
        })
        .await
        .unwrap();
    assert_eq!(most.load(Ordering::Relaxed), 3);
    assert_eq!(start.elapsed(), ms(50));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_waits_for_its_place_is_never_polled_once_cancelled() {
    let outcome = group()
        .limit(1.try_into().unwrap())
        .run(async |group| {
            group.spawn(never());
            let waiting = group.spawn(explode("never polled"));
            let place = tokio::spawn({
                let group = group.clone();
                async move {
                    let place = group.reserve().await;
                    drop(place.spawn(explode("no place")));
                }
            });
            sleep(ms(10)).await;
            waiting.cancel();
            assert!(waiting.await.cancelled_by("handle"));
            place.abort();
            group.cancel();
            never().await;
        })
        .await;
    assert!(outcome.cancelled_by("handle"));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "child")]
async fn the_panic_of_a_child_is_resumed_once_all_have_ended() {
    let ended = Arc::new(AtomicU32::new(0));
    let seen = ended.clone();
    let run = group().run(async |group| {
        let failing = group.spawn(explode("child"));
        assert!(matches!(failing.await, Ended::Panicked(message) if message == "child"));
        group.spawn(async move {
            sleep(ms(100)).await;
            seen.fetch_add(1, Ordering::Relaxed);
        });
    });
    let caught = std::panic::AssertUnwindSafe(run);
    let panic = futures::FutureExt::catch_unwind(caught).await.unwrap_err();
    assert_eq!(ended.load(Ordering::Relaxed), 1, "siblings run on");
    std::panic::resume_unwind(panic);
}

#[tokio::test(start_paused = true)]
async fn the_panic_of_the_host_cancels_the_children_first() {
    let (start, dropped) = (Instant::now(), Arc::new(AtomicU32::new(0)));
    let token = Dropped(dropped.clone());
    let run = group().run(async |group| -> () {
        group.spawn(async move {
            let _token = token;
            on_cancel(async { sleep(ms(200)).await });
            never().await;
        });
        tokio::task::yield_now().await;
        panic!("host")
    });
    let caught = std::panic::AssertUnwindSafe(run);
    let panic = futures::FutureExt::catch_unwind(caught).await.unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"host"));
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    assert_eq!(start.elapsed(), ms(200), "after the cleanup of the child");
}

#[tokio::test(start_paused = true)]
async fn children_see_what_is_bound_where_the_group_runs() {
    let stop = Event::new();
    let bound = || async {
        let outcome = Fencing::current().run(never()).await;
        Ok::<_, std::convert::Infallible>(outcome.cancelled_by("stop"))
    };
    let request = Fencing::new().on("stop", &stop);
    let run = request.bind(group().run(async |group| {
        let from_elsewhere = Fencing::new().bind_sync(|| group.spawn(bound()));
        (group.spawn(bound()).await, from_elsewhere.await)
    }));
    let (outcome, _) = tokio::join!(run, async {
        sleep(ms(10)).await;
        stop.set()
    });
    let Fenced::Completed((here, elsewhere)) = outcome else {
        panic!("binding cancels nothing")
    };
    assert!(here.unwrap() && elsewhere.unwrap());
}
