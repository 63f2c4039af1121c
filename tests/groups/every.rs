//! `every`: work that is done again and again.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fence::{
    Event, Fencing, Overlap, ReasonKind, ZeroInterval, cancel_and_wait, every, group, on_cancel,
};
use support::ms;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

/// When ticks started and ended, in milliseconds, and how.
#[derive(Clone)]
struct Log {
    start: Instant,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Log {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            lines: Arc::default(),
        }
    }

    fn add(&self, text: &str) {
        let millis = self.start.elapsed().as_millis();
        self.lines.lock().unwrap().push(format!("{millis} {text}"));
    }

    /// A tick that takes that long.
    async fn tick(self, time: Duration) {
        self.add("start");
        let undo = self.clone();
        let undo = on_cancel(async move { undo.add("cancelled") });
        sleep(time).await;
        undo.disarm();
        self.add("end");
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }

    fn count(&self, text: &str) -> usize {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter(|line| line.ends_with(text)).count()
    }
}

#[tokio::test(start_paused = true)]
async fn it_ticks_at_once_and_after_each_interval() {
    let log = Log::new();
    let ticks = log.clone();
    let timer = every(ms(100))
        .start(move || ticks.clone().tick(ms(0)))
        .unwrap();
    sleep(ms(220)).await;
    assert!(cancel_and_wait(timer).await.cancelled_by("handle"));
    assert_eq!(log.count("start"), 3);
    sleep(ms(500)).await;
    assert_eq!(log.count("start"), 3, "it has ended");
}

// Ticks that overlap; when the timer has ended, so have they.
#[tokio::test(start_paused = true)]
async fn ticks_may_run_side_by_side() {
    let (log, alive) = (Log::new(), Handle::current().metrics());
    let (ticks, before) = (log.clone(), alive.num_alive_tasks());
    let timer = every(ms(1000))
        .overlap(Overlap::Allow)
        .start(move || ticks.clone().tick(ms(5000)))
        .unwrap();
    sleep(ms(9900)).await;
    assert!(cancel_and_wait(timer).await.is_cancelled());
    let counts = ["start", "end", "cancelled"].map(|text| log.count(text));
    assert_eq!(counts, [10, 5, 5]);
    assert_eq!(alive.num_alive_tasks(), before);
}

/// The three ways of never having two at once.
#[tokio::test(start_paused = true)]
async fn what_happens_to_a_tick_that_is_due_too_early() {
    let ways: [(Overlap, &[&str]); 3] = [
        (
            Overlap::Skip,
            &["0 start", "250 end", "300 start", "550 end", "600 start"],
        ),
        (
            Overlap::Queue,
            &["0 start", "250 end", "250 start", "500 end", "500 start"],
        ),
        (
            Overlap::Cancel,
            &[
                "0 start",
                "100 cancelled",
                "100 start",
                "200 cancelled",
                "200 start",
            ],
        ),
    ];
    for (overlap, expected) in ways {
        let log = Log::new();
        let ticks = log.clone();
        let timer = every(ms(100))
            .overlap(overlap)
            .start(move || ticks.clone().tick(ms(250)))
            .unwrap();
        sleep(ms(620)).await;
        assert!(cancel_and_wait(timer).await.is_cancelled());
        assert_eq!(log.take()[..5], *expected, "{overlap:?}");
    }
}

/// A queued tick is late and not lost: once the slow one is over, those that are due follow.
#[tokio::test(start_paused = true)]
async fn ticks_in_a_queue_catch_up() {
    let log = Log::new();
    let (ticks, mut slow) = (log.clone(), true);
    let timer = every(ms(100)).overlap(Overlap::Queue).start(move || {
        let time = if std::mem::take(&mut slow) {
            ms(350)
        } else {
            ms(0)
        };
        ticks.clone().tick(time)
    });
    sleep(ms(550)).await;
    assert!(cancel_and_wait(timer.unwrap()).await.is_cancelled());
    let starts: Vec<_> = log
        .take()
        .into_iter()
        .filter(|line| line.ends_with("start"))
        .collect();
    let expected = [
        "0 start",
        "350 start",
        "350 start",
        "350 start",
        "400 start",
        "500 start",
    ];
    assert_eq!(starts, expected);
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_fails_or_panics_ends_nothing() {
    let (errors, ticks) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (seen, count) = (errors.clone(), ticks.clone());
    let timer = every(ms(1000))
        .on_error(move |error: &str| {
            assert_eq!(error, "failed");
            seen.fetch_add(1, Ordering::Relaxed);
        })
        .start(move || {
            let tick = count.fetch_add(1, Ordering::Relaxed);
            assert!(tick != 4, "making the tick panics, too");
            async move {
                sleep(ms(100)).await;
                assert!(tick % 2 == 0, "tick {tick}");
                Err::<(), _>("failed")
            }
        })
        .unwrap();
    sleep(ms(5500)).await;
    assert!(!timer.is_finished());
    assert!(cancel_and_wait(timer).await.cancelled_by("handle"));
    let counts = (
        ticks.load(Ordering::Relaxed),
        errors.load(Ordering::Relaxed),
    );
    assert_eq!(counts, (6, 2));
}

#[tokio::test(start_paused = true)]
async fn it_belongs_to_the_fence_that_it_was_started_in() {
    let (stop, log) = (Event::new(), Log::new());
    let fencing = Fencing::new().on("stop", &stop);
    let timer = fencing.bind(async {
        let ticks = log.clone();
        let around = Fencing::current().run(async move {
            let tick = move || {
                let cut = ticks.clone();
                async move {
                    // What is bound is bound in the tick, as well.
                    let inner = Fencing::current().run(std::future::pending::<()>());
                    cut.tick(ms(10)).await;
                    assert!(inner.await.is_completed());
                }
            };
            let timer = every(ms(100)).start(tick).unwrap();
            timer.await
        });
        around.await
    });
    let (outcome, ()) = tokio::join!(timer, async {
        sleep(ms(250)).await;
        stop.set();
    });
    let why = outcome.cancelled().unwrap();
    assert_eq!((why.primary().code(), why.reasons().len()), ("stop", 1));
    let starts = log.count("start");
    sleep(ms(500)).await;
    assert_eq!(log.count("start"), starts);
}

// In a group, it ends with the group.
#[tokio::test(start_paused = true)]
async fn a_timer_of_a_child_ends_with_the_group() {
    let log = Log::new();
    let ticks = log.clone();
    let outcome = group()
        .fenced(&Fencing::new().timeout(ms(250)))
        .run(async |group| {
            group.spawn(async move {
                let tick = move || ticks.clone().tick(ms(70));
                let timer = every(ms(100)).start(tick).unwrap();
                let _: std::convert::Infallible = timer.await.unwrap();
            });
        });
    assert!(outcome.await.cancelled_by("timeout"));
    sleep(ms(10)).await;
    assert_eq!(log.count("start"), 3);
    assert_eq!(log.take().last().unwrap(), "250 cancelled");
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_zero_is_an_error() {
    let ticks = Arc::new(AtomicU32::new(0));
    let seen = ticks.clone();
    let refused = every(Duration::ZERO).start(move || {
        seen.fetch_add(1, Ordering::Relaxed);
        async {}
    });
    assert_eq!(refused.unwrap_err(), ZeroInterval);
    assert!(ZeroInterval.to_string().ends_with("make it longer"));
    assert_eq!(ticks.load(Ordering::Relaxed), 0);
}

/// Cancelling the one before names the handle as the reason.
#[tokio::test(start_paused = true)]
async fn a_tick_that_is_replaced_learns_why() {
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let seen = kinds.clone();
    let timer = every(ms(100))
        .overlap(Overlap::Cancel)
        .start(move || {
            let seen = seen.clone();
            async move {
                fence::on_cancel_with(move |why| async move {
                    seen.lock().unwrap().push(why.primary().kind());
                });
                std::future::pending::<()>().await;
            }
        })
        .unwrap();
    sleep(ms(150)).await;
    timer.handle().cancel_as("enough");
    assert!(timer.await.cancelled_by("enough"));
    assert_eq!(
        *kinds.lock().unwrap(),
        [ReasonKind::Handle, ReasonKind::Handle]
    );
}
