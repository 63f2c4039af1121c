//! Fenced streams: what a stream yields, when its fence looks, what happens to items (D35).

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use fence::{Cancelled, Event, Fenced, FencedStream, Fencing, State, StreamExt as _};
use futures::stream::{self, FusedStream, FuturesUnordered, Stream, StreamExt as _};
use support::ms;
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_test::{assert_pending, task};

/// An item after each of these gaps, then silence.
fn after(gaps: &[u64]) -> Pin<Box<dyn Stream<Item = usize> + Send>> {
    let gaps = gaps.to_vec();
    let items = stream::iter(gaps)
        .enumerate()
        .then(|(nth, gap)| async move {
            if gap > 0 {
                sleep(ms(gap)).await;
            }
            nth
        });
    Box::pin(items.chain(stream::pending()))
}

/// All that it yields, as text.
async fn all<S: Stream<Item = usize>>(stream: FencedStream<S>) -> Vec<String> {
    let text = |next: Result<usize, Cancelled>| match next {
        Ok(item) => item.to_string(),
        Err(why) => why.to_string(),
    };
    stream.map(text).collect().await
}

#[tokio::test(start_paused = true)]
async fn its_reasons_are_the_last_item() {
    let limit = Fencing::new().timeout(ms(3500));
    let start = Instant::now();
    let seen = all(after(&[1000; 9]).fenced(&limit)).await;
    assert_eq!(
        seen,
        ["0", "1", "2", "cancelled: timeout: timed out after 3.5s"]
    );
    assert_eq!(start.elapsed(), ms(3500));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_has_no_more_to_say() {
    let stop = Event::new();
    let mut items = stream::iter(0..2).fenced(&Fencing::new().on("stop", &stop));
    let handle = items.handle();
    assert_eq!(items.size_hint(), (0, Some(3)));
    assert_eq!(items.next().await.unwrap().unwrap(), 0);
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert_eq!(handle.state(), State::Running);
    assert!(items.next().await.is_none());
    assert!(items.is_terminated());
    stop.set();
    assert!(items.next().await.is_none(), "and stays so");
    assert_eq!(handle.state(), State::Completed);
    assert_eq!(items.size_hint(), (0, Some(0)));
}

// D2
#[tokio::test(start_paused = true)]
async fn a_stream_is_not_polled_once_something_has_fired() {
    let stop = Event::new();
    stop.set();
    let held = Rc::new(());
    let kept = held.clone();
    let unpolled =
        stream::poll_fn(move |_| -> Poll<Option<usize>> { unreachable!("polled, with {kept:?}") });
    let mut unpolled = unpolled.fenced(&Fencing::new().on("stop", &stop));
    assert!(unpolled.next().await.unwrap().unwrap_err().by("stop"));
    assert_eq!(
        Rc::strong_count(&held),
        1,
        "it is dropped before it is told"
    );
    for set in [Fencing::new().timeout(ms(0)), Fencing::new().idle(ms(0))] {
        assert_eq!(all(after(&[0]).fenced(&set)).await.len(), 1);
    }
}

// D3: whatever fires while an item is made, by the stream or its reader, the item comes first.
#[tokio::test(start_paused = true)]
async fn an_item_that_is_ready_is_never_lost() {
    let stop = Event::new();
    let set = Fencing::new().on("stop", &stop).timeout(ms(9000));
    let firing = stream::iter(0..).map(|nth| {
        if nth == 2 {
            stop.set();
        }
        nth
    });
    let seen = all(firing.fenced(&set)).await;
    assert_eq!(seen, ["0", "1", "2", "cancelled: stop: event set"]);
    // At the very instant of the limit.
    let limit = Fencing::new().timeout(ms(2000));
    assert_eq!(all(after(&[2000]).fenced(&limit)).await[0], "0");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_always_ready_stops_between_two_items() {
    let stop = Event::new();
    let sets = [
        Fencing::new().on("stop", &stop),
        Fencing::new().timeout(ms(1000)),
        Fencing::new().on("stop", &stop).guard(|_| true),
    ];
    for (nth, set) in sets.iter().enumerate() {
        let mut made = 0;
        let ready = stream::repeat_with(|| {
            made += 1;
            made
        });
        let mut ready = ready.fenced(set);
        if nth < 2 {
            assert_eq!(ready.next().await.unwrap().unwrap(), 1);
            advance(ms(1000)).await;
            stop.set();
        }
        assert!(ready.next().await.unwrap().is_err());
        drop(ready);
        assert_eq!(
            made,
            usize::from(nth < 2),
            "no item is taken that nobody gets"
        );
    }
}

// D23, D24
#[tokio::test(start_paused = true)]
async fn policies_are_those_of_the_fence() {
    let (stop, start) = (Event::new(), Instant::now());
    stop.set();
    let graceful = Fencing::new().timeout(ms(1500)).grace(ms(1000));
    let seen = all(after(&[1000; 5]).fenced(&graceful)).await;
    assert_eq!(seen, ["0", "1", "cancelled: timeout: timed out after 1.5s"]);
    assert_eq!(start.elapsed(), ms(2500));
    let declining = Fencing::new()
        .on("stop", &stop)
        .guard(|reason| reason.code() != "stop");
    let seen = all(after(&[0, 1000, 0]).take(3).fenced(&declining)).await;
    assert_eq!(seen, ["0", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn silence_is_cut_however_long_the_reader_takes() {
    let set = Fencing::new().idle(ms(2000));
    let start = Instant::now();
    let seen = all(after(&[0, 500, 1000, 1500, 2000, 2500]).fenced(&set)).await;
    assert_eq!(
        seen,
        ["0", "1", "2", "3", "4", "cancelled: idle: nothing for 2s"]
    );
    assert_eq!(start.elapsed(), ms(7000));
    let (mut slow, mut count) = (Box::pin(after(&[1000; 5]).fenced(&set)), 0);
    while let Some(Ok(_)) = slow.next().await {
        count += 1;
        sleep(Duration::from_secs(3600)).await; // the reader is busy, the stream not asked
    }
    assert_eq!(count, 5);
}

#[tokio::test(start_paused = true)]
async fn items_are_progress_for_the_fences_around() {
    let reading = async {
        let mut items = after(&[1500; 4]).fenced(&Fencing::new());
        while items.next().await.is_some() {}
    };
    let start = Instant::now();
    let outcome = Fencing::new().idle(ms(2000)).run(reading).await;
    assert!(outcome.cancelled_by("idle"));
    assert_eq!(start.elapsed(), ms(8000));
}

// D5, D13
#[tokio::test(start_paused = true)]
async fn a_fence_around_that_cuts_keeps_the_next_item_from_being_taken() {
    let (stop, mut made) = (Event::new(), 0);
    let ready = stream::repeat_with(|| {
        made += 1;
        made
    });
    let mut ready = ready.fenced(&Fencing::new().on("stop", &stop));
    let outcome: Fenced<()> = Fencing::new()
        .on("outer", &stop)
        .run(async {
            while let Some(Ok(_)) = ready.next().await {
                stop.set();
            }
            unreachable!("the fence around wins")
        })
        .await;
    assert!(outcome.cancelled_by("outer"));
    assert!(ready.next().await.unwrap().unwrap_err().by("stop"));
    drop(ready);
    assert_eq!(made, 1);
}

// D5a: owned outside of the fence that cuts, and polled through a set that polls what was woken.
#[tokio::test(start_paused = true)]
async fn a_stream_that_waits_for_a_fence_around_is_woken_when_that_is_over() {
    let (stop, inner) = (Event::new(), Fencing::new());
    let mut items = stream::iter(0..).fenced(&inner);
    assert_eq!(items.next().await.unwrap().unwrap(), 0);
    let mut set = FuturesUnordered::new();
    set.push(items.into_future());
    let outcome: Fenced<()> = Fencing::new()
        .on("stop", &stop)
        .run(async {
            stop.set();
            set.next().await;
            unreachable!("nothing starts here")
        })
        .await;
    assert!(outcome.is_cancelled());
    let woken = timeout(ms(1000), set.next()).await;
    let (item, _) = woken.expect("it is woken").unwrap();
    assert_eq!(item.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn cleanups_run_before_it_tells_and_what_is_spawned_goes_along() {
    let stop = Event::new();
    let mut count = 0;
    let working = stream::poll_fn(|_| {
        count += 1;
        if count > 1 {
            return Poll::Pending;
        }
        fence::on_cancel(sleep(ms(100)));
        Poll::Ready(Some(fence::spawn(std::future::pending::<()>())))
    });
    let mut working = working.fenced(&Fencing::new().on("stop", &stop));
    let helper = working.next().await.unwrap().unwrap();
    stop.set();
    let start = Instant::now();
    let why = working.next().await.unwrap().unwrap_err();
    assert_eq!((start.elapsed(), why.cleanup().ran()), (ms(100), 1));
    assert!(helper.await.cancelled_by("stop"));
}

// D6
#[tokio::test(start_paused = true)]
async fn nothing_is_left_behind_whichever_way_it_ends() {
    let stop = Event::new();
    let set = Fencing::new().on("stop", &stop).idle(ms(5000));
    let mut dropped = task::spawn(after(&[0]).fenced(&set));
    assert!(dropped.poll_next().is_ready());
    assert_pending!(dropped.poll_next());
    assert_eq!(fence::__private::waiters(&stop), 1);
    drop(dropped);
    assert_eq!(fence::__private::waiters(&stop), 0);
    assert_eq!(all(after(&[0]).fenced(&set)).await.len(), 2);
    assert_eq!(fence::__private::waiters(&stop), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_panics_has_ended() {
    let broken = stream::poll_fn(|_| -> Poll<Option<usize>> { panic!("out of order") });
    let mut broken = broken.fenced(&Fencing::new());
    let handle = broken.handle();
    let next = std::panic::AssertUnwindSafe(|| {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        Pin::new(&mut broken).poll_next(&mut cx)
    });
    assert!(std::panic::catch_unwind(next).is_err());
    assert_eq!(handle.state(), State::Dropped);
    assert!(broken.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn until_it_is_cancelled_it_yields_items_alone() {
    let limit = Fencing::new().timeout(ms(2500));
    let mut items = after(&[1000; 9]).fenced(&limit).until_cancelled();
    assert!(items.take_cancelled().is_none());
    assert_eq!(items.by_ref().collect::<Vec<_>>().await, [0, 1]);
    assert!(items.is_terminated());
    assert!(items.take_cancelled().unwrap().is_timeout());
    assert!(items.take_cancelled().is_none());
}
