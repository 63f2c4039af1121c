//! Undos that a fence that completes leaves to the one around (D25).

use std::future::pending;

use fence::{Event, Fenced, Fencing, on_cancel};
use support::{Log, ms, secs};
use tokio::time::sleep;

/// Reserves under a fence of its own, and leaves the undo to `levels` around.
async fn reserve(log: &Log, name: &str, levels: usize) -> bool {
    let inner = Fencing::new().timeout(secs(1)).run(async {
        let undo = on_cancel(log.cleanup(0, name));
        (0..levels).all(|_| undo.hand_up())
    });
    inner.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_runs_if_the_fence_around_is_cut_later() {
    let log = Log::default();
    let outer = Fencing::new().timeout(secs(5)).run(async {
        let _first = on_cancel(log.cleanup(0, "outer"));
        assert!(reserve(&log, "one", 1).await);
        assert!(reserve(&log, "two", 1).await);
        assert!(reserve(&log, "not handed up", 0).await);
        pending::<()>().await;
    });
    let why = outer.await.cancelled().unwrap();
    assert_eq!(why.cleanup().ran(), 3);
    assert_eq!(
        log.lines(),
        ["two", "one", "outer"],
        "last registered first"
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_dropped_if_the_fence_around_completes() {
    let log = Log::default();
    let outer = Fencing::new().timeout(secs(5)).run(async {
        assert!(reserve(&log, "one", 1).await);
    });
    assert!(outer.await.is_completed());
    assert!(log.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_call_goes_up_one_level() {
    for levels in 1..=2 {
        let log = Log::default();
        let outer = Fencing::new().timeout(secs(5)).run(async {
            let middle = Fencing::new().run(async {
                assert!(reserve(&log, "undone", levels).await);
            });
            middle.await.unwrap();
            pending::<()>().await;
        });
        assert!(outer.await.is_cancelled());
        assert_eq!(log.lines().len(), levels - 1);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_fence_around_there_is_nobody_to_hand_it_to() {
    let log = Log::default();
    assert!(!reserve(&log, "alone", 1).await);
    let outer = Fencing::new().run(async { reserve(&log, "once", 2).await });
    assert!(!outer.await.unwrap(), "there is one level only");
    assert!(!on_cancel(async {}).hand_up(), "no fence at all");
    let taken = Fencing::new().run(Fencing::new().run(async {
        let undo = on_cancel(async {});
        undo.hand_up() && undo.disarm()
    }));
    assert!(
        taken.await.unwrap().unwrap(),
        "it can be taken back afterwards"
    );
    assert!(log.lines().is_empty());
}

/// A spawned task is a fence.
#[tokio::test(start_paused = true)]
async fn a_task_takes_what_its_fences_hand_up() {
    let log = Log::default();
    let inside = log.clone();
    let task = fence::spawn(async move {
        assert!(reserve(&inside, "task", 1).await);
        pending::<()>().await;
    });
    tokio::task::yield_now().await;
    task.cancel();
    assert!(task.await.is_cancelled());
    assert_eq!(log.lines(), ["task"]);
}

/// The cut of a fence that the undo would leave runs it there, as ever.
#[tokio::test(start_paused = true)]
async fn a_cut_runs_it_where_it_is() {
    let log = Log::default();
    let outer = Fencing::new().timeout(secs(5)).run(async {
        let inner = Fencing::new().timeout(ms(10)).run(async {
            assert!(on_cancel(log.cleanup(0, "inner")).hand_up());
            pending::<()>().await;
        });
        let why = inner.await.cancelled().unwrap();
        assert_eq!(why.cleanup().ran(), 1);
    });
    assert!(outer.await.is_completed());
    assert_eq!(log.lines(), ["inner"]);
}

/// Handed up while the fence around is held: it runs with that cut.
#[tokio::test(start_paused = true)]
async fn it_runs_with_the_cut_that_is_on_its_way() {
    let (stop, log) = (Event::new(), Log::default());
    let outer: Fenced<()> = Fencing::new()
        .on("stop", &stop)
        .run(async {
            let inner = Fencing::new().run(async {
                assert!(on_cancel(log.cleanup(0, "inner")).hand_up());
                stop.set();
            });
            inner.await.unwrap();
            sleep(secs(1)).await;
        })
        .await;
    assert!(outer.is_cancelled());
    assert_eq!(log.lines(), ["inner"]);
}
