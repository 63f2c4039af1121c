//! Wakers that clone to another address, as those of `async-ffi` do, which boxes the clone: two
//! tasks that poll at one depth of the stack have wakers of one address (D6, D26).

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_ffi::{FutureExt as _, LocalBorrowingFfiFuture};
use fence::__private::waiters;
use fence::{Event, Fencing};
use support::{Wakes, counting_waker, ms};
use tokio::time::advance;

/// Polls at the same depth of the stack, with a waker whose clones are boxed.
#[inline(never)]
fn poll_at_one_address<T>(future: &mut LocalBorrowingFfiFuture<'_, T>, waker: &Waker) -> Poll<T> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Polls it in one task, then in another, and has it fire: the second has to be woken.
async fn is_woken_where_it_went<T>(
    mut future: LocalBorrowingFfiFuture<'_, T>,
    fire: impl AsyncFn(),
) {
    let tasks: [(Waker, std::sync::Arc<Wakes>); 3] = std::array::from_fn(|_| counting_waker());
    for (waker, _) in [&tasks[0], &tasks[0], &tasks[1], &tasks[2], &tasks[1]] {
        assert!(poll_at_one_address(&mut future, waker).is_pending());
    }
    fire().await;
    let wakes = tasks.each_ref().map(|(_, wakes)| wakes.count());
    assert_eq!(wakes, [0, 1, 0], "only the last one is");
    assert!(poll_at_one_address(&mut future, &tasks[1].0).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_fence_that_moves_is_woken_by_an_event() {
    let stop = Event::new();
    let fence = Fencing::new().on("stop", &stop).run(pending::<()>());
    let set = async || assert!(stop.set());
    is_woken_where_it_went(fence.into_local_ffi(), set).await;
    assert_eq!(waiters(&stop), 0);
}

#[tokio::test(start_paused = true)]
async fn by_its_time() {
    let fence = Fencing::new().timeout(ms(5)).run(pending::<()>());
    is_woken_where_it_went(fence.into_local_ffi(), async || advance(ms(6)).await).await;
}

#[tokio::test(start_paused = true)]
async fn by_its_time_beside_an_event() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop).timeout(ms(5));
    let later = async || advance(ms(6)).await;
    is_woken_where_it_went(fencing.run(pending::<()>()).into_local_ffi(), later).await;
    assert_eq!(waiters(&stop), 0, "none is left of any task");
}

#[tokio::test(start_paused = true)]
async fn by_its_handle() {
    let mut fence = Fencing::new().run(pending::<()>());
    let handle = fence.handle();
    let cancel = async || assert!(handle.cancel());
    is_woken_where_it_went(fence.into_local_ffi(), cancel).await;
}

#[tokio::test(start_paused = true)]
async fn by_a_trigger_of_another_make() {
    let token = tokio_util::sync::CancellationToken::new();
    let fence = Fencing::new().on("token", &token).run(pending::<()>());
    let cancel = async || token.cancel();
    is_woken_where_it_went(fence.into_local_ffi(), cancel).await;
}

#[tokio::test(start_paused = true)]
async fn by_the_time_or_the_event_of_a_fence_inside() {
    for by_time in [true, false] {
        let stop = Event::new();
        let inner = Fencing::new().on("stop", &stop).timeout(ms(5));
        let outer = Fencing::new().timeout(ms(60_000));
        let fence = outer.run(async { inner.run(pending::<()>()).await.is_cancelled() });
        let fire = async || {
            if by_time {
                advance(ms(6)).await;
            } else {
                stop.set();
            }
        };
        is_woken_where_it_went(fence.into_local_ffi(), fire).await;
        assert_eq!(waiters(&stop), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_an_event_that_moves() {
    let stop = Event::new();
    let wait = stop.wait().into_local_ffi();
    is_woken_where_it_went(wait, async || assert!(stop.set())).await;
}

// A shield keeps the fence that has fired; it moves, and is woken when the shield lets go.
#[tokio::test(start_paused = true)]
async fn a_fence_that_waits_for_a_shield() {
    let (stop, done) = (Event::new(), Event::new());
    let fence = Fencing::new().on("stop", &stop).run(async {
        fence::shield(done.wait()).await;
        pending::<()>().await;
    });
    stop.set();
    let mut fence = fence.into_local_ffi();
    assert!(
        poll_at_one_address(&mut fence, Waker::noop()).is_ready(),
        "never started"
    );

    let stop = Event::new();
    let fence = Fencing::new().on("stop", &stop).run(async {
        fence::shield(done.wait()).await;
        pending::<()>().await;
    });
    let mut fence = fence.into_local_ffi();
    let [(first, _), (second, woken)] = std::array::from_fn(|_| counting_waker());
    assert!(poll_at_one_address(&mut fence, &first).is_pending());
    stop.set();
    for waker in [&first, &second] {
        assert!(poll_at_one_address(&mut fence, waker).is_pending());
    }
    assert_eq!(woken.count(), 0);
    done.set();
    assert_eq!(woken.count(), 1);
    assert!(poll_at_one_address(&mut fence, &second).is_ready());
}
