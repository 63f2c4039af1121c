//! What a group still starts once a fence has fired that lets its body go on (D23).

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use fence::{
    Event, Fencing, Group, Overlap, Task, as_completed, cancelled, every, gather, group, race,
    spawn, spawn_blocking, try_group,
};
use support::{ms, never, secs};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};

/// Counts what is polled.
#[derive(Clone, Default)]
struct Count(Arc<AtomicU32>);

impl Count {
    async fn polled(self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        sleep(ms(50)).await;
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Sets that let a body go on once the event is set.
fn lenient(stop: &Event) -> [Fencing; 2] {
    let fencing = Fencing::new().on("stop", stop);
    [fencing.clone().grace(secs(10)), fencing.cooperative()]
}

async fn all_cancelled(tasks: Vec<Task<()>>) {
    for task in tasks {
        assert!(task.is_finished());
        assert!(task.await.cancelled_by("stop"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_place_when_a_fence_around_fires_is_never_polled() {
    let stop = Event::new();
    for fencing in lenient(&stop) {
        let (stop, polled, start) = (Event::new(), Count::default(), Instant::now());
        let run = group()
            .limit(2.try_into().unwrap())
            .run(async |group: Group| {
                let mut tasks: Vec<_> = (0..20)
                    .map(|_| group.spawn(polled.clone().polled()))
                    .collect();
                sleep(ms(10)).await;
                stop.set();
                cancelled().await;
                // Those that run may finish.
                let waiting = tasks.split_off(2);
                for task in tasks {
                    task.await.unwrap();
                }
                all_cancelled(waiting).await;
            });
        let outer = fencing.on("stop", &stop).run(run).await;
        assert!(outer.unwrap().is_completed());
        assert_eq!((polled.get(), start.elapsed()), (2, ms(50)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_asks_for_a_place_afterwards_is_never_polled() {
    let stop = Event::new();
    for fencing in lenient(&stop) {
        let (stop, polled) = (Event::new(), Count::default());
        let run = group()
            .limit(2.try_into().unwrap())
            .run(async |group: Group| {
                let before = group.reserve().await;
                let running = group.spawn(polled.clone().polled());
                let inside = group.clone();
                let waiting = spawn(async move { Some(inside.reserve().await) });
                sleep(ms(10)).await;
                stop.set();
                cancelled().await;
                let waited = timeout(ms(1), waiting).await.expect("it is woken").unwrap();
                let refused = vec![
                    waited.unwrap().spawn(polled.clone().polled()),
                    group.reserve().await.spawn(polled.clone().polled()),
                ];
                running.await.unwrap();
                // There are places now.
                let refused_too = vec![
                    group.reserve().await.spawn(polled.clone().polled()),
                    group.spawn(polled.clone().polled()),
                ];
                tokio::task::yield_now().await;
                all_cancelled(refused).await;
                all_cancelled(refused_too).await;
                // It has a place since before.
                before.spawn(polled.clone().polled()).await.unwrap();
            });
        let outer = fencing.on("stop", &stop).run(run).await;
        assert!(outer.unwrap().is_completed());
        assert_eq!(polled.get(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_added_to_a_group_that_has_fired_is_never_polled() {
    for limit in [1, 100] {
        for by_handle in [true, false] {
            let stop = Event::new();
            let lenient = lenient(&stop).map(|fencing| (fencing, true));
            for (fencing, is_lenient) in lenient.into_iter().chain([(Fencing::new(), false)]) {
                let (stop, polled) = (Event::new(), Count::default());
                let fencing = fencing.on("stop", &stop);
                let (inside, set) = (polled.clone(), stop.clone());
                let run = group().limit(limit.try_into().unwrap()).fenced(&fencing);
                let outcome = run.run(async move |group: Group| {
                    let before = group.reserve().await;
                    if by_handle {
                        group.handle().cancel_as("stop");
                    } else {
                        set.set();
                    }
                    let refused = vec![
                        before.spawn(inside.clone().polled()),
                        group.spawn(inside.clone().polled()),
                        group.spawn_blocking(|| -> () { unreachable!("never run") }),
                    ];
                    all_cancelled(refused).await;
                    true
                });
                // Without a time to finish in, the host is cut before it learns of them.
                let outcome = outcome.await;
                assert_eq!(outcome.is_completed(), is_lenient);
                assert_eq!(polled.get(), 0, "{fencing:?}");
            }
        }
    }
}

// The first error is such a firing, too.
#[tokio::test(start_paused = true)]
async fn what_is_added_to_a_group_that_has_failed_is_never_polled() {
    let polled = Count::default();
    let child = polled.clone();
    let failed = try_group()
        .fenced(&Fencing::new().grace(secs(1)))
        .run(async move |group| {
            group.spawn(async { Err::<(), _>("boom") });
            sleep(ms(10)).await;
            let late = group.spawn(async {
                child.polled().await;
                Ok(())
            });
            assert!(late.await.cancelled_by("failed"));
            Ok(())
        });
    assert_eq!(failed.await.unwrap_err().errors(), ["boom"]);
    assert_eq!(polled.get(), 0);
}

// In order to finish.
#[tokio::test(start_paused = true)]
async fn what_has_started_may_start_what_it_needs() {
    let stop = Event::new();
    for fencing in lenient(&stop) {
        let (stop, polled) = (Event::new(), Count::default());
        let job = || polled.clone().polled();
        let outer = fencing.on("stop", &stop).run(async {
            let outcome = group().run(async |group: Group| {
                stop.set();
                cancelled().await;
                group.spawn(job()).await.unwrap();
                spawn(job()).await.unwrap();
                assert_eq!(gather([job(), job()]).await.len(), 2);
                race([job()]).await.unwrap();
                as_completed([job()]).next().await.unwrap().unwrap();
                Fencing::new().run(job()).await.unwrap();
                let inner = group_of_one(job()).await;
                inner.unwrap();
            });
            outcome.await.unwrap();
        });
        assert!(outer.await.is_completed());
        assert_eq!(polled.get(), 8);
    }
}

async fn group_of_one(job: impl Future<Output = ()> + Send + 'static) -> fence::Fenced<()> {
    group()
        .run(async |group| group.spawn(job).await.unwrap())
        .await
}

// Until the grace ends.
#[tokio::test(start_paused = true)]
async fn a_timer_that_runs_ticks_on_while_there_is_time() {
    for overlap in [
        Overlap::Skip,
        Overlap::Queue,
        Overlap::Cancel,
        Overlap::Allow,
    ] {
        let ticks = Count::default();
        let (tick, stop) = (ticks.clone(), Event::new());
        let outer = Fencing::new().on("stop", &stop).grace(ms(1000)).run(async {
            let tick = move || tick.clone().polled();
            let _timer = every(ms(100)).overlap(overlap).start(tick).unwrap();
            sleep(ms(250)).await;
            stop.set();
            never().await;
        });
        assert!(outer.await.cancelled_by("stop"));
        let ticked = ticks.get();
        assert!((12..=13).contains(&ticked), "{overlap:?}: {ticked}");
        sleep(secs(10)).await;
        assert_eq!(ticks.get(), ticked, "{overlap:?}");
    }
}

// A job in the queue of the pool has started.
#[test]
fn a_job_that_waits_for_a_thread_runs_in_the_grace() {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (free, hog) = mpsc::channel::<()>();
    runtime.block_on(async {
        let stop = Event::new();
        let hog = tokio::task::spawn_blocking(move || hog.recv());
        let outer = Fencing::new().on("stop", &stop).cooperative().run(async {
            let ran = Arc::new(Mutex::new(Vec::new()));
            let note = |who: &'static str| {
                let ran = ran.clone();
                move || ran.lock().unwrap().push(who)
            };
            let inner = group().run(async |group: Group| {
                let alone = spawn_blocking(note("alone"));
                let child = group.spawn_blocking(note("child"));
                tokio::task::yield_now().await;
                stop.set();
                cancelled().await;
                free.send(()).unwrap();
                alone.await.unwrap();
                child.await.unwrap();
            });
            inner.await.unwrap();
            ran.lock().unwrap().len()
        });
        assert_eq!(outer.await.unwrap(), 2);
        hog.await.unwrap().unwrap();
    });
}
