//! User code that panics, wherever a fence runs it: nobody is stranded, no cleanup, value or state
//! is lost, and nothing aborts (D26). The panic of a body, of its destructors and of a trigger that
//! the fence asks goes on from the poll, or drop, in which it happened; the others end there.

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use fence::__private::waiters;
use fence::{Event, Fencing, Firing, FiringFuture, Handle, ReasonKind, State, Trigger};
use fence::{check, on_cancel};
use futures::FutureExt as _;
use support::{counting_waker, ms};
use tokio::time::sleep;

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

/// A trigger that panics in one of its methods, from the nth time on.
#[derive(Clone)]
struct Odd {
    place: Place,
    asked: Arc<AtomicUsize>,
    spared: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Fired,
    Wait,
    WaitPoll,
    WaitDrop,
}

impl Trigger for Odd {
    fn fired(&self) -> Option<Firing> {
        let before = self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(self.place != Place::Fired || before < self.spared, "fired");
        None
    }

    fn wait(&self) -> FiringFuture {
        assert!(self.place != Place::Wait, "wait");
        let place = self.place;
        let bomb = (place == Place::WaitDrop).then(|| Bomb);
        Box::pin(async move {
            assert!(place != Place::WaitPoll, "poll");
            let _bomb = bomb;
            pending().await
        })
    }

    fn share(&self) -> Arc<dyn Trigger> {
        Arc::new(self.clone())
    }
}

fn odd(place: Place, spared: usize) -> Odd {
    let asked = Arc::default();
    Odd {
        place,
        asked,
        spared,
    }
}

/// What panics.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Case {
    Body,
    Destructor,
    Cleanup,
    DestructorOfOverrun,
    Trigger(Place, usize),
    Guard,
}

const CASES: [Case; 11] = [
    Case::Body,
    Case::Destructor,
    Case::Cleanup,
    Case::DestructorOfOverrun,
    Case::Trigger(Place::Fired, 0),
    Case::Trigger(Place::Fired, 1),
    Case::Trigger(Place::Fired, 2),
    Case::Trigger(Place::Wait, 0),
    Case::Trigger(Place::WaitPoll, 0),
    Case::Trigger(Place::WaitDrop, 0),
    Case::Guard,
];

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Cut,
    Dropped,
}

#[derive(Clone, Copy, Debug)]
enum Host {
    Top,
    Nested,
    Task,
}

struct Seen {
    stop: Event,
    undone: Arc<AtomicUsize>,
    registered: Arc<AtomicUsize>,
    told: Arc<AtomicUsize>,
}

fn count(counter: &Arc<AtomicUsize>) -> impl Future<Output = ()> + Send + use<> {
    let counter = counter.clone();
    async move {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn fence(case: Case, seen: &Seen) -> (Handle, Pin<Box<dyn Future<Output = ()> + Send>>) {
    let mut fencing = Fencing::new().on("stop", &seen.stop).cleanup_within(ms(50));
    if let Case::Trigger(place, spared) = case {
        fencing = fencing.on("odd", &odd(place, spared));
    }
    if case == Case::Guard {
        fencing = fencing.guard(|_| panic!("guard"));
    }
    let (undone, registered, told) = (
        seen.undone.clone(),
        seen.registered.clone(),
        seen.told.clone(),
    );
    let mut fence = fencing.run(async move {
        on_cancel(count(&undone));
        registered.fetch_add(1, Ordering::Relaxed);
        match case {
            Case::Cleanup => drop(on_cancel(async { panic!("cleanup") })),
            Case::DestructorOfOverrun => {
                let bomb = Bomb;
                on_cancel(async move {
                    let _bomb = bomb;
                    pending::<()>().await;
                });
            }
            _ => {}
        }
        // A child, which has to be told.
        let counted = count(&told);
        fence::spawn(async move {
            let _why = fence::cancelled().await;
            pending::<()>().await;
        })
        .map(|_| ())
        .then(|()| counted)
        .now_or_never();
        let _bomb = (case == Case::Destructor).then(|| Bomb);
        tokio::task::yield_now().await;
        let _ = check();
        assert!(case != Case::Body, "body");
        pending::<()>().await;
    });
    (fence.handle(), Box::pin(async move { drop(fence.await) }))
}

async fn run(case: Case, end: End, host: Host) {
    let seen = Seen {
        stop: Event::new(),
        undone: Arc::default(),
        registered: Arc::default(),
        told: Arc::default(),
    };
    let (handle, fence) = fence(case, &seen);
    let ending = async {
        sleep(ms(5)).await;
        if end == End::Cut {
            seen.stop.set();
        }
        sleep(ms(500)).await;
    };
    match host {
        Host::Top => drop_with(fence, ending).await,
        Host::Nested => {
            let outer = Fencing::new().timeout(ms(60_000));
            drop_with(outer.run(fence).map(drop), ending).await;
        }
        Host::Task => {
            let task = tokio::spawn(fence);
            ending.await;
            task.abort();
            let _ = task.await;
        }
    }
    let at = format!("{case:?}, {end:?}, {host:?}");
    let _ = fence::drain(Duration::from_secs(1)).await; // those of other tests count as well
    assert_eq!(waiters(&seen.stop), 0, "{at}: a waiter is left");
    let ran = seen.undone.load(Ordering::Relaxed);
    assert_eq!(ran, seen.registered.load(Ordering::Relaxed), "{at}: undone");
    let is_final = matches!(handle.state(), State::Cancelled | State::Dropped);
    assert!(is_final, "{at}: {:?}", handle.state());
    assert!(!handle.cancel(), "{at}: it has ended");
}

/// Polls it, catches what it panics with, and drops it when `ending` is over.
async fn drop_with(work: impl Future<Output = ()> + Send, ending: impl Future<Output = ()>) {
    let mut work = Box::pin(AssertUnwindSafe(work).catch_unwind());
    let both = async { futures::join!(work.as_mut().map(drop), pending::<()>()) };
    tokio::select! {
        _ = both => {}
        () = ending => {}
    }
    let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
}

#[tokio::test(start_paused = true)]
async fn everything_ends_whatever_panics() {
    let _alone = crate::alone().await;
    for case in CASES {
        for end in [End::Cut, End::Dropped] {
            for host in [Host::Top, Host::Nested, Host::Task] {
                run(case, end, host).await;
            }
        }
    }
}

// D6, D26: a completed body has its value, and asks nothing of its triggers any more.
#[tokio::test(start_paused = true)]
async fn no_completed_value_is_lost() {
    struct Held(#[allow(dead_code, reason = "it is dropped")] Bomb);
    impl Future for Held {
        type Output = u8;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> std::task::Poll<u8> {
            std::task::Poll::Ready(7)
        }
    }
    let _alone = crate::alone().await;
    assert_eq!(Fencing::new().run(Held(Bomb)).await.unwrap(), 7);

    let odd = odd(Place::Fired, 1);
    let mut fence = Fencing::new().on("odd", &odd).run(async {
        let bomb = Bomb;
        on_cancel(async move { drop(bomb) });
        8
    });
    let handle = fence.handle();
    assert_eq!(fence.await.unwrap(), 8);
    assert_eq!(handle.state(), State::Completed);
    assert_eq!(
        odd.asked.load(Ordering::Relaxed),
        1,
        "asked before it began"
    );
}

// Inside of another one that is cut: its cleanup runs with those of that one, in order.
#[tokio::test(start_paused = true)]
async fn the_cleanups_of_both_run_if_a_destructor_inside_panics() {
    let _alone = crate::alone().await;
    let (stop, undone) = (Event::new(), Arc::new(AtomicUsize::new(0)));
    let (one, other) = (count(&undone), count(&undone));
    let outer = Fencing::new().on("stop", &stop).run(async {
        on_cancel(one);
        let inner = Fencing::new().run(async {
            on_cancel(other);
            let _bomb = Bomb;
            pending::<()>().await;
        });
        let _: fence::Fenced<()> = inner.await;
    });
    let (outcome, ()) = futures::join!(AssertUnwindSafe(outer).catch_unwind(), async {
        sleep(ms(5)).await;
        stop.set();
    });
    assert!(outcome.is_err(), "the panic goes on");
    let _ = fence::drain(Duration::from_secs(1)).await; // those of other tests count as well
    assert_eq!(undone.load(Ordering::Relaxed), 2);
}

// Where a panic is on its way already, a second one would be an abort.
#[tokio::test(start_paused = true)]
async fn destructors_that_panic_while_a_panic_unwinds() {
    let _alone = crate::alone().await;
    let fence = Fencing::new().on("odd", &odd(Place::Fired, 1)).run(async {
        let bomb = Bomb;
        on_cancel(async move { drop(bomb) });
        tokio::task::yield_now().await;
        panic!("body");
    });
    let task = tokio::spawn(async {
        let _: fence::Fenced<()> = fence.await;
    });
    let panic = task.await.unwrap_err().into_panic();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "body");
}

/// Panics when it is woken, or for good when it is dropped.
struct BadWaker;

impl Wake for BadWaker {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

// The waker of one waiter is no business of the fence that tells it.
#[tokio::test(start_paused = true)]
async fn a_waker_that_panics_keeps_no_value_and_no_sibling() {
    let _alone = crate::alone().await;
    let (sound, woken) = counting_waker();
    let (send, receive) = std::sync::mpsc::channel();
    let fence = Fencing::new().timeout(ms(5)).run(async {
        for waker in [Waker::from(Arc::new(BadWaker)), sound.clone()] {
            let mut told = Box::pin(fence::cancelled());
            assert!(
                told.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            send.send(told).unwrap();
        }
        tokio::task::yield_now().await;
        pending::<()>().await;
    });
    let outcome = fence.await;
    assert!(outcome.cancelled().unwrap().is_timeout());
    assert_eq!(woken.count(), 1);
    drop(receive);
}

#[derive(Debug)]
struct BadCause;

impl fmt::Display for BadCause {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("shown")
    }
}

impl Error for BadCause {}

impl Drop for BadCause {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

// The line is written all the same; a cause that comes too late is dropped by who brought it.
#[tokio::test(start_paused = true)]
async fn a_cause_that_cannot_be_shown() {
    let _alone = crate::alone().await;
    let stop = Event::new();
    std::mem::forget(stop.clone());
    stop.set_because(BadCause);
    let why = Fencing::new().on("stop", &stop).run(async {}).await;
    let why = why.cancelled().unwrap();
    assert_eq!(
        why.to_string(),
        "cancelled: stop: a cause that panics when it is shown"
    );
    assert_eq!(why.primary().kind(), ReasonKind::Event);

    let late = catch_unwind(AssertUnwindSafe(|| stop.set_because(BadCause)));
    assert!(late.is_err());
    assert!(check().is_ok(), "outside of the fence");
    std::mem::forget(why);
}
