//! Threads that outlive their fences are waited for, and named.

use std::sync::mpsc::{Receiver, Sender, channel};

use fence::{Event, Fencing, LeftKind, LeftState, ShutdownPlan, drain, group, spawn_blocking};
use support::{ms, never, secs};
use tokio::runtime::Builder;

use crate::alone;

/// What a thread waits for, whatever it is told.
fn gate() -> (Sender<()>, Receiver<()>) {
    channel()
}

#[tokio::test]
async fn a_thread_that_outlives_its_fence_is_named_until_it_ends() {
    let _alone = alone().await;
    let (open, gate) = gate();
    let (started, starts) = tokio::sync::oneshot::channel();
    let stop = Event::new();
    let line = line!() + 2;
    let fence = Fencing::new().on("stop", &stop).run(async {
        drop(spawn_blocking(move || {
            started.send(()).unwrap();
            gate.recv()
        }));
        starts.await.unwrap();
        stop.set();
        never().await;
    });
    assert!(fence.await.is_cancelled());
    let drained = drain(ms(1)).await;
    let [thread] = drained.left() else {
        panic!("{drained:#}");
    };
    let name = "handed_over::threads::a_thread_that_outlives_its_fence_is_named_until_it_ends";
    assert_eq!((thread.kind(), thread.name()), (LeftKind::Thread, name));
    assert_eq!(thread.state(), LeftState::Stopping, "its fence has told it");
    let place = thread.place().unwrap();
    assert_eq!((place.file(), place.line()), (file!(), line));
    drop(open);
    assert!(drain(None).await.is_drained());
}

#[tokio::test]
async fn a_thread_in_no_fence_runs_until_it_is_told() {
    let _alone = alone().await;
    let (open, gate) = gate();
    let (started, starts) = tokio::sync::oneshot::channel();
    let thread = spawn_blocking(move || {
        started.send(()).unwrap();
        gate.recv()
    });
    starts.await.unwrap();
    assert_eq!(drain(ms(1)).await.left()[0].state(), LeftState::Running);
    thread.cancel();
    assert_eq!(drain(ms(1)).await.left()[0].state(), LeftState::Stopping);
    drop(open);
    assert!(thread.await.unwrap().is_err(), "nothing cut it");
    assert_eq!(drain(None).await, 0);
}

/// It is waited for by its group, until that is dropped; the line is the user's all the same.
#[tokio::test]
async fn a_thread_of_a_group_that_is_gone_is_named_after_the_users_code() {
    let _alone = alone().await;
    let (open, gate) = gate();
    let (started, starts) = tokio::sync::oneshot::channel();
    let host = group().run(async |group| {
        group.spawn_blocking(move || {
            started.send(()).unwrap();
            let _ = gate.recv();
        });
        never().await;
    });
    tokio::select! {
        _ = host => unreachable!("its host never ends"),
        started = starts => started.unwrap(),
    }
    let drained = drain(ms(1)).await;
    let thread = &drained.left()[0];
    assert!(
        thread
            .name()
            .starts_with("handed_over::threads::a_thread_of_a_group"),
        "{thread}"
    );
    assert_eq!(thread.place().unwrap().file(), file!());
    drop(open);
    assert_eq!(drain(None).await, 0);
}

#[tokio::test]
async fn a_thread_that_panics_or_never_runs_is_not_left() {
    let _alone = alone().await;
    let panics = spawn_blocking(|| panic!("as it should"));
    assert!(matches!(panics.await, fence::Ended::Panicked(_)));
    let never_run = Fencing::new().timeout(ms(0)).run(async {
        drop(spawn_blocking(|| unreachable!("it is cut before")));
    });
    assert!(never_run.await.is_cancelled());
    assert_eq!(drain(None).await, 0);
}

#[test]
fn a_shutdown_waits_for_threads_by_its_plan() {
    let runtime = |is_paused| {
        let mut builder = Builder::new_current_thread();
        builder
            .enable_all()
            .start_paused(is_paused)
            .build()
            .unwrap()
    };
    // The paused clock does not stand still for a thread of another runtime.
    let (program, threads) = (runtime(true), runtime(false));
    let (open, gate) = gate();
    program.block_on(async {
        let _alone = alone().await;
        let thread = {
            let _inside = threads.enter();
            spawn_blocking(move || gate.recv())
        };
        let shutdown = ShutdownPlan::new().isolated().unwrap();
        let report = shutdown.run(async {}).await;
        assert_eq!(report.left().len(), 1);
        assert!(report.left()[0].age() > secs(22), "{report:#}");
        drop(open);
        assert!(thread.await.unwrap().is_err());
        assert!(shutdown.drain(None).await.is_drained());
    });
}
