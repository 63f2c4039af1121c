//! Idle limits: what counts as progress, who is told of it, when they pass (D34).

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use fence::{Cancelled, Event, Fenced, Fencing, Reason, ReasonKind, State};
use support::{counting_waker, ms, poll};
use tokio::time::{Instant, advance, sleep};

/// Makes progress after each of these gaps, then none.
async fn bump(gaps: &[u64]) {
    for gap in gaps {
        sleep(ms(*gap)).await;
        fence::progress();
    }
    pending::<()>().await;
}

/// When it was cut, and why.
async fn cut(fencing: &Fencing, body: impl Future) -> (Duration, String) {
    let start = Instant::now();
    let why = fencing.run(body).await.cancelled().unwrap();
    (start.elapsed(), why.to_string())
}

fn idle() -> Fencing {
    Fencing::new().idle(ms(2000))
}

#[tokio::test(start_paused = true)]
async fn it_passes_that_long_after_the_last_progress() {
    for (gaps, end) in [
        (&[][..], 2000),
        (&[1], 2001),
        (&[1999, 1999, 1999], 3 * 1999 + 2000),
        (&[500, 1000, 1500, 1900, 2500], 4900 + 2000),
        (&[0, 0], 2000),
    ] {
        let (after, why) = cut(&idle(), bump(gaps)).await;
        assert_eq!(after, ms(end), "{gaps:?}");
        assert_eq!(why, "cancelled: idle: nothing for 2s");
    }
}

// D3: the body has its turn before the limit is looked at.
#[tokio::test(start_paused = true)]
async fn progress_at_the_very_instant_is_in_time() {
    assert_eq!(cut(&idle(), bump(&[2000, 2000])).await.0, ms(6000));
    let inner = async { cut(&idle(), bump(&[2000, 2000])).await.0 };
    assert_eq!(
        Fencing::new().run(inner).await.unwrap(),
        ms(6000),
        "and so inside of another fence"
    );
}

#[tokio::test(start_paused = true)]
async fn the_reason_is_a_timeout_with_its_own_text_and_line() {
    let fencing = Fencing::new().idle_as("silence", Duration::from_secs(60));
    let line = line!() - 1;
    let why = fencing.run(pending::<()>()).await.cancelled().unwrap();
    let reason = why.primary();
    assert_eq!(reason.to_string(), "silence: nothing for 60s");
    assert_eq!(reason.kind(), ReasonKind::Timeout);
    assert!(why.is_timeout());
    assert_eq!(reason.location().unwrap().line(), line);
    assert_eq!(why.elapsed(), Duration::from_secs(60));
}

// D2
#[tokio::test(start_paused = true)]
async fn one_of_zero_has_fired_at_the_start() {
    let mut polled = false;
    let set = Fencing::new().idle(Duration::ZERO);
    let (after, why) = cut(&set, async { polled = true }).await;
    assert!(!polled);
    assert_eq!(
        (after, why.as_str()),
        (ms(0), "cancelled: idle: nothing for 0s")
    );
    assert!(set.run_blocking(|| ()).is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn none_and_the_longest_never_pass() {
    for set in [
        Fencing::new().idle(None),
        Fencing::new().idle(Duration::MAX),
    ] {
        let century = sleep(Duration::from_secs(100 * 365 * 86400));
        let body = async {
            fence::progress();
            century.await;
        };
        assert!(set.run(body).await.is_completed());
    }
}

// D1
#[tokio::test(start_paused = true)]
async fn it_starts_with_the_first_poll_of_each_fence() {
    let bound = idle();
    let fence = bound.run(bump(&[]));
    sleep(ms(5000)).await;
    let start = Instant::now();
    assert!(fence.await.cancelled_by("idle"));
    assert_eq!(start.elapsed(), ms(2000));
    let below = async {
        sleep(ms(1500)).await;
        cut(&Fencing::current(), bump(&[])).await.0
    };
    assert_eq!(bound.bind(below).await, ms(2000), "however old the set is");
}

#[tokio::test(start_paused = true)]
async fn of_two_under_one_code_the_tighter_counts_under_two_codes_both() {
    let one = Fencing::new().idle(ms(3000)).idle(ms(2000)).idle(ms(4000));
    assert_eq!(cut(&one, bump(&[1000])).await.0, ms(3000));
    let two = Fencing::new().idle_as("a", ms(3000)).idle_as("b", ms(2000));
    assert_eq!(
        cut(&two, bump(&[1000])).await.1,
        "cancelled: b: nothing for 2s"
    );
    let both = Fencing::new().idle_as("a", ms(2000)).idle_as("b", ms(2000));
    let outcome = both.run(bump(&[])).await;
    let codes: Vec<_> = outcome.reasons().iter().map(Reason::code).collect();
    assert_eq!(codes, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn other_limits_pass_whatever_progress_is_made() {
    let set = idle().timeout(ms(5000));
    let steady = [1000; 60];
    let expected = "cancelled: timeout: timed out after 5s";
    assert_eq!(
        cut(&set, bump(&steady)).await,
        (ms(5000), expected.to_owned())
    );
    assert_eq!(cut(&set, bump(&[1000])).await.0, ms(3000));
}

// D20
#[tokio::test(start_paused = true)]
async fn it_counts_for_no_time_left() {
    let set = idle().timeout(ms(9000));
    let mut fence = idle().run(async {
        assert_eq!(fence::remaining(), None);
        assert_eq!(fence::deadline(), None);
        assert_eq!(idle().bind_sync(fence::remaining), None);
        let left = fence::spawn(async { fence::remaining() }).await;
        assert_eq!(left.unwrap(), None);
        let left = set.run(async { fence::remaining() }).await;
        assert_eq!(left.unwrap(), Some(ms(9000)));
        pending::<()>().await;
    });
    let handle = fence.handle();
    assert!(
        tokio::time::timeout(ms(1000), &mut Box::pin(fence))
            .await
            .is_err()
    );
    assert_eq!(handle.remaining(), None);
}

#[tokio::test(start_paused = true)]
async fn it_tells_every_fence_around_also_beyond_shields() {
    let inner = async {
        fence::shield(async {
            let nested = idle().run(bump(&[1500, 1500, 1500, 1500]));
            assert!(nested.await.cancelled_by("idle"));
        })
        .await;
        pending::<()>().await;
    };
    // The inner one is cut at 8 s. The outer one had its last progress at 6 s.
    let (after, _) = cut(&Fencing::new().idle(ms(3000)), inner).await;
    assert_eq!(after, ms(9000));
}

#[tokio::test(start_paused = true)]
async fn it_tells_none_beyond_a_detached_part() {
    let body = async {
        fence::detached(bump(&[1000, 1000, 1000])).await;
    };
    assert_eq!(cut(&idle(), body).await.0, ms(2000));
}

// D13
#[tokio::test(start_paused = true)]
async fn of_two_that_pass_at_once_the_outer_one_wins() {
    let body = async {
        let _ = idle().run(bump(&[700])).await;
        unreachable!("the fence around wins");
    };
    let outer = Fencing::new().idle_as("outer", ms(2000));
    let expected = "cancelled: outer: nothing for 2s";
    assert_eq!(cut(&outer, body).await, (ms(2700), expected.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_spawned_task_makes_progress_for_those_around() {
    for gaps in [&[500, 500, 500][..], &[1500, 1500, 1500, 1500]] {
        let last: u64 = gaps.iter().sum();
        let body = async {
            let deeper = async { fence::spawn(bump(gaps_of(gaps.len()))).await };
            let _ = fence::spawn(deeper).await;
        };
        let after = cut(&idle(), body).await.0;
        // Late by one look, never early.
        assert!(after >= ms(last + 2000), "{after:?}");
        assert!(after <= ms(last + 4000), "{after:?}");
    }
}

fn gaps_of(len: usize) -> &'static [u64] {
    match len {
        3 => &[500, 500, 500],
        _ => &[1500, 1500, 1500, 1500],
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_spawned_is_cut_along_and_learns_why() {
    let mut helper = None;
    let body = async {
        helper = Some(fence::spawn(pending::<()>()));
        pending::<()>().await;
    };
    assert!(idle().run(body).await.cancelled_by("idle"));
    assert!(helper.unwrap().await.cancelled_by("idle"));
}

#[tokio::test(start_paused = true)]
async fn children_of_a_group_make_progress_for_those_around_it() {
    let body = async {
        let children = fence::group()
            .run(async |group| {
                drop(group.spawn(async {
                    for _ in 0..5 {
                        sleep(ms(1500)).await;
                        fence::progress();
                    }
                }));
            })
            .await;
        assert!(children.is_completed());
        7
    };
    assert_eq!(idle().run(body).await.unwrap(), 7);
}

// A thread sees the limit pass without the help of the runtime, and progress without a timer.
#[test]
fn plain_code_makes_progress_and_sees_the_limit_pass() {
    let limit = ms(200);
    let work = || {
        let start = std::time::Instant::now();
        let mut silent = start;
        while start.elapsed() < 2 * limit {
            silent = std::time::Instant::now();
            fence::progress();
            fence::check()?;
        }
        loop {
            if let Err(why) = fence::check() {
                assert!(silent.elapsed() >= limit, "never early");
                return Err::<(), Cancelled>(why);
            }
        }
    };
    let why = Fencing::new().idle(limit).run_blocking(work).flatten();
    assert!(why.unwrap_err().by("idle"));
}

#[tokio::test]
async fn threads_and_snapshots_make_progress_for_those_around() {
    let limit = ms(60);
    let body = async {
        let here = fence::here();
        let by_task = fence::spawn_blocking(move || {
            for _ in 0..4 {
                std::thread::sleep(limit / 2);
                fence::progress();
                fence::check()?;
            }
            Ok::<_, Cancelled>(())
        });
        by_task.await.unwrap()?;
        let (done, wait) = mpsc::channel();
        let foreign = std::thread::spawn(move || {
            for round in 0..8 {
                std::thread::sleep(limit / 2);
                if round % 2 == 0 {
                    here.progress();
                } else {
                    here.enter(fence::progress);
                }
            }
            done.send(here.check()).unwrap();
        });
        foreign_ends(&wait).await?;
        foreign.join().unwrap();
        Ok::<_, Cancelled>(())
    };
    let outcome = Fencing::new().idle(limit * 4).run(body).await;
    assert!(outcome.unwrap().is_ok());
}

/// Waits without making progress.
async fn foreign_ends(wait: &mpsc::Receiver<Result<(), Cancelled>>) -> Result<(), Cancelled> {
    loop {
        match wait.try_recv() {
            Ok(ended) => return ended,
            Err(_) => sleep(ms(5)).await,
        }
    }
}

// A fence under a `block_on` in plain code obeys the limit of that code.
#[test]
fn plain_code_and_the_fences_under_it_share_one_limit() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let _entered = runtime.enter();
    let outcome = idle().run_blocking(|| {
        runtime.block_on(async {
            let start = Instant::now();
            let inner = Fencing::new().run(bump(&[1500, 1500])).await;
            (start.elapsed(), inner.cancelled_by("idle"))
        })
    });
    assert_eq!(outcome.unwrap(), (ms(5000), true));
}

// D24
#[tokio::test(start_paused = true)]
async fn a_guard_that_declines_it_is_asked_once_and_for_good() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let set = idle().timeout(ms(9000)).guard(move |reason| {
        count.fetch_add(usize::from(reason.code() == "idle"), Ordering::Relaxed);
        reason.code() != "idle"
    });
    let mut fence = set.run(bump(&[1000, 3000, 3000]));
    let handle = fence.handle();
    let (outcome, ()) = tokio::join!(fence, async {
        sleep(ms(3500)).await;
        assert_eq!(handle.state(), State::Running);
        assert_eq!(handle.declined()[0].to_string(), "idle: nothing for 2s");
    });
    let why = outcome.cancelled().unwrap();
    assert_eq!(why.primary().code(), "timeout");
    assert_eq!(why.declined().len(), 1);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

// D23
#[tokio::test(start_paused = true)]
async fn progress_changes_nothing_once_it_has_passed() {
    let graceful = idle().grace(ms(3000));
    let body = async {
        let why = fence::cancelled().await;
        assert!(why.by("idle"));
        bump(&[500; 50]).await;
    };
    assert_eq!(cut(&graceful, body).await.0, ms(5000));
    let cooperative = idle().cooperative().run(async {
        sleep(ms(3000)).await;
        fence::progress();
        fence::check()
    });
    assert!(cooperative.await.unwrap().unwrap_err().by("idle"));
}

// Whoever looks first decides: code that has been told to stop is not told otherwise.
#[tokio::test(start_paused = true)]
async fn once_it_was_seen_to_pass_it_has_passed_for_all() {
    let body = async {
        poll_fn(|_| {
            assert!(fence::check().is_ok());
            Poll::Ready(())
        })
        .await;
        advance(ms(2000)).await;
        assert!(fence::check().is_err());
        fence::progress();
        assert!(fence::check().is_err());
        pending::<()>().await;
    };
    assert_eq!(cut(&idle(), body).await.0, ms(2000));
}

// D3, D9
#[tokio::test(start_paused = true)]
async fn it_is_reported_along_with_what_else_has_fired() {
    let stop = Event::new();
    let set = idle().on("stop", &stop);
    let outcome: Fenced<()> = set
        .run(async {
            sleep(ms(2000)).await;
            stop.set();
            pending::<()>().await;
        })
        .await;
    let codes: Vec<_> = outcome.reasons().iter().map(Reason::code).collect();
    assert_eq!(codes, ["idle", "stop"]);
}

// D5, D14: a fence that was kept from starting starts its clock where it does start.
#[tokio::test(start_paused = true)]
async fn a_fence_that_was_not_let_start_counts_from_its_start() {
    let stop = Event::new();
    let mut moved = Box::pin(idle().run(bump(&[])));
    let outer: Fenced<()> = Fencing::new()
        .on("stop", &stop)
        .run(async {
            stop.set();
            let _ = (&mut moved).await;
            unreachable!("nothing starts here");
        })
        .await;
    assert!(outer.cancelled_by("stop"));
    sleep(ms(5000)).await;
    let start = Instant::now();
    assert!(moved.await.cancelled_by("idle"));
    assert_eq!(start.elapsed(), ms(2000));
}

// Progress moves no timer: the task is woken where its timer was, and waits on.
#[tokio::test(start_paused = true)]
async fn progress_wakes_nobody_and_an_early_timer_is_set_anew() {
    let (waker, woken) = counting_waker();
    let mut fence = Box::pin(idle().run(poll_fn(|_| {
        fence::progress();
        Poll::<()>::Pending
    })));
    let mut cx = std::task::Context::from_waker(&waker);
    for _ in 0..10 {
        assert!(fence.as_mut().poll(&mut cx).is_pending());
        advance(ms(100)).await;
    }
    assert_eq!(woken.count(), 0);
    advance(ms(1000)).await;
    assert_eq!(woken.count(), 1, "where the timer was set first");
    let mut silent = Box::pin(idle().run(pending::<()>()));
    assert!(poll(&mut silent).is_pending());
    advance(ms(2000)).await;
    assert!(poll(&mut silent).is_ready());
}
