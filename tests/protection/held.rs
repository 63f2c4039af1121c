//! How long a fence that has fired is held up, and by whom (D21).

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fence::{Event, Fenced, Fencing, checkpoint, shield};
use futures::future::{Either, FutureExt as _, poll_fn};
use futures::stream::{FuturesUnordered, StreamExt};
use support::{ms, never, secs};
use tokio::time::{Instant, sleep};

/// README's booking: whoever is charged gets the seat.
async fn book(charging: Duration, charged: &Cell<u32>, committed: &Cell<u32>) {
    sleep(charging).await;
    charged.set(charged.get() + 1);
    shield(async {
        sleep(ms(3)).await;
        committed.set(committed.get() + 1);
    })
    .await;
}

/// The clock has passed the limit by the time the charge is ready, as on a loaded machine.
#[tokio::test(start_paused = true)]
async fn whoever_is_charged_gets_the_seat_however_late_the_poll() {
    let (charged, committed) = (Cell::new(0), Cell::new(0));
    for late in 0..20 {
        let booking = book(ms(10), &charged, &committed);
        let mut booking = pin!(Fencing::new().timeout(ms(10)).run(booking));
        assert!(
            booking
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
        tokio::time::advance(ms(5 + late)).await;
        let _ = booking.await;
        assert_eq!(charged.get(), committed.get(), "{late} ms late");
    }
    assert!(charged.get() > 0);
}

/// What was read right before a section is not lost: the value of the last await is used.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_ready_in_the_poll_of_the_firing_reaches_the_section() {
    let (stop, saved) = (Event::new(), RefCell::new(Vec::new()));
    let body = async {
        let read = async {
            stop.set();
            7
        };
        let read = read.await;
        shield(async {
            sleep(ms(1)).await;
            saved.borrow_mut().push(read);
        })
        .await;
    };
    let outcome = Fencing::new().on("stop", &stop).run(body).await;
    assert!(outcome.is_completed(), "nothing waits after the section");
    assert_eq!(*saved.borrow(), [7]);
}

/// A loop of sections holds a fence for as long as its cleanups may take, and no longer.
#[tokio::test(start_paused = true)]
async fn a_loop_of_sections_ends() {
    for (limit, until) in [(None, 5), (Some(secs(2)), 2)] {
        let (start, rounds) = (Instant::now(), Cell::new(0));
        let body = async {
            loop {
                shield(sleep(ms(300))).await;
                rounds.set(rounds.get() + 1);
            }
        };
        let mut fencing = Fencing::new().timeout(secs(1));
        if let Some(limit) = limit {
            fencing = fencing.cleanup_within(limit);
        }
        let outcome: Fenced<()> = fencing.run(body).await;
        assert!(outcome.is_cancelled());
        let took = start.elapsed();
        assert!(
            took >= secs(1 + until) && took <= secs(1 + until) + ms(600),
            "{took:?}"
        );
        assert_eq!(
            rounds.get(),
            took.as_millis() / 300,
            "every section that began has ended"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn overlapping_sections_end() {
    let (start, (begun, ended)) = (Instant::now(), (Cell::new(0), Cell::new(0)));
    let chain = |length: Duration| {
        let (begun, ended) = (&begun, &ended);
        async move {
            loop {
                shield(async {
                    begun.set(begun.get() + 1);
                    sleep(length).await;
                    ended.set(ended.get() + 1);
                })
                .await;
            }
        }
    };
    let body = async { futures::join!(chain(ms(700)), chain(ms(1100))) };
    let outcome = Fencing::new().timeout(secs(1)).run(body).await;
    let _: Fenced<((), ())> = outcome;
    assert!(start.elapsed() <= secs(8), "{:?}", start.elapsed());
    assert_eq!(begun.get(), ended.get());
}

/// The time for further sections counts from the end of a grace.
#[tokio::test(start_paused = true)]
async fn a_grace_goes_before_the_time_for_further_sections() {
    let start = Instant::now();
    let body = async {
        loop {
            shield(sleep(ms(100))).await;
        }
    };
    let fencing = Fencing::new()
        .timeout(secs(1))
        .grace(secs(3))
        .cleanup_within(secs(2));
    let _: Fenced<()> = fencing.run(body).await;
    assert!(
        start.elapsed() >= secs(6) && start.elapsed() <= secs(7),
        "{:?}",
        start.elapsed()
    );
}

/// A section outlasts the grace.
#[tokio::test(start_paused = true)]
async fn a_section_outlasts_the_grace() {
    let body = async { shield(sleep(secs(60)).map(|()| "done")).await };
    let fencing = Fencing::new().timeout(secs(1)).grace(secs(1));
    assert_eq!(fencing.run(body).await.unwrap(), "done");
}

/// Fences and checkpoints of the body do not pass while a section holds it.
#[tokio::test(start_paused = true)]
async fn nothing_else_of_the_body_passes_a_point_meanwhile() {
    let passed = Cell::new(false);
    let other = async {
        sleep(secs(2)).await;
        checkpoint().await;
        passed.set(true);
        never().await;
    };
    let body = async { futures::join!(shield(sleep(secs(4))), other) };
    let outcome = Fencing::new().timeout(secs(1)).run(body).await;
    assert!(outcome.is_cancelled() && !passed.get());
}

/// A set that is owned outside of the fences that poll it, one after the other.
#[tokio::test(start_paused = true)]
async fn a_section_in_a_set_holds_the_fence_around_the_one_that_began_it() {
    let (stop, committed) = (Event::new(), Cell::new(false));
    let section = shield(async {
        sleep(secs(11)).await;
        committed.set(true);
    });
    let body = async {
        let mut jobs = FuturesUnordered::new();
        jobs.push(Either::Left(section));
        jobs.push(Either::Right(sleep(secs(1))));
        jobs.push(Either::Right(sleep(secs(20))));
        loop {
            let _ = Fencing::new().timeout(secs(60)).run(jobs.next()).await;
        }
    };
    let fence = Fencing::new().on("stop", &stop).run(body);
    let (outcome, ()) = futures::join!(fence, async {
        sleep(secs(3)).await;
        stop.set();
    });
    let _: Fenced<()> = outcome;
    assert!(committed.get(), "dropped in the middle of a section");
}

/// A section that another task polls by now holds none of the fences that it moved out of.
#[tokio::test(start_paused = true)]
async fn a_section_that_moved_away_lets_the_heir_go() {
    let (start, stop, ended) = (Instant::now(), Event::new(), Event::new());
    let set = ended.clone();
    let fence = Fencing::new().on("stop", &stop).run(async {
        let mut section = Box::pin(shield(async move {
            sleep(secs(5)).await;
            set.set();
        }));
        let once = poll_fn(|cx| {
            assert!(section.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        });
        Fencing::new().run(once).await.unwrap();
        tokio::spawn(section);
        sleep(secs(1)).await;
        stop.set();
        never().await;
    });
    assert!(fence.await.cancelled_by("stop"));
    assert_eq!(start.elapsed(), secs(1));
    ended.wait().await;
    assert_eq!(start.elapsed(), secs(5));
}
