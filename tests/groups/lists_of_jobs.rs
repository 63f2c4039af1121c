//! `race`, `race_ok`, `gather` and `as_completed`.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fence::{
    AsCompleted, Cancelled, Ended, Event, Fencing, as_completed, gather, on_cancel, race, race_ok,
};
use futures::{FutureExt as _, StreamExt};
use support::{ms, never};
use tokio::time::{Instant, sleep};

/// Counts the jobs that were cancelled and have cleaned up, for which each takes 100 ms.
#[derive(Clone, Default)]
struct Cleaned(Arc<AtomicU32>);

impl Cleaned {
    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    async fn job<T>(self, after: u64, value: T) -> T {
        on_cancel(async move {
            sleep(ms(100)).await;
            self.0.fetch_add(1, Ordering::Relaxed);
        });
        sleep(ms(after)).await;
        value
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_result_wins_and_the_others_are_joined() {
    let (start, cleaned) = (Instant::now(), Cleaned::default());
    let jobs = [30, 10, 20].map(|after| cleaned.clone().job(after, after));
    assert_eq!(race(jobs).await, Some(10));
    assert_eq!(start.elapsed(), ms(110), "the others clean up");
    assert_eq!(cleaned.count(), 2);

    let jobs = [Err("first"), Ok(1), Ok(2)];
    let jobs = jobs.map(|value| {
        cleaned
            .clone()
            .job(if value.is_ok() { 20 } else { 10 }, value)
    });
    assert_eq!(race(jobs).await, Some(Err("first")));
    assert_eq!(cleaned.count(), 4);
    assert_eq!(race::<[std::future::Ready<()>; 0], _>([]).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_first_success_wins_with_the_errors_before_it() {
    let cleaned = Cleaned::default();
    let jobs = [
        (50, Ok(5)),
        (40, Ok(4)),
        (10, Err("e1")),
        (20, Err("e2")),
        (60, Ok(6)),
    ];
    let jobs = jobs.map(|(after, value)| cleaned.clone().job(after, value));
    assert_eq!(race_ok(jobs).await, Ok((4, vec!["e1", "e2"])));
    assert_eq!(cleaned.count(), 2);

    let jobs = [(30, "c"), (10, "a"), (20, "b")];
    let jobs = jobs.map(|(after, error)| cleaned.clone().job(after, Err::<(), _>(error)));
    assert_eq!(race_ok(jobs).await, Err(vec!["a", "b", "c"]));
    assert_eq!(cleaned.count(), 2, "nobody was cancelled");
    let none: [std::future::Ready<Result<(), ()>>; 0] = [];
    assert_eq!(race_ok(none).await, Err(vec![]));
}

#[tokio::test(start_paused = true)]
async fn the_panic_of_the_winner_is_passed_on_once_the_others_have_ended() {
    let cleaned = Cleaned::default();
    let panicking = async {
        sleep(ms(10)).await;
        panic!("lost its way")
    };
    let jobs = [panicking.boxed(), cleaned.clone().job(50, ()).boxed()];
    let caught = std::panic::AssertUnwindSafe(race(jobs)).catch_unwind();
    let panic = caught.await.unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.ends_with("it panicked: lost its way"), "{message}");
    assert_eq!(cleaned.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn results_are_gathered_in_the_order_of_the_jobs() {
    let (start, cleaned) = (Instant::now(), Cleaned::default());
    let jobs = [(30, Ok(1)), (20, Err("two")), (10, Ok(3))];
    let jobs = jobs.map(|(after, value)| cleaned.clone().job(after, value));
    let all: Vec<_> = gather(jobs).await.into_iter().map(Ended::unwrap).collect();
    assert_eq!(all, [Ok(1), Err("two"), Ok(3)]);
    assert_eq!((start.elapsed(), cleaned.count()), (ms(30), 0));
    assert!(
        gather::<[std::future::Ready<()>; 0], _>([])
            .await
            .is_empty()
    );

    let panicking = [async { panic!("job") }.boxed(), sleep(ms(10)).boxed()];
    let all = gather(panicking).await;
    assert!(matches!(&all[0], Ended::Panicked(message) if message == "job"));
    assert!(all[1].is_finished());
}

#[tokio::test(start_paused = true)]
async fn all_are_joined_and_the_first_error_by_place_is_reported() {
    #[derive(Debug, PartialEq)]
    struct Failed(u64);
    impl From<Cancelled> for Failed {
        fn from(why: Cancelled) -> Self {
            panic!("nobody is cancelled: {why}")
        }
    }
    for jobs in [4, 8, 16, 32, 64] {
        let start = Instant::now();
        let reversed = (0..jobs).map(|place| async move {
            sleep(ms(10 * (jobs - place))).await;
            if place % 3 == 1 {
                Err(Failed(place))
            } else {
                Ok(place)
            }
        });
        let all = gather(reversed).await.into_iter().map(Ended::flatten);
        assert_eq!(all.collect::<Result<Vec<_>, _>>(), Err(Failed(1)));
        assert_eq!(start.elapsed(), ms(10 * jobs));
    }
}

#[tokio::test(start_paused = true)]
async fn a_fence_over_a_gathering_waits_for_the_cleanups_side_by_side() {
    let (start, cleaned) = (Instant::now(), Cleaned::default());
    let jobs: Vec<_> = (1..=7).map(|n| cleaned.clone().job(n * 90, n)).collect();
    let outcome = Fencing::new().timeout(ms(350)).run(gather(jobs)).await;
    assert!(outcome.cancelled_by("timeout"));
    assert_eq!((start.elapsed(), cleaned.count()), (ms(450), 4));
}

// The timeout hits between items, and inside of the consumer's own await.
#[tokio::test(start_paused = true)]
async fn a_fence_over_a_consumer_keeps_what_it_has() {
    for (own, seen) in [(0, 1), (300, 0)] {
        let (start, cleaned) = (Instant::now(), Cleaned::default());
        let results = Mutex::new((Vec::new(), 0));
        let jobs = [100, 300, 400].map(|after| cleaned.clone().job(after, after));
        let outcome = Fencing::new().timeout(ms(250)).run(async {
            let mut items = as_completed(jobs);
            while let Some(item) = items.next().await {
                results.lock().unwrap().0.push(item.unwrap());
                sleep(ms(own)).await;
                results.lock().unwrap().1 += 1;
            }
        });
        assert!(outcome.await.cancelled_by("timeout"));
        assert_eq!(*results.lock().unwrap(), (vec![100], seen));
        assert_eq!((start.elapsed(), cleaned.count()), (ms(350), 2));
    }
}

// As a stream.
#[tokio::test(start_paused = true)]
async fn outcomes_come_as_the_jobs_end() {
    let cleaned = Cleaned::default();
    let jobs = [(3, Ok(3)), (2, Err("two")), (1, Ok(1))];
    let jobs = jobs.map(|(n, value)| cleaned.clone().job(n * 100, value));
    let items: Vec<_> = as_completed(jobs).map(Ended::unwrap).collect().await;
    assert_eq!(items, [Ok(1), Err("two"), Ok(3)]);
    let mut none: AsCompleted<()> = as_completed::<[std::future::Ready<()>; 0], _>([]);
    assert!(none.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn failures_in_the_first_poll_are_all_delivered() {
    let mut items = as_completed([1, 2, 3].map(|n| async move { Err::<(), _>(n) }));
    let mut errors = Vec::new();
    while let Some(item) = items.next().await {
        errors.push(item.unwrap().unwrap_err());
    }
    errors.sort_unstable();
    assert_eq!(errors, [1, 2, 3]);
    assert!(items.close().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn closing_joins_and_hands_on_the_rest() {
    let (start, cleaned) = (Instant::now(), Cleaned::default());
    let jobs = [10, 20, 20, 500].map(|after| cleaned.clone().job(after, after));
    let mut items = as_completed(jobs);
    assert_eq!(items.next().await.unwrap().unwrap(), 10);
    sleep(ms(40)).await;
    let rest = items.close().await;
    assert_eq!((start.elapsed(), cleaned.count()), (ms(150), 1));
    assert_eq!(rest.len(), 3, "two had finished without being asked for");
    assert!(rest[2].cancelled_by("closed"));
    let why = rest[2].reasons()[0].to_string();
    assert_eq!(why, "closed: nobody waits for it any more");
}

/// Dropped without being closed, the jobs are aborted; so they are when the consumer's task is.
#[tokio::test(start_paused = true)]
async fn a_dropped_stream_aborts_its_jobs() {
    let (alive, cleaned) = (Arc::new(()), Cleaned::default());
    let job = || {
        let (alive, job) = (alive.clone(), cleaned.clone().job(1000, ()));
        async move {
            job.await;
            drop(alive);
        }
    };
    let mut items = as_completed([job(), job()]);
    assert!(items.next().now_or_never().is_none());
    sleep(ms(10)).await;
    assert_eq!(Arc::strong_count(&alive), 3);
    drop(items);
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&alive), 1);

    let consumer = tokio::spawn(Fencing::new().run(gather([job(), job()])));
    sleep(ms(10)).await;
    assert_eq!(Arc::strong_count(&alive), 3);
    consumer.abort();
    assert!(consumer.await.unwrap_err().is_cancelled());
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// Jobs belong to the fences around, and see what is bound.
#[tokio::test(start_paused = true)]
async fn what_is_around_encloses_the_jobs() {
    let stop = Event::new();
    let bound = Fencing::new().on("stop", &stop);
    let seen = bound.bind(gather([async { stop_and_wait(&Fencing::current()).await }]));
    let (mut seen, ()) = tokio::join!(seen, async {
        sleep(ms(10)).await;
        stop.set();
    });
    assert!(seen.pop().unwrap().unwrap());
}

async fn stop_and_wait(fencing: &Fencing) -> bool {
    fencing.run(never()).await.cancelled_by("stop")
}

// Where one thread runs them. Several do as they like.
#[tokio::test(start_paused = true)]
async fn of_jobs_that_need_not_wait_the_first_listed_wins() {
    let ready = |number: u32| async move { number };
    for _ in 0..10 {
        assert_eq!(race((0..10).map(ready)).await, Some(0));
    }
}

// That nobody waits for them any more is no second reason.
#[tokio::test(start_paused = true)]
async fn jobs_that_a_fence_around_cuts_report_its_reason_only() {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let job = || {
        let reported = reported.clone();
        async move {
            fence::on_cancel_with(async move |why| {
                let codes = why.reasons().iter().map(|reason| reason.code().to_owned());
                reported.lock().unwrap().push(codes.collect::<Vec<_>>());
            });
            never().await;
        }
    };
    let limit = Fencing::new().timeout(ms(10));
    assert!(limit.run(race([job()])).await.is_cancelled());
    assert!(limit.run(gather([job()])).await.is_cancelled());
    let consumer = async { drop(as_completed([job()]).next().await) };
    assert!(limit.run(consumer).await.is_cancelled());
    assert_eq!(*reported.lock().unwrap(), [["timeout"]; 3]);
}
