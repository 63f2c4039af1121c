//! Cancelling tasks and waiting until they have ended.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fence::{Ended, Fencing, Task, cancel_and_wait, cancel_and_wait_all, on_cancel, shield, spawn};
use support::{ms, never};
use tokio::time::{Instant, sleep, timeout};

async fn cleans_up(time: Duration) {
    on_cancel(async move { sleep(time).await });
    never().await;
}

// Already done, and never started.
#[tokio::test(start_paused = true)]
async fn one_that_is_done_and_one_that_has_not_started() {
    let done = spawn(async { 7 });
    tokio::task::yield_now().await;
    assert!(done.is_finished());
    assert_eq!(cancel_and_wait(done).await.unwrap(), 7);

    let polls = Arc::new(AtomicU32::new(0));
    let seen = polls.clone();
    let waiting = spawn(async move { seen.fetch_add(1, Ordering::Relaxed) });
    assert!(cancel_and_wait(waiting).await.cancelled_by("handle"));
    assert_eq!(polls.load(Ordering::Relaxed), 0);
}

// A long cleanup, and a shield with code after it.
#[tokio::test(start_paused = true)]
async fn it_returns_after_the_cleanup_and_after_the_shield() {
    let start = Instant::now();
    let cleaning = spawn(cleans_up(ms(100)));
    tokio::task::yield_now().await;
    let why = cancel_and_wait(cleaning).await.cancelled().unwrap();
    assert_eq!((start.elapsed(), why.cleanup().ran()), (ms(100), 1));
    assert!(
        why.primary()
            .location()
            .unwrap()
            .file()
            .ends_with("stopping.rs")
    );

    let after = Arc::new(AtomicU32::new(0));
    let seen = after.clone();
    let shielded = spawn(async move {
        shield(sleep(ms(100))).await;
        sleep(ms(1)).await;
        seen.fetch_add(1, Ordering::Relaxed);
    });
    tokio::task::yield_now().await;
    assert!(cancel_and_wait(shielded).await.is_cancelled());
    assert_eq!(start.elapsed(), ms(200));
    assert_eq!(after.load(Ordering::Relaxed), 0);
}

// What the target does about it is told apart.
#[tokio::test(start_paused = true)]
async fn a_target_may_finish_fail_or_panic_all_the_same() {
    /// Goes on until it has done what it does, whoever cancels it.
    async fn stubborn<T>(end: impl FnOnce() -> T) -> T {
        shield(sleep(ms(50))).await;
        end()
    }
    let finishing = spawn(stubborn(|| 7));
    let failing = spawn(stubborn(|| Err::<(), _>("late")));
    let panicking = spawn(stubborn(|| -> () { panic!("late") }));
    let aborted = spawn(never());
    tokio::task::yield_now().await;

    assert!(matches!(
        cancel_and_wait(finishing).await,
        Ended::Finished(7)
    ));
    let failed = cancel_and_wait(failing).await;
    assert!(matches!(failed, Ended::Finished(Err("late"))));
    let panicked = cancel_and_wait(panicking).await;
    assert!(matches!(panicked, Ended::Panicked(message) if message == "late"));
    aborted.abort();
    let why = cancel_and_wait(aborted).await.cancelled().unwrap();
    assert_eq!(why.primary().code(), "handle", "both; the handle says more");
}

// The child of a group whose error the group has.
#[tokio::test(start_paused = true)]
async fn a_child_that_failed_says_so() {
    let outcome = fence::group()
        .on_error(|error: &str| assert_eq!(error, "late"))
        .run(async |group| {
            let child = group.spawn(async {
                shield(sleep(ms(50))).await;
                Err::<(), _>("late")
            });
            tokio::task::yield_now().await;
            cancel_and_wait(child).await
        });
    assert!(matches!(outcome.await.unwrap(), Ended::Failed));
}

#[tokio::test(start_paused = true)]
async fn many_take_as_long_as_the_slowest() {
    let start = Instant::now();
    let value = |value: Result<u32, &'static str>| spawn(async move { value });
    let cleaning = || {
        spawn(async {
            cleans_up(ms(100)).await;
            Ok(0)
        })
    };
    let failing_later = spawn(async {
        sleep(ms(1000)).await;
        Err("later")
    });
    let long = spawn(std::future::pending());
    let tasks = [
        cleaning(),
        value(Err("before")),
        value(Ok(7)),
        failing_later,
        cleaning(),
        long,
    ];
    tokio::task::yield_now().await;
    let ended = cancel_and_wait_all(tasks).await;
    assert_eq!(start.elapsed(), ms(100));
    assert!(matches!(ended[1], Ended::Finished(Err("before"))));
    assert!(matches!(ended[2], Ended::Finished(Ok(7))));
    for index in [0, 3, 4, 5] {
        assert!(ended[index].cancelled_by("handle"), "{index}");
    }
    let cleaned: Vec<_> = ended.into_iter().filter_map(Ended::cancelled).collect();
    assert_eq!(
        cleaned.iter().map(|why| why.cleanup().ran()).sum::<usize>(),
        2
    );
}

/// A task that stops itself, in the open and in a shield.
#[tokio::test(start_paused = true)]
async fn it_does_not_wait_for_itself() {
    for is_shielded in [false, true] {
        let (send, own) = tokio::sync::oneshot::channel::<Task<()>>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let task = spawn(async move {
            let own = own.await.unwrap();
            let stopping = async { cancel_and_wait(own).await };
            let ended = if is_shielded {
                shield(stopping).await
            } else {
                stopping.await
            };
            tell.send(ended.cancelled_by("handle")).unwrap();
            never().await;
            unreachable!("it is cut at its next await");
        });
        let handle = task.handle().clone();
        assert!(send.send(task).is_ok());
        assert!(timeout(ms(1000), told).await.unwrap().unwrap());
        sleep(ms(1)).await;
        assert_eq!(handle.state(), fence::State::Cancelled);
    }
}

/// Who waits may be cut; the task is cancelled either way.
#[tokio::test(start_paused = true)]
async fn a_cut_wait_leaves_the_task_cancelled() {
    let task = spawn(cleans_up(ms(100)));
    let handle = task.handle().clone();
    tokio::task::yield_now().await;
    let waiting = Fencing::new().timeout(ms(10)).run(cancel_and_wait(task));
    assert!(waiting.await.cancelled_by("timeout"));
    assert_eq!(handle.state(), fence::State::Running, "it cleans up");
    sleep(ms(100)).await;
    assert_eq!(handle.state(), fence::State::Cancelled);
}

// In code whose errors are of `std::io`.
#[tokio::test(start_paused = true)]
async fn a_cancellation_is_an_error_of_std_io() {
    let endless = || spawn(std::future::pending::<io::Result<()>>());
    let stopped = endless();
    stopped.cancel();
    let mut late = None;
    let limit = Fencing::new().timeout(ms(1)).run(async {
        late = Some(endless());
        never().await;
    });
    assert!(limit.await.is_cancelled());
    for (task, kind) in [
        (stopped, io::ErrorKind::Interrupted),
        (late.unwrap(), io::ErrorKind::TimedOut),
    ] {
        let error = task.await.flatten().unwrap_err();
        assert_eq!(error.kind(), kind);
        assert!(error.get_ref().unwrap().is::<fence::Cancelled>());
    }
}
