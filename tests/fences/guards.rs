//! Who may cancel is asked (D24).

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use fence::testing::codes;
use fence::{Event, Fencing, Handle, Reason, State};
use support::ms;
use tokio::time::{Instant, sleep};

/// A guard that counts, and accepts or not.
fn counting(accepts: bool) -> (Arc<AtomicUsize>, impl Fn(&Reason) -> bool + Send + Sync) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let guard = move |_: &Reason| {
        count.fetch_add(1, Ordering::Relaxed);
        accepts
    };
    (asked, guard)
}

async fn set_at(time: u64, event: &Event) {
    sleep(ms(time)).await;
    event.set();
}

// The streaming drain: once the answer is complete, the client may leave.
#[tokio::test(start_paused = true)]
async fn a_scoped_decline() {
    for (done, drains, by) in [
        (true, 50, ""),
        (true, 2000, "budget"),
        (false, 50, "disconnect"),
    ] {
        let (disconnect, is_done) = (Event::new(), Arc::new(AtomicBool::new(false)));
        let flag = is_done.clone();
        let fencing = Fencing::new()
            .on("disconnect", &disconnect)
            .timeout_as("budget", ms(1000))
            .unless("disconnect", move || flag.load(Ordering::Relaxed));
        let mut fence = fencing.run(async {
            sleep(ms(5)).await;
            is_done.store(done, Ordering::Relaxed);
            sleep(ms(drains - 5)).await;
        });
        let handle = fence.handle();
        let (outcome, ()) = tokio::join!(fence, set_at(10, &disconnect));
        let expected: &[&str] = if by.is_empty() { &[] } else { &[by] };
        assert_eq!(codes(outcome.reasons()), expected);
        assert_eq!(codes(handle.reasons()), expected);
        let declined: &[&str] = if done { &["disconnect"] } else { &[] };
        assert_eq!(codes(&handle.declined()), declined);
        if let Some(why) = outcome.cancelled() {
            assert_eq!(codes(why.declined()), declined);
        }
    }
}

// All have to accept; the first to decline is the last to be asked.
#[tokio::test(start_paused = true)]
async fn guards_add_up_and_are_inherited() {
    for (first, second) in [(true, true), (true, false), (false, true), (false, false)] {
        let stop = Event::new();
        let ((asked1, guard1), (asked2, guard2)) = (counting(first), counting(second));
        let plain = Fencing::new().on("stop", &stop);
        let one = plain.clone().guard(guard1);
        let two = one.clone().guard(guard2);
        stop.set();
        assert!(plain.run(async {}).await.is_cancelled());
        assert_eq!(one.run(async {}).await.is_cancelled(), first);
        assert_eq!(asked2.load(Ordering::Relaxed), 0);
        let bound = two.bind(async { Fencing::current().run(async {}).await });
        assert_eq!(bound.await.is_cancelled(), first && second);
        assert_eq!(asked1.load(Ordering::Relaxed), 2);
        assert_eq!(asked2.load(Ordering::Relaxed), usize::from(first));
    }
}

// Fail safe, and nobody's thread dies of it.
#[tokio::test(start_paused = true)]
async fn a_guard_that_panics_accepts() {
    let stop = Event::new();
    let plain = Fencing::new().on("stop", &stop);
    let guarded = plain.clone().guard(|_| panic!("as it should"));
    let (one, other) = (guarded.run(pending::<()>()), plain.run(pending::<()>()));
    let (one, other, ()) = tokio::join!(one, other, set_at(5, &stop));
    assert!(one.cancelled_by("stop") && other.cancelled_by("stop"));
}

// A decline disarms nothing else.
#[tokio::test(start_paused = true)]
async fn what_was_declined_does_not_keep_the_rest_from_firing() {
    let [a, b, c] = [(); 3].map(|()| Event::new());
    let fencing = Fencing::new().on("A", &a).on("B", &b).on("C", &c);
    let (asked, start) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
    let log = asked.clone();
    let fencing = fencing.guard(move |reason| {
        log.lock().unwrap().push(reason.code().to_owned());
        reason.code() != "A"
    });
    let setting = async {
        set_at(1, &a).await;
        set_at(4, &b).await;
        c.set();
    };
    let (outcome, ()) = tokio::join!(fencing.run(pending::<()>()), setting);
    let why = outcome.cancelled().unwrap();
    assert_eq!(
        (codes(why.reasons()), codes(why.declined())),
        (vec!["B", "C"], vec!["A"])
    );
    assert_eq!(start.elapsed(), ms(5));
    assert_eq!(*asked.lock().unwrap(), ["A", "B", "C"], "each once");
}

// Of limits too: after a declined limit comes the next one, exactly on time.
#[tokio::test(start_paused = true)]
async fn a_declined_limit_gives_way_to_the_next() {
    let start = Instant::now();
    let fencing = Fencing::new()
        .timeout_as("soft", ms(10))
        .timeout_as("hard", ms(30))
        .unless("soft", || true);
    let fence = fencing.run(async {
        assert_eq!(fence::remaining(), Some(ms(10)));
        sleep(ms(20)).await;
        assert_eq!(fence::remaining(), Some(ms(10)));
        pending::<()>().await;
    });
    assert_eq!(codes(fence.await.reasons()), ["hard"]);
    assert_eq!(start.elapsed(), ms(30));
}

// D24: it still looks after the fences inside, whose timer it runs.
#[tokio::test(start_paused = true)]
async fn a_fence_that_has_declined_wakes_those_inside() {
    let (stop, start) = (Event::new(), Instant::now());
    stop.set();
    let outer = Fencing::new()
        .on("stop", &stop)
        .guard(|_| false)
        .run(async {
            let inner = Fencing::new().timeout(ms(15)).run(async {
                sleep(ms(5)).await;
                sleep(ms(100)).await;
            });
            inner.await.is_cancelled()
        });
    assert!(outer.await.unwrap());
    assert_eq!(start.elapsed(), ms(15));
}

#[tokio::test(start_paused = true)]
async fn each_fence_asks_its_own() {
    // (a) The inner one declines, the outer one accepts.
    let stop = Event::new();
    let plain = Fencing::new().on("stop", &stop);
    let outer = plain.run(plain.clone().guard(|_| false).run(pending::<()>()));
    let (outcome, ()) = tokio::join!(outer, set_at(1, &stop));
    assert!(outcome.cancelled_by("stop"));

    // (b) The outer one declines: the code between goes on.
    let stop = Event::new();
    let plain = Fencing::new().on("stop", &stop);
    let mut outer = plain.clone().guard(|_| false).run(async {
        let inner = plain.run(pending::<()>()).await;
        sleep(ms(5)).await;
        inner.cancelled_by("stop")
    });
    let handle = outer.handle();
    let (outcome, ()) = tokio::join!(outer, set_at(1, &stop));
    assert!(outcome.unwrap());
    assert_eq!(codes(&handle.declined()), ["stop"]);

    // (c) What fires outside is none of the inner one's business.
    let (stop, (asked, guard)) = (Event::new(), counting(false));
    let inner = Fencing::new().timeout(ms(100)).guard(guard);
    let outer = Fencing::new()
        .on("stop", &stop)
        .run(inner.run(pending::<()>()));
    let (outcome, ()) = tokio::join!(outer, set_at(1, &stop));
    assert!(outcome.cancelled_by("stop"));
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

// Nobody asks them about what comes from outside.
#[tokio::test(start_paused = true)]
async fn an_abort_is_not_asked_about() {
    let (asked, guard) = counting(false);
    let mut fence = Fencing::new()
        .timeout(ms(100))
        .guard(guard)
        .run(pending::<()>());
    let handle: Handle = fence.handle();
    let task = tokio::spawn(fence);
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(
        (asked.load(Ordering::Relaxed), handle.state()),
        (0, State::Dropped)
    );
}

// D26: a guard may do anything, also ask and set.
#[tokio::test(start_paused = true)]
async fn a_guard_may_use_the_library() {
    let (stop, other) = (Event::new(), Event::new());
    let set = other.clone();
    let fencing = Fencing::new()
        .on("stop", &stop)
        .on("other", &other)
        .guard(move |reason| {
            assert!(fence::check().is_ok(), "nothing is accepted yet");
            let _ = (fence::remaining(), Fencing::current().run(async {}));
            set.set();
            reason.code() == "other"
        });
    let fence = fencing.run(async {
        stop.set();
        fence::checkpoint().await;
        assert!(fence::check().unwrap_err().by("other"));
    });
    assert!(fence.await.is_completed());
}

// D24: a handle's cancellation is a firing like any other.
#[tokio::test(start_paused = true)]
async fn a_handle_may_be_declined() {
    let mut fence = Fencing::new()
        .unless("handle", || true)
        .timeout(ms(10))
        .run(pending::<()>());
    let handle = fence.handle();
    let cancelling = async {
        sleep(ms(1)).await;
        handle.cancel()
    };
    let (outcome, was_first) = tokio::join!(fence, cancelling);
    assert!(was_first && outcome.cancelled_by("timeout") && !outcome.cancelled_by("handle"));
}

/// Reports as an event, anew each time it is asked.
#[derive(Clone)]
struct Foreign(tokio::sync::watch::Receiver<bool>);

impl fence::Trigger for Foreign {
    fn fired(&self) -> Option<fence::Firing> {
        let fired = *self.0.borrow();
        fired.then(|| fence::Firing::new(fence::ReasonKind::Event))
    }

    fn wait(&self) -> fence::FiringFuture {
        self.0.wait()
    }

    fn share(&self) -> Arc<dyn fence::Trigger> {
        Arc::new(self.clone())
    }
}

// D24: asked once, however often the trigger says so.
#[tokio::test(start_paused = true)]
async fn a_trigger_of_another_make_is_asked_about_once() {
    let ((send, receive), (asked, guard)) = (tokio::sync::watch::channel(false), counting(false));
    let fencing = Fencing::new()
        .on("quit", &Foreign(receive))
        .timeout(ms(50))
        .guard(move |reason| reason.code() == "timeout" || guard(reason));
    let fence = fencing.run(async {
        send.send(true).unwrap();
        for _ in 0..10 {
            fence::checkpoint().await;
            assert!(fence::check().is_ok());
            sleep(ms(1)).await;
        }
        pending::<()>().await;
    });
    let why = fence.await.cancelled().unwrap();
    assert_eq!(
        (codes(why.reasons()), codes(why.declined())),
        (vec!["timeout"], vec!["quit"])
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}
