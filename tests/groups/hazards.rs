//! Groups and lists of jobs in places where they are easily forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fence::{
    Cleanup, Event, Fencing, Group, Overlap, as_completed, cancel_and_wait, every, gather, group,
    on_cancel, race, race_ok, shield, try_group,
};
use support::{ms, never};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};

/// Counts what happens once.
#[derive(Clone, Default)]
struct Count(Arc<AtomicU32>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits forever; dropping it counts.
    async fn waits(self) {
        let _counted = Dropped(self);
        never().await;
    }

    /// Waits forever, and counts once it has cleaned up for that long.
    async fn cleans_up(self, time: Duration) {
        on_cancel(async move {
            sleep(time).await;
            self.add();
        });
        never().await;
    }
}

struct Dropped(Count);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// Panics when it is dropped.
struct Boom;

impl Drop for Boom {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "boom");
    }
}

async fn cut(body: impl Future) -> Cleanup {
    let outcome = Fencing::new().timeout(ms(20)).run(body).await;
    outcome.cancelled().unwrap().cleanup().clone()
}

/// A list that is made outside of the fence that cuts it.
#[tokio::test(start_paused = true)]
async fn a_list_that_moved_into_a_fence_is_joined() {
    let dropped = Count::default();
    let mut list = as_completed([dropped.clone().waits()]);
    cut(async move { drop(list.next().await) }).await;
    assert_eq!(dropped.get(), 1);

    let outer = Fencing::new().run(async {
        let mut list = as_completed([dropped.clone().waits()]);
        cut(async move { drop(list.next().await) }).await;
        assert_eq!(dropped.get(), 2, "before the outer fence ends");
    });
    assert!(outer.await.is_completed());

    let mut gathering = Box::pin(gather([dropped.clone().waits()]));
    assert!(timeout(ms(5), &mut gathering).await.is_err());
    cut(gathering).await;
    assert_eq!(dropped.get(), 3);
}

/// A task of a `LocalSet` is no part of the fence that cuts the set.
#[tokio::test(start_paused = true)]
async fn a_list_in_a_local_set_is_stopped() {
    let dropped = Count::default();
    let (list, child) = (dropped.clone(), dropped.clone());
    cut(async move {
        let set = tokio::task::LocalSet::new();
        set.spawn_local(gather([list.waits()]));
        set.spawn_local(group().run(async |group| {
            group.spawn(child.waits());
        }));
        set.await;
    })
    .await;
    sleep(ms(100)).await;
    assert_eq!(dropped.get(), 2);
}

/// A shield beside a race holds the race, not its jobs.
#[tokio::test(start_paused = true)]
async fn a_race_beside_a_shield_is_no_panic() {
    let stop = Event::new();
    let jobs = async { tokio::join!(race([never()]), race_ok([fails_never()])) };
    let body = async { tokio::join!(jobs, shield(sleep(ms(100)))) };
    let fence = Fencing::new().on("stop", &stop).run(body);
    let (outcome, ()) = tokio::join!(fence, async {
        sleep(ms(10)).await;
        stop.set();
    });
    assert!(outcome.cancelled_by("stop"));
}

async fn fails_never() -> Result<(), ()> {
    never().await;
    Ok(())
}

/// The destructors of a host that is cut.
#[tokio::test(start_paused = true)]
async fn a_panic_of_a_destructor_waits_for_the_children() {
    let (start, cleaned) = (Instant::now(), Count::default());
    let child = cleaned.clone().cleans_up(ms(50));
    let fencing = Fencing::new().timeout(ms(10));
    let run = group().fenced(&fencing).run(async move |group| {
        group.spawn(child);
        let _boom = Boom;
        never().await;
    });
    assert!(tokio::spawn(run).await.unwrap_err().is_panic());
    assert_eq!((cleaned.get(), start.elapsed()), (1, ms(60)));
}

/// The limit of a group is that of its children: more than the usual one, and less.
#[tokio::test(start_paused = true)]
async fn children_have_the_cleanup_limit_of_their_group() {
    for (limit, takes, cleaned) in [(60_000, 10_000, 1), (100, 1000, 0)] {
        let count = Count::default();
        let child = count.clone().cleans_up(ms(takes));
        let fencing = Fencing::new().timeout(ms(10)).cleanup_within(ms(limit));
        let run = group().fenced(&fencing).run(async move |group| {
            group.spawn(child);
        });
        assert!(run.await.is_cancelled());
        sleep(ms(100_000)).await;
        assert_eq!(count.get(), cleaned);
    }
}

// D25: what goes wrong in the jobs of a list that is cut.
#[tokio::test(start_paused = true)]
async fn the_cleanups_of_a_list_are_reported() {
    let report = cut(gather([async {
        on_cancel(async { panic!("cleanup") });
        never().await;
    }]));
    assert_eq!(report.await.panics(), ["cleanup"]);
}

#[derive(Debug)]
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("display")
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_cannot_be_said_is_not_lost() {
    let run = try_group().run(async |group| {
        group.spawn(async { Err::<(), _>(Unspeakable) });
        sleep(ms(10)).await;
        Ok(())
    });
    assert_eq!(run.await.unwrap_err().errors().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn values_that_panic_when_dropped_end_no_timer() {
    for overlap in [
        Overlap::Skip,
        Overlap::Queue,
        Overlap::Cancel,
        Overlap::Allow,
    ] {
        let ticks = Count::default();
        let seen = ticks.clone();
        let tick = move || {
            seen.add();
            async { Ok(Boom) }
        };
        let timer = every(ms(100)).overlap(overlap).start(tick).unwrap();
        sleep(ms(450)).await;
        assert_eq!(ticks.get(), 5, "{overlap:?}");
        assert!(cancel_and_wait(timer).await.is_cancelled());
    }
}

/// Panics with a value whose destructor spawns.
struct Bomb(Option<Group>);

struct Payload(Group);

impl Drop for Bomb {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            std::panic::panic_any(Payload(group));
        }
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.0.spawn(async {});
    }
}

// D26: an aborted child whose destructor panics.
#[test]
fn no_payload_is_dropped_under_a_lock() {
    let (send, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let run = group().run(async |group: Group| {
            let bomb = Bomb(Some(group.clone()));
            let child = group.spawn(async move {
                let _bomb = bomb;
                never().await;
            });
            tokio::task::yield_now().await;
            child.abort();
            for _ in 0..3 {
                tokio::task::yield_now().await;
                drop(group.spawn(async {}).await);
            }
        });
        assert!(runtime.block_on(run).is_completed());
        send.send(()).unwrap();
    });
    let watchdog = Duration::from_secs(60);
    done.recv_timeout(watchdog).expect("no deadlock");
}

/// A cancelled group waits for threads that run, not for code that never gets one.
#[test]
fn a_thread_that_has_not_started_is_not_waited_for() {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (free, hog) = std::sync::mpsc::channel::<()>();
    let ran = Count::default();
    let seen = ran.clone();
    runtime.block_on(async {
        let hog = tokio::task::spawn_blocking(move || hog.recv());
        let run = group().run(async |group| {
            group.spawn_blocking(move || seen.add());
            tokio::task::yield_now().await;
            group.cancel();
            never().await;
        });
        assert!(run.await.is_cancelled(), "while the only thread is taken");
        free.send(()).unwrap();
        hog.await.unwrap().unwrap();
    });
    drop(runtime);
    assert_eq!(ran.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_child_may_never_return() {
    let outcome = group().run(async |group| {
        let accepting = group.spawn(async {
            loop {
                sleep(ms(10)).await;
            }
        });
        sleep(ms(25)).await;
        cancel_and_wait(accepting).await.is_cancelled()
    });
    assert!(outcome.await.unwrap());
}

/// What has ended is finished at once, on whichever thread it ran.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_was_awaited_is_finished() {
    let outcome = group().run(async |group| {
        for _ in 0..2000 {
            let mut child = group.spawn(async {});
            assert!((&mut child).await.is_finished());
            assert!(child.is_finished());
        }
    });
    assert!(outcome.await.is_completed());
}
