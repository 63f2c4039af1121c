//! What a fence that is dropped from outside leaves to the runtime (D25), and threads that outlive
//! theirs. Alone, since `drain` waits for what all fences of the process have left.

mod panics;
mod threads;

use std::future::pending;
use std::sync::Arc;

use fence::{Event, Fencing, LeftKind, LeftState, ReasonKind, drain, on_cancel, on_cancel_with};
use support::{Log, ms};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::sleep;

/// `drain` waits for all cleanups of the process, but each test has a clock of its own, which does
/// not wait for those of another: one at a time.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// Runs `end` on a task whose fence has a cleanup, and returns the log once all is drained.
async fn torn_down(end: impl AsyncFn(tokio::task::JoinHandle<()>)) -> Vec<String> {
    let _alone = alone().await;
    let log = Log::default();
    let this = log.clone();
    let task = tokio::spawn(async move {
        let fence = Fencing::new().run(async {
            let told = this.clone();
            on_cancel_with(move |why| async move {
                assert_eq!(why.primary().kind(), ReasonKind::Dropped);
                told.push(why.to_string());
            });
            on_cancel(this.cleanup(10, "later"));
            pending::<()>().await;
        });
        let _ = fence.await;
    });
    tokio::task::yield_now().await;
    end(task).await;
    assert_eq!(drain(ms(1000)).await, 0);
    log.lines()
}

// D25: the runtime runs what an aborted fence leaves.
#[tokio::test(start_paused = true)]
async fn dropped_from_outside_the_runtime_takes_over() {
    let log = torn_down(async |task| {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(
        log.await,
        ["later", "cancelled: dropped: dropped from outside"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_panics_is_undone_by_the_runtime() {
    let _alone = alone().await;
    let log = Log::default();
    let this = log.clone();
    let task = tokio::spawn(Fencing::new().run(async move {
        on_cancel(this.cleanup(1, "undone"));
        panic!("as it should");
    }));
    let outcome: Result<fence::Fenced<()>, _> = task.await;
    assert!(outcome.unwrap_err().is_panic());
    assert_eq!(drain(ms(1000)).await, 0);
    assert_eq!(log.lines(), ["undone"]);
}

// D25: what was half done goes on where it was.
#[tokio::test(start_paused = true)]
async fn a_cleanup_that_was_running_goes_on_in_the_runtime() {
    let _alone = alone().await;
    let log = Log::default();
    let this = log.clone();
    let upload = Fencing::new().timeout(ms(10)).named("upload");
    let task = tokio::spawn(upload.run(async move {
        on_cancel(this.cleanup(1, "then"));
        on_cancel(async move {
            this.push("begun");
            this.cleanup(50, "ended").await;
        });
        pending::<()>().await;
    }));
    sleep(ms(20)).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(log.lines(), ["begun"]);
    let drained = drain(ms(5)).await;
    assert_eq!(drained, 1, "it takes longer");
    let left = &drained.left()[0];
    assert_eq!((left.name(), left.age()), ("upload", ms(5)));
    assert_eq!(
        (left.kind(), left.state()),
        (LeftKind::Cleanup, LeftState::Stopping)
    );
    assert_eq!(
        left.place().unwrap().file(),
        file!(),
        "of the one that has not run"
    );
    assert_eq!(drain(ms(1000)).await, 0);
    assert_eq!(log.lines(), ["begun", "ended", "then"]);
}

// With the runtime gone they are dropped, and nothing panics.
#[test]
fn without_a_runtime_they_are_dropped() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let log = Log::default();
    let (this, stop) = (log.clone(), Event::new());
    runtime.spawn(Fencing::new().on("stop", &stop).run(async move {
        on_cancel(this.cleanup(0, "undone"));
        pending::<()>().await;
    }));
    runtime.block_on(tokio::task::yield_now());
    drop(runtime);
    assert!(stop.set());
    assert!(log.lines().is_empty());
    assert_eq!(Arc::strong_count(&log.0), 1, "nothing holds on to it");
}

#[test]
fn where_there_is_nothing_to_wait_for_no_runtime_is_needed() {
    let drained = futures::executor::block_on(async {
        let _alone = alone().await;
        drain(ms(5)).await
    });
    assert!(drained.is_drained());
}

// Its runtime has no time: the cleanup runs all the same.
#[test]
fn a_runtime_without_time_runs_what_it_is_handed() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let log = Log::default();
    let entries = log.clone();
    runtime.block_on(async {
        let _alone = alone().await;
        let task = tokio::spawn(Fencing::new().run(async move {
            on_cancel(async move { entries.push("undone") });
            pending::<()>().await;
        }));
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(drain(None).await.is_drained());
    });
    assert_eq!(log.lines(), ["undone"]);
}
