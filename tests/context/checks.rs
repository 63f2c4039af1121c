//! Asking instead of waiting (D23, D28): `check`, in all places.

use std::sync::mpsc;
use std::time::Duration;

use fence::{Cancelled, Event, Fencing, FutureExt, check, shield};
use support::ms;
use tokio::task::LocalSet;
use tokio::time::{advance, sleep};

/// Twice, so that the short way is asked too.
fn is_ok() -> bool {
    let first = check().is_ok();
    assert_eq!(check().is_ok(), first);
    first
}

#[tokio::test(start_paused = true)]
async fn ok_until_it_fires_and_then_for_good() {
    let stop = Event::new();
    let body = async {
        assert!((0..1000).all(|_| check().is_ok()));
        stop.set();
        let why: Vec<Cancelled> = (0..3).map(|_| check().unwrap_err()).collect();
        why.iter().all(|why| why.by("stop"))
    };
    assert!(Fencing::new().on("stop", &stop).run(body).await.unwrap());
    assert!(is_ok(), "outside of the fence");
}

// The outermost that has fired, up to a shield.
#[tokio::test(start_paused = true)]
async fn ancestors_and_shields() {
    let (outer, inner) = (Event::new(), Event::new());
    let body = async {
        let nested = Fencing::new()
            .on("inner", &inner)
            .timeout(ms(1000))
            .run(async {
                assert!(is_ok());
                inner.set();
                assert!(check().unwrap_err().by("inner"));
                outer.set();
                let why = check().unwrap_err();
                assert!(why.by("outer") && !why.by("inner"));
            });
        assert!(nested.await.is_completed());
    };
    let fence = Fencing::new().on("outer", &outer).run(body);
    assert!(fence.await.is_completed());

    let stop = Event::new();
    let set = stop.clone();
    let body = async {
        async move {
            assert!(is_ok());
            set.set();
            assert!(is_ok(), "code inside is not told to stop");
        }
        .shielded()
        .await;
        assert!(!is_ok());
        let detached = fence::detached(async { is_ok() }).await;
        assert!(detached && !is_ok());
    };
    assert!(
        Fencing::new()
            .on("stop", &stop)
            .run(body)
            .await
            .is_completed()
    );
}

// What one place was told holds there and nowhere else: a fence that comes, one that goes, a task
// in between, and a shield.
#[tokio::test(start_paused = true)]
async fn the_short_way_is_not_taken_for_another_place() {
    let [a, b] = [(); 2].map(|()| Event::new());
    let (on_a, on_b) = (Fencing::new().on("a", &a), Fencing::new().on("b", &b));
    let local = LocalSet::new();
    let body = async {
        a.set();
        let task = local.run_until(async { tokio::task::spawn_local(async { is_ok() }).await });
        assert!(task.await.unwrap(), "another task");
        assert!(!is_ok());
        assert!(shield_free().await && !is_ok());
        b.set();
        assert!(!is_ok());
    };
    assert!(is_ok());
    assert!(on_a.grace(ms(1000)).run(body).await.is_completed());
    assert!(is_ok());
    let late = on_b.grace(ms(1)).run(async { is_ok() });
    assert!(late.await.is_cancelled());
}

async fn shield_free() -> bool {
    fence::detached(shield(async { is_ok() })).await
}

// D28: the clock is asked, not the runtime.
#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_is_seen() {
    let bound = Fencing::new().deadline(tokio::time::Instant::now() + ms(3000));
    let body = async {
        let call = Fencing::current().timeout(ms(10_000)).run(async {
            assert_eq!(fence::remaining(), Some(ms(3000)));
            sleep(ms(1000)).await;
            assert_eq!(fence::remaining(), Some(ms(2000)));
            let tighter = Fencing::new()
                .timeout(ms(1000))
                .run(async { fence::remaining() });
            assert_eq!(tighter.await.unwrap(), Some(ms(1000)));
            assert!(is_ok());
            advance(ms(2000)).now_or_never_polled();
            assert!(check().unwrap_err().by("deadline"));
            assert_eq!(fence::remaining(), Some(Duration::ZERO));
        });
        assert!(call.await.is_completed());
    };
    bound.bind(body).await;
}

/// `advance` moves the clock in its first poll, and then waits for the runtime.
trait FirstPoll {
    fn now_or_never_polled(self);
}

impl<F: Future> FirstPoll for F {
    fn now_or_never_polled(self) {
        let _ = futures::FutureExt::now_or_never(self);
    }
}

// A `set` that has returned is seen on every thread that knows of it.
#[test]
fn a_set_that_has_returned_is_seen() {
    for _ in 0..200 {
        let ((send, receive), stop) = (mpsc::channel(), Event::new());
        let set = stop.clone();
        let searching = std::thread::spawn(move || {
            Fencing::new().on("stop", &stop).run_blocking(|| {
                let mut rounds = 0_u64;
                while receive.try_recv().is_err() {
                    // Somebody else's events keep the short way busy.
                    let _ = check();
                    rounds += 1;
                }
                (check().is_err(), rounds)
            })
        });
        set.set();
        // Never started, and so gone, or told.
        let _ = send.send(());
        let outcome = searching.join().unwrap();
        assert!(outcome.is_cancelled() || outcome.unwrap().0);
    }
}

// A source that only its own code can tell of is asked each time.
#[tokio::test(start_paused = true)]
async fn triggers_of_another_make_are_asked() {
    let (send, receive) = tokio::sync::watch::channel(false);
    let body = async {
        assert!(is_ok());
        send.send(true).unwrap();
        !is_ok()
    };
    assert!(Fencing::new().on("quit", &receive).run(body).await.unwrap());
}

/// Asks in the last of so many threads, each of which waits for a fence that waits for the next:
/// before the event is set, and after.
fn ask_below(depth: u32, stop: Event, asked: mpsc::Sender<(bool, bool)>) {
    if depth == 0 {
        let before = check().is_ok();
        stop.set();
        return asked.send((before, check().is_ok())).unwrap();
    }
    let fence = Fencing::new().run(async move {
        let thread = fence::spawn_blocking(move || ask_below(depth - 1, stop, asked));
        drop(thread.await);
    });
    // Cancelled once the last one has set the event.
    drop(tokio::runtime::Handle::current().block_on(fence));
}

// If each level asked all that are around it anew, 2^40 questions would not end.
#[test]
fn forty_threads_deep_a_check_ends() {
    let (stop, runtime) = (Event::new(), tokio::runtime::Runtime::new().unwrap());
    let (send, asked) = mpsc::channel();
    let fencing = Fencing::new().on("stop", &stop);
    let outcome = runtime.block_on(fencing.run(async move {
        drop(fence::spawn_blocking(move || ask_below(40, stop, send)));
        std::future::pending::<()>().await;
    }));
    assert!(outcome.cancelled_by("stop"));
    assert_eq!(asked.recv().unwrap(), (true, false));
}
