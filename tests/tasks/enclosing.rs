//! A spawned task as a fence for what it spawns itself (D27).

use std::sync::{Arc, Mutex};

use fence::{
    Ended, Event, Fencing, Task, cancelled, check, checkpoint, group, remaining, shield, spawn,
    spawn_blocking, spawn_local,
};
use support::{ms, never, secs};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, yield_now};
use tokio::time::{Instant, sleep, timeout};

/// A task that spawns one that waits for ever, and hands it out.
fn parent_of_one() -> (Task<()>, oneshot::Receiver<Task<()>>) {
    let (send, child) = oneshot::channel();
    let parent = spawn(async {
        send.send(spawn(never())).unwrap();
        never().await;
    });
    (parent, child)
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_takes_along_what_it_spawned() {
    let (parent, child) = parent_of_one();
    let child = child.await.unwrap();
    parent.handle().cancel_as("enough");
    assert!(parent.await.cancelled_by("enough"));
    assert!(child.await.cancelled_by("enough"));
}

#[tokio::test(start_paused = true)]
async fn an_aborted_task_takes_along_what_it_spawned() {
    let (parent, child) = parent_of_one();
    let child = child.await.unwrap();
    parent.abort();
    let why = child.await.cancelled().unwrap();
    assert_eq!(why.to_string(), "cancelled: dropped: dropped from outside");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_takes_along_what_it_spawned() {
    let (send, child) = oneshot::channel();
    let parent = spawn(async {
        send.send(spawn(never())).unwrap();
        yield_now().await;
        panic!("the parent")
    });
    assert!(matches!(parent.await, Ended::<()>::Panicked(_)));
    assert!(child.await.unwrap().await.cancelled_by("dropped"));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_completes_lets_go_and_what_encloses_it_does_not() {
    let stop = Event::new();
    let mut grandchild = None;
    let outer = Fencing::new().on("stop", &stop).run(async {
        let child = spawn(async {
            let grandchild = spawn(never());
            yield_now().await;
            Some(grandchild)
        });
        grandchild = child.await.unwrap();
        sleep(ms(10)).await;
        assert!(!grandchild.as_ref().unwrap().is_finished());
        stop.set();
        never().await;
    });
    assert!(outer.await.cancelled_by("stop"));
    assert!(grandchild.unwrap().await.cancelled_by("stop"));
}

#[tokio::test(start_paused = true)]
async fn every_generation_goes_along_whatever_kind_it_is() {
    let local = LocalSet::new();
    let run = local.run_until(async {
        let ended = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let ended = ended.clone();
            async move {
                fence::on_cancel(async move { ended.lock().unwrap().push(name) });
                never().await;
            }
        };
        let (deep, child) = (note("deep"), note("child"));
        let top = spawn_local(async move {
            let _child = spawn_local(async move {
                let _grandchild = spawn(deep);
                child.await;
            });
            never().await;
        });
        for _ in 0..5 {
            yield_now().await;
        }
        assert!(fence::cancel_and_wait(top).await.cancelled_by("handle"));
        sleep(ms(1)).await;
        ended.lock().unwrap().sort_unstable();
        assert_eq!(*ended.lock().unwrap(), ["child", "deep"]);
    });
    timeout(secs(60), run).await.unwrap();
}

// Nothing can cut a thread: what it spawned, and what it waits for, goes by its handle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_thread_takes_along_what_it_spawned() {
    let (send, started) = oneshot::channel();
    let thread = spawn_blocking(|| {
        let child = spawn(never());
        send.send(()).unwrap();
        let inside = Handle::current().block_on(Fencing::new().run(never()));
        (inside, child, check())
    });
    started.await.unwrap();
    thread.handle().cancel_as("enough");
    let (inside, child, checked) = thread.await.unwrap();
    assert!(inside.cancelled_by("enough") && checked.unwrap_err().by("enough"));
    assert!(child.await.cancelled_by("enough"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_that_panics_takes_along_what_it_spawned() {
    let (send, child) = oneshot::channel();
    let thread = spawn_blocking(|| {
        send.send(spawn(never())).unwrap();
        panic!("the thread")
    });
    assert!(matches!(thread.await, Ended::<()>::Panicked(_)));
    assert!(child.await.unwrap().await.cancelled_by("dropped"));
}

// The deadlines are those of the fences: a task adds none and hides none.
#[tokio::test(start_paused = true)]
async fn a_task_is_transparent_for_deadlines() {
    let outer = Fencing::new().timeout(secs(3)).run(async {
        let inner = spawn(async { spawn(async { remaining() }).await.unwrap() });
        inner.await.unwrap()
    });
    assert_eq!(outer.await.unwrap(), Some(secs(3)));
}

// A shield keeps the task from being cut, not what it spawned outside of the shield.
#[tokio::test(start_paused = true)]
async fn a_shield_in_the_task_is_not_that_of_what_it_spawned() {
    let start = Instant::now();
    let (send, child) = oneshot::channel();
    let parent = spawn(async {
        let outside = spawn(never());
        let inside = shield(async {
            let inside = spawn(sleep(secs(5)));
            sleep(secs(1)).await;
            Some(inside)
        });
        send.send(outside).unwrap();
        inside.await.unwrap().await
    });
    let child = child.await.unwrap();
    parent.cancel();
    assert!(child.await.cancelled_by("handle"));
    assert_eq!(start.elapsed(), ms(0));
    drop(parent.await);
    assert_eq!(start.elapsed(), secs(1));
}

/// Says what a child does after it has cancelled what encloses it.
async fn goes_on(cancel: impl FnOnce(), step: u32) {
    cancel();
    let why = check().unwrap_err();
    match step {
        0 => yield_now().await,
        1 => checkpoint().await,
        2 => drop(Fencing::new().run(async {}).await),
        _ => drop(group().run(async |_| {}).await),
    }
    drop(why);
}

// What cuts a child is its own group or fence, which need not have been polled since.
#[tokio::test(start_paused = true)]
async fn a_child_that_cancels_what_encloses_it_is_cut_at_the_next_point() {
    for step in 0..4 {
        let in_group = group().run(async |group| {
            let inside = group.clone();
            let child = group.spawn(async move {
                goes_on(|| _ = inside.cancel(), step).await;
                unreachable!("step {step}");
            });
            never().await;
            drop(child);
        });
        assert!(in_group.await.cancelled_by("handle"), "step {step}");

        let stop = Event::new();
        let fired = stop.clone();
        let mut child = None;
        let fence = Fencing::new().on("stop", &stop).run(async {
            child = Some(spawn(goes_on(move || _ = fired.set(), step)));
            never().await;
        });
        assert!(fence.await.cancelled_by("stop"), "step {step}");
        assert!(child.unwrap().await.cancelled_by("stop"), "step {step}");

        let (send, itself) = oneshot::channel::<fence::Handle>();
        let task = spawn(async move {
            let itself = itself.await.unwrap();
            let _child = spawn(goes_on(move || _ = itself.cancel(), step));
            never().await;
        });
        send.send(task.handle().clone()).unwrap();
        assert!(task.await.cancelled_by("handle"), "step {step}");
    }
}

// The same by the clock: nobody else may run meanwhile.
#[tokio::test]
async fn a_child_that_never_yields_sees_the_limit_of_its_fence() {
    let mut child = None;
    let outer = Fencing::new().timeout(ms(5)).run(async {
        child = Some(spawn(async {
            loop {
                checkpoint().await;
            }
        }));
        never().await;
    });
    assert!(outer.await.is_cancelled());
    let ended: Ended<()> = child.unwrap().await;
    assert!(ended.cancelled_by("timeout"));
}

// A grace is one for the child, too, and a guard has to be asked first.
#[tokio::test(start_paused = true)]
async fn a_child_goes_on_while_its_fence_lets_it() {
    for fencing in [
        Fencing::new().grace(secs(1)),
        Fencing::new().cooperative(),
        Fencing::new().unless("stop", || true),
    ] {
        let stop = Event::new();
        let outer = fencing.on("stop", &stop).run(async {
            let child = spawn(async move {
                stop.set();
                yield_now().await;
                checkpoint().await;
                Fencing::new().run(async { 7 }).await.unwrap()
            });
            child.await.unwrap()
        });
        assert_eq!(outer.await.unwrap(), 7);
    }
}

// What was seen is a cut, even if the fence completes before anybody else has looked.
#[tokio::test(start_paused = true)]
async fn a_child_that_was_stopped_is_not_left_alone_by_a_fence_that_completes() {
    let stop = Event::new();
    let (send, child) = oneshot::channel();
    let fence = Fencing::new().on("stop", &stop).run(async {
        let fired = stop.clone();
        let (stopped, wait) = oneshot::channel();
        let child = spawn(async move {
            fired.set();
            stopped.send(()).unwrap();
            checkpoint().await;
        });
        send.send(child).unwrap();
        wait.await.unwrap();
    });
    let outcome = fence.await;
    let child = timeout(secs(60), child.await.unwrap()).await.unwrap();
    assert_eq!(child.cancelled_by("stop"), !child.is_finished());
    assert!(outcome.is_completed());
}

// Children of a group belong to it, whoever spawns them.
#[tokio::test(start_paused = true)]
async fn a_child_does_not_enclose_its_siblings() {
    let outcome = group().run(async |group| {
        let inside = group.clone();
        let (send, sibling) = oneshot::channel();
        let child = group.spawn(async move {
            let sibling = inside.spawn(async {
                sleep(ms(50)).await;
                Ok(7)
            });
            drop(send.send(sibling));
            never().await;
        });
        let sibling = sibling.await.unwrap();
        assert!(fence::cancel_and_wait(child).await.is_cancelled());
        sibling.await.unwrap()
    });
    assert_eq!(outcome.await.unwrap(), 7);
}

// `cancelled()` hears of everything that encloses the task.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wait_for_a_cancellation_hears_of_the_task_around() {
    let (send, started) = oneshot::channel();
    let thread = spawn_blocking(|| {
        let waiting = async {
            send.send(()).unwrap();
            cancelled().await
        };
        Handle::current().block_on(waiting)
    });
    started.await.unwrap();
    thread.handle().cancel_as("enough");
    assert!(thread.await.unwrap().by("enough"));
}
