//! Cancelling through a handle (D11, D12).

use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fence::testing::codes;
use fence::{Event, Fencing, Handle, ReasonKind, State};
use tokio::time::{advance, sleep};
use tokio_test::{assert_pending, assert_ready, task};

#[tokio::test(start_paused = true)]
async fn the_first_cancel_counts() {
    let mut fence = Fencing::new().run(pending::<()>());
    let handle = fence.handle();
    assert!(handle.cancel_as("first"));
    assert!(!handle.cancel_as("second"));
    let outcome = fence.await;
    assert_eq!(outcome.reasons().len(), 1);
    assert_eq!(outcome.reasons()[0].code(), "first");
    assert_eq!(outcome.reasons()[0].kind(), ReasonKind::Handle);
    assert!(
        outcome.reasons()[0]
            .location()
            .unwrap()
            .file()
            .ends_with("handles.rs")
    );
}

#[tokio::test(start_paused = true)]
async fn cancelling_after_the_end_has_no_effect() {
    let mut fence = Fencing::new().run(async { 7 });
    let handle = fence.handle();
    assert_eq!(handle.state(), State::Waiting);
    assert_eq!(fence.await.unwrap(), 7);
    assert!(!handle.cancel());
    assert!(!handle.is_cancelled());
    assert_eq!(
        (handle.state(), handle.reasons().len()),
        (State::Completed, 0)
    );
    assert!(
        Fencing::new()
            .run(sleep(Duration::from_millis(1)))
            .await
            .is_completed()
    );
}

// Handles outlive fences, and the body does not.
#[tokio::test(start_paused = true)]
async fn a_handle_keeps_nothing_of_the_body() {
    let held = Arc::new(());
    let body = {
        let held = held.clone();
        async move {
            pending::<()>().await;
            drop(held);
        }
    };
    let mut fence = Fencing::new().run(body);
    let handle = fence.handle();
    handle.cancel();
    assert!(fence.await.is_cancelled());
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(handle.is_cancelled());
}

// The body holds a handle on its own fence.
#[tokio::test(start_paused = true)]
async fn a_handle_in_its_own_body_is_no_cycle() {
    let held = Arc::new(());
    let slot = Arc::new(std::sync::Mutex::new(None));
    let (inside, captured) = (slot.clone(), held.clone());
    let mut fence = Fencing::new().run(async move {
        let handle: Option<fence::Handle> = inside.lock().unwrap().take();
        handle.unwrap().cancel();
        pending::<()>().await;
        drop(captured);
    });
    *slot.lock().unwrap() = Some(fence.handle());
    assert!(fence.await.cancelled_by("handle"));
    assert_eq!((Arc::strong_count(&held), Arc::strong_count(&slot)), (1, 1));
}

// D11
#[tokio::test(start_paused = true)]
async fn only_an_armed_guard_cancels_when_it_is_dropped() {
    let limit = Duration::from_millis(10);
    let run = |act: fn(fence::Handle)| async move {
        let mut fence = Fencing::new().run(sleep(limit));
        let handle = fence.handle();
        let (outcome, ()) = tokio::join!(fence, async { act(handle) });
        outcome
    };
    let dropped = run(|handle| drop(handle.drop_guard())).await;
    assert_eq!(dropped.reasons()[0].kind(), ReasonKind::Dropped);
    assert_eq!(dropped.reasons()[0].to_string(), "handle: guard dropped");
    assert!(
        run(|handle| drop(handle.drop_guard().disarm()))
            .await
            .is_completed()
    );
    assert!(run(drop).await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn a_handle_tells_the_time_left() {
    let mut fence = Fencing::new()
        .timeout(Duration::from_secs(5))
        .run(pending::<()>());
    let handle = fence.handle();
    assert_eq!(handle.remaining(), None, "it has not started");
    let task = tokio::spawn(fence);
    tokio::task::yield_now().await;
    advance(Duration::from_secs(2)).await;
    assert_eq!(handle.remaining(), Some(Duration::from_secs(3)));
    assert_eq!(handle.state(), State::Running);
    handle.cancel();
    assert_eq!(handle.remaining(), Some(Duration::ZERO));
    assert!(task.await.unwrap().is_cancelled());
}

// D2: before the first poll as well.
#[tokio::test(start_paused = true)]
async fn a_fence_cancelled_before_it_starts_never_does() {
    let mut started = false;
    let mut fence = Fencing::new().run(async { started = true });
    fence.handle().cancel_because("quota", "used up");
    let why = fence.await.cancelled().unwrap();
    assert_eq!(why.to_string(), "cancelled: quota: used up");
    assert!(!started);
}

// D24: known at once, on any thread, and not only when the fence looks.
#[tokio::test(start_paused = true)]
async fn what_cancel_has_done_is_seen_at_once() {
    let mut fence = Fencing::new().run(async {
        let mut inner = Fencing::new().run(pending::<()>());
        let handle = inner.handle();
        assert!(handle.cancel_because("quota", "used up"));
        assert!(handle.is_cancelled());
        assert_eq!(codes(handle.reasons()), ["quota"]);
        assert_eq!(handle.state(), State::Waiting);
        assert!(!handle.cancel_as("other"), "it is cancelled");
        (inner.await, handle)
    });
    let outer = fence.handle();
    let (outcome, handle) = fence.await.unwrap();
    assert_eq!(codes(outcome.reasons()), ["quota"]);
    assert_eq!(codes(handle.reasons()), ["quota"]);
    assert!(!outer.is_cancelled() && outer.reasons().is_empty());
}

// D3, D24: too late is not cancelled.
#[tokio::test(start_paused = true)]
async fn a_fence_that_completes_all_the_same_was_not_cancelled() {
    let slot = Arc::new(OnceLock::<Handle>::new());
    let inside = slot.clone();
    let limit = Fencing::new().timeout(Duration::from_secs(5));
    let mut fence = limit.run(async move {
        let handle = inside.get().unwrap();
        assert!(handle.cancel() && handle.is_cancelled());
        assert_eq!(codes(handle.reasons()), ["handle"]);
        assert_eq!(handle.remaining(), Some(Duration::ZERO));
        7
    });
    let handle = fence.handle();
    slot.set(handle.clone()).unwrap();
    assert_eq!(fence.await.unwrap(), 7);
    assert_eq!(handle.state(), State::Completed);
    assert!(!handle.is_cancelled() && handle.reasons().is_empty());
    assert_eq!(handle.remaining(), None);
}

// D24: a decline takes the code back, and leaves the handle; it wakes the fence each time.
#[tokio::test(start_paused = true)]
async fn a_declined_code_uses_up_the_code_and_not_the_handle() {
    let fencing = Fencing::new()
        .timeout(Duration::from_secs(5))
        .guard(|reason| reason.code() == "really");
    let mut fence = fencing.run(pending::<()>());
    let handle = fence.handle();
    let mut fence = task::spawn(fence);
    assert_pending!(fence.poll());
    for code in ["handle", "please", "now"] {
        let cancel = || match code {
            "handle" => handle.cancel(),
            code => handle.cancel_as(code),
        };
        assert!(cancel(), "the first under its code");
        assert!(!cancel());
        assert!(!handle.is_cancelled(), "no guard has been asked");
        assert!(fence.is_woken(), "{code}");
        assert_pending!(fence.poll());
        assert!(!handle.is_cancelled() && handle.reasons().is_empty());
        assert_eq!(codes(&handle.declined()).last(), Some(&code));
        assert_eq!(handle.remaining(), Some(Duration::from_secs(5)));
        assert!(!cancel(), "used up");
        assert_pending!(fence.poll());
        assert!(!fence.is_woken());
    }
    assert!(handle.cancel_as("really"));
    assert!(fence.is_woken());
    let why = assert_ready!(fence.poll()).cancelled().unwrap();
    assert_eq!(codes(why.reasons()), ["really"]);
    assert_eq!(codes(why.declined()), ["handle", "please", "now"]);
    assert!(handle.is_cancelled());
    assert_eq!(codes(handle.reasons()), ["really"]);
    assert_eq!(handle.remaining(), Some(Duration::ZERO));
}

// D24: accepted, it is cancelled while the body has time left; and both codes count.
#[tokio::test(start_paused = true)]
async fn what_a_guard_accepts_is_seen_before_the_fence_ends() {
    let fencing = Fencing::new()
        .guard(|reason| reason.code() != "no")
        .grace(Duration::from_secs(3));
    let mut fence = fencing.run(pending::<()>());
    let handle = fence.handle();
    let mut fence = task::spawn(fence);
    assert_pending!(fence.poll());
    for code in ["no", "a", "b"] {
        assert!(handle.cancel_as(code));
    }
    assert!(!handle.is_cancelled() && handle.reasons().is_empty());
    assert_pending!(fence.poll());
    assert!(handle.is_cancelled());
    assert_eq!(codes(handle.reasons()), ["a", "b"]);
    assert_eq!(handle.state(), State::Running);
    assert_eq!(handle.remaining(), Some(Duration::from_secs(3)));
    advance(Duration::from_secs(1)).await;
    assert_eq!(handle.remaining(), Some(Duration::from_secs(2)));
    assert!(!handle.cancel_as("c"), "it is cancelled");
    advance(Duration::from_secs(2)).await;
    assert_eq!(codes(assert_ready!(fence.poll()).reasons()), ["a", "b"]);
}

// D20, D24: a declined limit is none; a cooperative fence that has fired has no end.
#[tokio::test(start_paused = true)]
async fn the_time_left_is_that_of_the_fence_alone() {
    let [soft, hard] = [10, 30].map(Duration::from_millis);
    let limits = Fencing::new()
        .timeout_as("soft", soft)
        .timeout_as("hard", hard)
        .unless("soft", || true);
    let outer = Fencing::new().timeout(Duration::from_secs(1));
    let stop = Event::new();
    let mut inner = limits.run(pending::<()>());
    let mut told = Fencing::new()
        .on("stop", &stop)
        .cooperative()
        .run(pending::<()>());
    let (limited, cooperative) = (inner.handle(), told.handle());
    let mut fence = task::spawn(outer.run(async { futures::join!(inner, told) }));
    assert_pending!(fence.poll());
    assert_eq!(limited.remaining(), Some(soft));
    assert_eq!(
        cooperative.remaining(),
        None,
        "the fence around is not its own"
    );
    advance(Duration::from_millis(20)).await;
    assert_pending!(fence.poll());
    assert_eq!(limited.remaining(), Some(soft), "20 of 30 have passed");
    stop.set();
    assert_pending!(fence.poll());
    assert_eq!(cooperative.remaining(), None);
    assert!(cooperative.cancel());
    assert_eq!(cooperative.remaining(), None);
}

// D12: where the guard is made, as a destructor has no line.
#[tokio::test(start_paused = true)]
async fn a_guard_names_the_line_that_made_it() {
    let mut fence = Fencing::new().run(pending::<()>());
    let handle = fence.handle();
    let line = line!() + 1;
    let guard = handle.drop_guard();
    drop(guard);
    let location = fence.await.reasons()[0].location().unwrap();
    assert!(location.file().ends_with("handles.rs"));
    assert_eq!(location.line(), line);
}

// Set against completion on another thread: whatever `cancel` said agrees with what is left.
#[test]
fn cancel_and_completion_on_two_threads_agree() {
    for _ in 0..2000 {
        let mut fence = Fencing::new().run(async {});
        let handle = fence.handle();
        let other = handle.clone();
        let canceller = std::thread::spawn(move || other.cancel());
        let outcome = futures::executor::block_on(fence);
        let has_cancelled = canceller.join().unwrap();
        assert_eq!(handle.is_cancelled(), outcome.is_cancelled());
        assert!(has_cancelled || !outcome.is_cancelled());
        let expected = usize::from(outcome.is_cancelled());
        assert_eq!(
            (handle.reasons().len(), outcome.reasons().len()),
            (expected, expected)
        );
    }
}
