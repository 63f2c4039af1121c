//! Snapshots of the surroundings, for threads that fence did not start (D36).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fence::{
    Cancelled, Event, Fencing, Here, ReasonKind, check, group, here, on_cancel, remaining, shield,
    spawn, spawn_blocking,
};
use rayon::prelude::*;
use support::{ms, never, secs};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

fn assert_value<T: Clone + Send + Sync + 'static>(_: &T) {}

/// On a thread that knows nothing.
fn elsewhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| scope.spawn(f).join().unwrap())
}

#[tokio::test(start_paused = true)]
async fn another_thread_sees_what_is_around() {
    let stop = Event::new();
    let fence = Fencing::new()
        .on("stop", &stop)
        .timeout(secs(3))
        .cooperative();
    let outer = fence.run(async {
        let here = here();
        assert_value(&here);
        elsewhere(|| {
            assert!(check().is_ok() && remaining().is_none());
            assert!(here.check().is_ok());
            // The clock of this thread is not paused.
            let left = here.remaining().unwrap();
            assert!(left <= secs(3) && left > secs(2), "{left:?}");
            stop.set();
            assert!(check().is_ok());
            assert!(here.check().unwrap_err().by("stop"));
            assert!(here.enter(check).unwrap_err().by("stop"));
        });
    });
    assert!(outer.await.is_completed());
}

// The deadline passes by itself.
#[test]
fn it_sees_a_passed_deadline_without_a_runtime() {
    let limit = Fencing::new().timeout(ms(5));
    let why = limit.run_blocking(|| {
        let here = here();
        elsewhere(|| {
            loop {
                if let Err(why) = here.check() {
                    break why;
                }
            }
        })
    });
    assert!(why.unwrap().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn what_is_bound_goes_along_and_what_is_around_is_replaced() {
    let [there, around] = [(); 2].map(|()| Event::new());
    let bound = Fencing::new().on("there", &there);
    let taken = bound.bind(async {
        Fencing::new()
            .timeout_as("there", secs(1))
            .run(async { here() })
            .await
    });
    let here = taken.await.unwrap();
    around.set();
    let outer = Fencing::new().on("around", &around).cooperative();
    let entered = Fencing::new().timeout(secs(9)).run(async {
        outer.bind_sync(|| {
            here.enter(|| (format!("{:?}", Fencing::current()), check(), remaining()))
        })
    });
    let (current, checked, left) = entered.await.unwrap();
    assert!(
        current.contains("there") && !current.contains("around"),
        "{current}"
    );
    assert!(checked.is_ok(), "its fence is over");
    assert_eq!(left, None, "so is its limit");
}

// It always runs, and gives its value back; what it panics with goes on.
#[tokio::test(start_paused = true)]
async fn entering_always_runs() {
    let fence = Fencing::new().timeout(secs(1)).cooperative();
    let outer = fence.run(async {
        let here = here();
        sleep(secs(2)).await;
        assert_eq!(here.enter(|| 7), 7);
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            here.enter(|| -> () { panic!("inside") });
        }));
        assert!(caught.is_err());
        // Nothing of it is left on this thread.
        assert!(check().is_err() && here.enter(check).is_err());
        elsewhere(|| assert!(check().is_ok()));
    });
    assert!(outer.await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn a_cleanup_in_it_is_refused() {
    let ran = Arc::new(AtomicU32::new(0));
    let count = || {
        let ran = ran.clone();
        async move { _ = ran.fetch_add(1, Ordering::SeqCst) }
    };
    let outer = Fencing::new().timeout(secs(1)).run(async {
        let here = here();
        assert!(on_cancel(count()).is_registered());
        assert!(!here.enter(|| on_cancel(count()).is_registered()));
        assert!(!elsewhere(
            || here.enter(|| on_cancel(count()).is_registered())
        ));
        never().await;
    });
    let why = outer.await.cancelled().unwrap();
    assert_eq!((why.cleanup().ran(), ran.load(Ordering::SeqCst)), (1, 1));
    assert!(!on_cancel(count()).is_registered());
}

// As if it had been spawned where the snapshot was taken: also after the entering is over.
#[tokio::test(start_paused = true)]
async fn what_is_spawned_in_it_is_enclosed_there() {
    let stop = Event::new();
    let mut tasks = Vec::new();
    let outer = Fencing::new().on("stop", &stop).run(async {
        let (here, runtime) = (here(), Handle::current());
        tasks.push(here.enter(|| spawn(never())));
        tasks.push(elsewhere(|| {
            let _runtime = runtime.enter();
            here.enter(|| spawn(never()))
        }));
        let panics = std::panic::AssertUnwindSafe(|| {
            here.enter(|| {
                tasks.push(spawn(never()));
                panic!("inside");
            });
        });
        assert!(std::panic::catch_unwind(panics).is_err());
        sleep(ms(10)).await;
        assert!(tasks.iter().all(|task| !task.is_finished()));
        stop.set();
        never().await;
    });
    assert!(outer.await.cancelled_by("stop"));
    for task in tasks {
        assert!(task.await.cancelled_by("stop"));
    }
}

// An async fence in it is cut by what fires there, and passes its own cancellation up to there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fences_in_it_belong_there() {
    let stop = Event::new();
    let outer = Fencing::new().on("stop", &stop).run(async {
        let (here, stop) = (here(), stop.clone());
        let code = move || {
            let runtime = Handle::current();
            here.enter(|| {
                stop.set();
                runtime.block_on(Fencing::new().run(never()))
            })
        };
        let inside = tokio::task::spawn_blocking(code).await.unwrap();
        assert!(inside.cancelled_by("stop"));
        never().await;
    });
    assert!(outer.await.cancelled_by("stop"));

    let outer = Fencing::new().run(async {
        let here = here();
        let linked = Fencing::new().timeout(ms(5)).linked();
        let code = move || {
            let runtime = Handle::current();
            here.enter(|| runtime.block_on(linked.run(never())))
        };
        assert!(
            tokio::task::spawn_blocking(code)
                .await
                .unwrap()
                .is_cancelled()
        );
        never().await;
    });
    assert_eq!(outer.await.reasons()[0].kind(), ReasonKind::Linked);
}

// A shield hides what is beyond, and outside of fences nothing is around.
#[tokio::test(start_paused = true)]
async fn it_sees_no_more_than_its_place() {
    let fired = Event::new();
    fired.set();
    let outer = Fencing::new()
        .timeout(secs(3))
        .run(async { shield(async { here() }).await });
    let behind = outer.await.unwrap();
    assert!(behind.check().is_ok() && behind.remaining().is_none());
    let outside = here();
    assert!(outside.check().is_ok());
    assert!(outside.cancelled().await.is_none());
    assert_eq!(outside.enter(|| 7), 7);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_the_cancellation_or_the_end() {
    let taken = |fencing: Fencing, completes: bool| async move {
        let (send, receive) = tokio::sync::oneshot::channel::<Here>();
        let watching = tokio::spawn(async move { receive.await.unwrap().cancelled().await });
        let start = Instant::now();
        let outcome = fencing.run(async {
            let inner = Fencing::new().run(async { send.send(here()).unwrap() });
            inner.await.unwrap();
            sleep(secs(1)).await;
            if !completes {
                never().await;
            }
        });
        let cut = outcome.await.is_cancelled();
        let why = timeout(secs(60), watching).await.expect("it ends").unwrap();
        (cut, why, start.elapsed())
    };
    let (cut, why, _) = taken(Fencing::new(), true).await;
    assert!(!cut && why.is_none());
    let limit = Fencing::new().timeout(secs(5));
    let (cut, why, took) = taken(limit.clone(), false).await;
    assert!(cut && why.unwrap().is_timeout());
    assert_eq!(took, secs(5));
    // It has fired, whatever the body makes of it.
    let (cut, why, _) = taken(Fencing::new().timeout(ms(500)).grace(secs(9)), true).await;
    assert!(!cut && why.unwrap().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn it_learns_that_a_fence_was_dropped() {
    let taken = Mutex::new(None);
    let fence = Fencing::new().run(async {
        *taken.lock().unwrap() = Some(here());
        never().await;
    });
    assert!(timeout(ms(10), fence).await.is_err());
    let here = taken.into_inner().unwrap().unwrap();
    assert!(here.check().unwrap_err().by("dropped"));
    assert!(here.cancelled().await.unwrap().by("dropped"));
}

// It keeps no fence alive, and holds none up.
#[tokio::test(start_paused = true)]
async fn it_holds_nothing() {
    let stop = Event::new();
    let body = Arc::new(());
    let kept = Mutex::new(Vec::new());
    for completes in [true, false] {
        let alive = body.clone();
        let (kept, stop) = (&kept, &stop);
        let fence = Fencing::new().on("stop", stop).run(async move {
            assert_eq!(Arc::strong_count(&alive), 2);
            let here = here();
            let waiting = tokio::spawn(here.cancelled());
            yield_now().await;
            kept.lock().unwrap().push((here, waiting));
            if !completes {
                stop.set();
                never().await;
            }
        });
        assert_eq!(fence.await.is_completed(), completes);
    }
    assert_eq!(Arc::strong_count(&body), 1);
    assert_eq!(fence::__private::waiters(&stop), 0);
    for (here, waiting) in kept.into_inner().unwrap() {
        assert_eq!(waiting.await.unwrap().is_some(), here.check().is_err());
    }
}

// The group is one of the fences.
#[tokio::test(start_paused = true)]
async fn it_may_be_taken_in_a_group_and_in_a_task() {
    let outcome = group().run(async |group| {
        let child = group.spawn(async {
            let in_task = spawn(async { here() }).await.unwrap();
            Ok((here(), in_task))
        });
        let (in_child, in_task) = child.await.unwrap();
        let before = (in_child.check().is_ok(), in_task.check().is_ok());
        group.cancel();
        assert!(in_child.check().is_err() && in_task.check().is_err());
        before
    });
    assert_eq!(outcome.await.unwrap(), (true, true));
}

/// Sums up in steps that take a while, on rayon's threads.
fn sum(here: &Here, steps: &AtomicU32) -> Result<u64, Cancelled> {
    let step = |number| {
        here.check()?;
        steps.fetch_add(1, Ordering::SeqCst);
        std::thread::yield_now();
        Ok(number)
    };
    (0..1_000_000_u64).into_par_iter().map(step).sum()
}

#[tokio::test]
async fn a_parallel_iterator_stops_at_the_limit() {
    let steps = Arc::new(AtomicU32::new(0));
    let inside = steps.clone();
    let limit = Fencing::new().timeout(ms(20)).grace(secs(60));
    let summed = limit.run(async move {
        let search = spawn_blocking(move || sum(&here(), &inside));
        search.await.flatten()
    });
    assert!(summed.await.unwrap().unwrap_err().is_timeout());
    let stopped = steps.load(Ordering::SeqCst);
    assert!(stopped < 1_000_000, "{stopped}");
}

// No step begins once it is set, on whichever thread, and what there is stays.
#[tokio::test]
async fn an_interrupt_keeps_the_partial_results() {
    let interrupt = Event::new();
    let set = interrupt.clone();
    let work = Fencing::new()
        .on("interrupt", &interrupt)
        .cooperative()
        .run(async move {
            spawn_blocking(move || {
                let (here, steps) = (here(), AtomicU32::new(0));
                let (done, late) = (Mutex::new(Vec::new()), AtomicU32::new(0));
                let all = (0..1_u64 << 40).into_par_iter().try_for_each(|number| {
                    let is_set = set.is_set();
                    here.check()?;
                    late.fetch_add(u32::from(is_set), Ordering::SeqCst);
                    if steps.fetch_add(1, Ordering::SeqCst) == 100 {
                        set.set();
                    }
                    done.lock().unwrap().push(number);
                    Ok::<(), Cancelled>(())
                });
                (all, done.into_inner().unwrap(), late.into_inner())
            })
            .await
            .unwrap()
        });
    let (all, done, late) = work.await.unwrap();
    assert!(all.unwrap_err().by("interrupt"));
    assert!(done.len() >= 100, "{}", done.len());
    assert_eq!(late, 0, "begun after it was set");
}

// What is below asks by itself, on whichever thread it runs.
#[tokio::test]
async fn code_below_asks_the_fences_of_the_snapshot() {
    let stop = Event::new();
    let inside = stop.clone();
    let work = Fencing::new()
        .on("stop", &stop)
        .cooperative()
        .run(async move {
            spawn_blocking(move || {
                let here = here();
                (0..1000_u32).into_par_iter().try_for_each(|number| {
                    here.enter(|| {
                        if number == 10 {
                            inside.set();
                        }
                        check()
                    })
                })
            })
            .await
            .unwrap()
        });
    assert!(work.await.unwrap().unwrap_err().by("stop"));
}
