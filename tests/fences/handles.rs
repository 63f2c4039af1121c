//! Cancelling through a handle (D11, D12).

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use fence::{Fencing, ReasonKind, State};
use tokio::time::{advance, sleep};

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
