//! Futures that are owned outside of the fence that polls them, and polled through something that
//! polls only what was woken: none of them is left asleep (D5a).

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use fence::{Event, Fenced, Fencing, FutureExt, checkpoint, shield};
use futures::future::{BoxFuture, FutureExt as _, join_all};
use futures::stream::{self, FuturesOrdered, FuturesUnordered, Stream, StreamExt};
use support::{counting_waker, ms, never, secs};
use tokio::time::sleep;

/// What a job comes to after a while, when the fence that polls it is about to cut.
#[derive(Clone, Copy, Debug)]
enum Meets {
    Fence,
    Inherited,
    Shield,
    Checkpoint,
    Task,
    Nested,
}

const MEETS: [Meets; 6] = [
    Meets::Fence,
    Meets::Inherited,
    Meets::Shield,
    Meets::Checkpoint,
    Meets::Task,
    Meets::Nested,
];

async fn job(meets: Meets, n: u64) -> u64 {
    sleep(secs(n)).await;
    let wait = sleep(secs(n));
    let minute = Fencing::new().timeout(secs(60));
    match meets {
        Meets::Fence => minute.run(wait).await.unwrap(),
        Meets::Inherited => Fencing::current().run(wait).await.unwrap(),
        Meets::Shield => shield(wait).await,
        Meets::Checkpoint => {
            checkpoint().await;
            wait.await;
        }
        Meets::Task => fence::spawn(wait).await.unwrap(),
        Meets::Nested => minute.run(minute.run(wait)).await.unwrap().unwrap(),
    }
    n
}

fn jobs(meets: Meets, all: u64) -> impl Iterator<Item = BoxFuture<'static, u64>> {
    // Detached from the ticks: a task of theirs would be cut with them, and rightly so.
    (1..=all).map(move |n| match meets {
        Meets::Task => fence::detached(job(meets, n)).boxed(),
        _ => job(meets, n).boxed(),
    })
}

/// Draws a progress bar each second, until all has been done.
async fn drain<S: Stream<Item = u64> + Unpin>(mut jobs: S, what: &str) -> Vec<u64> {
    let (mut done, tick) = (Vec::new(), Fencing::new().timeout(secs(1)));
    for _ in 0..300 {
        match tick.run(jobs.next()).await {
            Fenced::Completed(Some(n)) => done.push(n),
            Fenced::Completed(None) => break,
            Fenced::Cancelled(_) => {}
        }
    }
    assert!(!done.is_empty(), "{what}: nothing ever ends");
    done.sort_unstable();
    done
}

#[tokio::test(start_paused = true)]
async fn jobs_in_every_kind_of_set_end_under_a_tick() {
    for meets in MEETS {
        let what = format!("{meets:?}");
        let all: Vec<u64> = (1..=5).collect();
        let unordered: FuturesUnordered<_> = jobs(meets, 5).collect();
        assert_eq!(drain(unordered, &what).await, all, "{what}");
        let ordered: FuturesOrdered<_> = jobs(meets, 5).collect();
        assert_eq!(drain(ordered, &what).await, all, "{what}");
        let buffered = stream::iter(jobs(meets, 5)).buffered(3);
        assert_eq!(drain(buffered, &what).await, all, "{what}");
        let unordered = stream::iter(jobs(meets, 5)).buffer_unordered(3);
        assert_eq!(drain(unordered, &what).await, all, "{what}");
        let joined = join_all(jobs(meets, 40)).into_stream();
        let joined = joined.flat_map(stream::iter);
        assert_eq!(drain(joined, &what).await, (1..=40).collect::<Vec<_>>());
        let shared = jobs(meets, 5).map(|job| job.shared().into_stream());
        let shared = stream::select_all(shared);
        assert_eq!(drain(shared, &what).await, all, "{what}");
    }
}

/// One level deeper: a set inside of a fence inside of a set.
#[tokio::test(start_paused = true)]
async fn a_set_in_a_fence_in_a_set_ends_under_a_tick() {
    for meets in MEETS {
        let inner = |_| async move {
            let mut inner: FuturesUnordered<_> = jobs(meets, 3).collect();
            let all = async {
                let mut sum = 0;
                while let Some(n) = inner.next().await {
                    sum += n;
                }
                sum
            };
            Fencing::new().timeout(secs(100)).run(all).await.unwrap()
        };
        let outer: FuturesUnordered<_> = (0..3).map(inner).collect();
        assert_eq!(drain(outer, "deeper").await, [6, 6, 6], "{meets:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_set_can_be_drained_after_the_cut() {
    for meets in MEETS {
        let stop = Event::new();
        let mut left: FuturesUnordered<_> = jobs(meets, 5).collect();
        let serving = async { while left.next().await.is_some() {} };
        let fence = Fencing::new().on("stop", &stop).run(serving);
        let stopping = async {
            sleep(ms(1500)).await;
            stop.set();
        };
        let (cut, ()) = tokio::join!(fence, stopping);
        let mut drained = 0;
        while left.next().await.is_some() {
            drained += 1;
        }
        // Sections that overlap hold the fence until all is done.
        let is_held = matches!(meets, Meets::Shield);
        assert_eq!(cut.cancelled_by("stop"), !is_held, "{meets:?}");
        assert_eq!(drained, if is_held { 0 } else { 5 }, "{meets:?}");
    }
}

/// The second caller of a `Shared` whose first caller is cut goes on with it.
#[tokio::test(start_paused = true)]
async fn a_shared_future_outlives_the_caller_that_is_cut() {
    for meets in MEETS {
        let job = jobs(meets, 1).next().unwrap().shared();
        let first = Fencing::new().timeout(secs(1)).run(job.clone());
        let (first, second) = tokio::join!(first, job);
        assert!(
            first.is_cancelled() || matches!(meets, Meets::Shield),
            "{meets:?}"
        );
        assert_eq!(second, 1, "{meets:?}");
    }
}

/// The tick completes in the very poll in which its time passes: nothing is cut, and the job must
/// be woken all the same.
#[tokio::test]
async fn a_fence_that_completes_late_wakes_whom_it_kept() {
    for meets in [Meets::Fence, Meets::Checkpoint, Meets::Nested] {
        let minute = Fencing::new().timeout(secs(60));
        let meeting = async move {
            match meets {
                Meets::Fence => minute.run(async {}).await.unwrap(),
                Meets::Nested => minute.run(minute.run(async {})).await.unwrap().unwrap(),
                _ => checkpoint().await,
            }
        };
        let mut jobs = FuturesUnordered::from_iter([meeting.boxed()]);
        let stop = Event::new();
        let tick = Fencing::new().on("stop", &stop).run(poll_fn(|cx| {
            stop.set();
            assert!(jobs.poll_next_unpin(cx).is_pending(), "it has to wait");
            Poll::Ready(())
        }));
        assert!(tick.await.is_completed());
        assert!(jobs.next().await.is_some(), "{meets:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_workers_too() {
    for meets in [Meets::Fence, Meets::Checkpoint] {
        let serving = move || async move {
            let stop = Event::new();
            let mut jobs: FuturesUnordered<_> = (0..100)
                .map(|_| {
                    let stop = stop.clone();
                    async move {
                        tokio::task::yield_now().await;
                        stop.set();
                        match meets {
                            Meets::Fence => Fencing::new().run(async {}).await.unwrap(),
                            _ => checkpoint().await,
                        }
                    }
                })
                .collect();
            let cut = Fencing::new()
                .on("stop", &stop)
                .run(async { while jobs.next().await.is_some() {} });
            let _ = cut.await;
            while jobs.next().await.is_some() {}
        };
        let all: Vec<_> = (0..50).map(|_| tokio::spawn(serving())).collect();
        for task in all {
            task.await.unwrap();
        }
    }
}

/// A fence inside of a set that has fired itself waits for the one around the set, and is woken.
#[test]
fn a_fence_that_has_fired_waits_for_the_one_around_the_set() {
    let both = Event::new();
    let inner = Fencing::new().on("inner", &both).run(never());
    let mut jobs = FuturesUnordered::from_iter([inner]);
    let (waker, _) = counting_waker();
    let cx = &mut Context::from_waker(&waker);
    {
        let mut outer = pin!(Fencing::new().on("outer", &both).run(jobs.next()));
        assert!(outer.as_mut().poll(cx).is_pending());
        both.set();
        let Poll::Ready(cut) = outer.poll(cx) else {
            panic!("the outer one is to act");
        };
        assert!(cut.cancelled_by("outer"));
    }
    let Poll::Ready(Some(inner)) = jobs.poll_next_unpin(cx) else {
        panic!("nobody woke the inner one");
    };
    assert!(inner.cancelled_by("inner"));
}

struct SetOnDrop(Event);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// The destructor of the body that is cut fires the fence around the set: cleaned up already, the
/// inner one waits for it.
#[test]
fn a_fence_that_is_cleaning_up_waits_for_the_one_around_the_set() {
    for with_cleanup in [false, true] {
        let (inner_stop, outer_stop) = (Event::new(), Event::new());
        let on_drop = SetOnDrop(outer_stop.clone());
        let inner = Fencing::new().on("inner", &inner_stop).run(async move {
            if with_cleanup {
                let _ = fence::on_cancel(async {});
            }
            let _on_drop = on_drop;
            never().await;
        });
        let mut jobs = FuturesUnordered::from_iter([inner]);
        let (waker, _) = counting_waker();
        let cx = &mut Context::from_waker(&waker);
        {
            let mut outer = pin!(Fencing::new().on("outer", &outer_stop).run(jobs.next()));
            assert!(outer.as_mut().poll(cx).is_pending());
            inner_stop.set();
            let Poll::Ready(cut) = outer.poll(cx) else {
                panic!("the outer one is to act");
            };
            assert!(cut.cancelled_by("outer"));
        }
        let Poll::Ready(Some(inner)) = jobs.poll_next_unpin(cx) else {
            panic!("nobody woke the inner one");
        };
        assert!(inner.cancelled_by("inner"));
    }
}

/// Who has a place in the list of a fence takes it back when it is dropped, or goes on elsewhere.
#[test]
fn a_place_is_taken_back() {
    for is_dropped in [false, true] {
        let (stop, hold, (theirs, wakes)) = (Event::new(), Event::new(), counting_waker());
        let place = RefCell::new(Some(checkpoint()));
        // Held up by a shield, so that it does not end in the poll in which it fires.
        let mut outer = Box::pin(Fencing::new().on("stop", &stop).run(async {
            let blocked = poll_fn(|_| {
                stop.set();
                let mut place = place.borrow_mut();
                let place = Pin::new(place.as_mut().unwrap());
                place.poll(&mut Context::from_waker(&theirs))
            });
            futures::join!(shield(hold.wait()), blocked)
        }));
        let (ours, _) = counting_waker();
        let cx = &mut Context::from_waker(&ours);
        assert!(outer.as_mut().poll(cx).is_pending());
        let mut place = place.take();
        if is_dropped {
            place = None;
        }
        if let Some(place) = &mut place {
            assert!(Pin::new(place).poll(cx).is_ready(), "no fence is around it");
        }
        drop(outer);
        assert_eq!(wakes.count(), 0, "nobody waits any more");
    }
}

/// With the same waker all the way out nobody needs to be woken, and nothing is kept.
#[test]
fn the_same_waker_all_the_way_out_is_not_woken() {
    let (stop, (waker, count)) = (Event::new(), counting_waker());
    let mut job = pin!(async {
        stop.set();
        checkpoint().await;
    });
    let cx = &mut Context::from_waker(&waker);
    {
        let mut outer = pin!(Fencing::new().on("stop", &stop).run(job.as_mut()));
        assert!(outer.as_mut().poll(cx).is_ready());
    }
    assert_eq!(count.count(), 0);
    assert!(job.poll(cx).is_ready());
}

/// An executor of its own, polled inside of a fence.
#[tokio::test(start_paused = true)]
async fn a_local_set_of_tasks_ends_under_a_tick() {
    let local = tokio::task::LocalSet::new();
    let jobs: Vec<_> = (1..=3)
        .map(|n| local.spawn_local(job(Meets::Fence, n)))
        .collect();
    let mut all = pin!(local.run_until(join_all(jobs)));
    let tick = Fencing::new().timeout(secs(1));
    for _ in 0..20 {
        if let Fenced::Completed(done) = tick.run(all.as_mut()).await {
            assert_eq!(done.len(), 3);
            return;
        }
    }
    panic!("nothing ever ends");
}

#[tokio::test(start_paused = true)]
async fn a_bound_job_ends_under_a_tick() {
    let set = Fencing::new().timeout(secs(60));
    let bound = (1..=3).map(|n| job(Meets::Inherited, n).bound(&set).boxed());
    let jobs: FuturesUnordered<_> = bound.collect();
    assert_eq!(drain(jobs, "bound").await, [1, 2, 3]);
}
