//! Tasks and threads that belong to the fences around (D27, D28).

use std::future::pending;
use std::sync::mpsc;
use std::time::Duration;

use fence::{
    Cancelled, Ended, Event, Fencing, FutureExt, Task, check, shield, spawn, spawn_blocking,
};
use support::ms;
use tokio::task::{LocalSet, yield_now};
use tokio::time::{Instant, sleep};

async fn set_at(time: u64, event: &Event) {
    sleep(ms(time)).await;
    event.set();
}

/// A fence under what is bound, 50 ms long.
async fn bound() -> bool {
    Fencing::current().run(sleep(ms(50))).await.is_cancelled()
}

#[tokio::test(start_paused = true)]
async fn what_is_bound_goes_along_and_tokio_takes_nothing() {
    let stop = Event::new();
    let tasks = Fencing::new().on("stop", &stop).bind(async {
        let grandchild = spawn(async { spawn(bound()).await.unwrap() });
        let orphan = tokio::spawn(async { spawn(bound()).await.unwrap() });
        let in_context = tokio::spawn(bound().in_context());
        (
            spawn(bound()),
            grandchild,
            in_context,
            tokio::spawn(bound()),
            orphan,
        )
    });
    let (child, grandchild, in_context, plain, orphan) = tasks.await;
    set_at(10, &stop).await;
    assert!(child.await.unwrap() && grandchild.await.unwrap());
    assert!(in_context.await.unwrap());
    assert!(!plain.await.unwrap() && !orphan.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn another_set_and_another_kind_of_future() {
    let [ambient, explicit] = [(); 2].map(|()| Event::new());
    let own = Fencing::new().on("explicit", &explicit);
    let local = LocalSet::new();
    let run = Fencing::new().on("ambient", &ambient).bind(async {
        let own = spawn(own.bind(bound()));
        let rc = std::rc::Rc::new(());
        let local = fence::spawn_local(async move {
            let cancelled = bound().await;
            drop(rc);
            cancelled
        });
        set_at(10, &ambient).await;
        (own.await.unwrap(), local.await.unwrap())
    });
    assert_eq!(local.run_until(run).await, (false, true));
}

// D27: the fences around enclose it too.
#[tokio::test(start_paused = true)]
async fn it_is_cut_together_with_its_parent() {
    for is_spawned in [true, false] {
        let (start, mut child) = (Instant::now(), None);
        let parent = Fencing::new().timeout(ms(10)).run(async {
            let body = async {
                sleep(ms(50)).await;
                "ok"
            };
            child = Some(if is_spawned {
                tokio::spawn(spawn(body))
            } else {
                tokio::spawn(async { Ended::Finished(body.in_context().await) })
            });
            pending::<()>().await;
        });
        assert!(parent.await.is_cancelled());
        let outcome = child.unwrap().await.unwrap();
        assert_eq!(outcome.cancelled_by("timeout"), is_spawned);
        assert_eq!(start.elapsed(), if is_spawned { ms(10) } else { ms(50) });
    }
}

// D27: completed, dropped midway, behind a shield.
#[tokio::test(start_paused = true)]
async fn how_the_parent_ends() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop).timeout(ms(20));
    let completed = fencing.run(async { Some(spawn(sleep(ms(30)))) }).await;
    let (mut dropped, mut shielded) = (None, None);
    let start = Instant::now();
    let body = async {
        dropped = Some(spawn(pending::<()>()));
        shielded = shield(async { Some(spawn(sleep(ms(30)))) }).await;
        pending::<()>().await;
    };
    assert!(
        tokio::time::timeout(ms(10), fencing.run(body))
            .await
            .is_err()
    );
    let why = dropped.unwrap().await.cancelled().unwrap();
    assert_eq!(why.to_string(), "cancelled: dropped: dropped from outside");
    assert_eq!(start.elapsed(), ms(10));
    assert!(
        completed.unwrap().unwrap().await.is_finished(),
        "a fence that completes lets go"
    );
    assert!(shielded.unwrap().await.is_finished());
    assert_eq!(fence::__private::waiters(&stop), 0);
}

// D27, D13: the outermost fence that was cut is the reason, however deep the task is.
#[tokio::test(start_paused = true)]
async fn grandchildren_are_enclosed_too() {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let outer = Fencing::new().timeout_as("outer", ms(10)).run(async {
        let inner = Fencing::new().timeout_as("inner", ms(100)).run(async {
            spawn(async move {
                send.send(spawn(pending::<()>())).unwrap();
                pending::<()>().await;
            })
            .await
        });
        inner.await
    });
    let (outer, grandchild) = tokio::join!(outer, receive.recv());
    let outcome = grandchild.unwrap().await;
    assert!(outer.cancelled_by("outer") && outcome.cancelled_by("outer"));
    assert!(
        !outcome.cancelled_by("dropped"),
        "the inner fence was dropped because of the outer"
    );
}

// D27: a chain of tasks, each of which spawns the next and ends, stays enclosed by the
// fence around the first, and is cut by nothing that ends in it.
#[tokio::test(start_paused = true)]
async fn a_task_may_be_followed_by_thousands() {
    type Tasks = tokio::sync::mpsc::UnboundedSender<Task<bool>>;
    fn follow(left: u32, send: &Tasks) {
        let next = send.clone();
        let task = spawn(async move {
            if left == 0 {
                assert!(check().is_ok());
                return fence::cancelled().await.by("stop");
            }
            follow(left - 1, &next);
            true
        });
        send.send(task).unwrap();
    }
    let (stop, (send, mut receive)) = (Event::new(), tokio::sync::mpsc::unbounded_channel());
    let parent = Fencing::new().on("stop", &stop).run(async {
        follow(10_000, &send);
        for _ in 0..10_000 {
            assert!(receive.recv().await.unwrap().await.unwrap());
        }
        let last = receive.recv().await.unwrap();
        stop.set();
        last.await.unwrap()
    });
    assert!(parent.await.cancelled_by("stop"));
}

// D27, D2: a task that comes too late never starts.
#[tokio::test(start_paused = true)]
async fn a_task_that_comes_too_late_is_never_polled() {
    let (stop, mut late) = (Event::new(), None);
    let parent = Fencing::new().on("stop", &stop).run(async {
        stop.set();
        late = Some(spawn(async { panic!("never polled") }));
        pending::<()>().await;
    });
    assert!(parent.await.is_cancelled());
    let late: Task<()> = late.unwrap();
    assert!(late.await.cancelled_by("stop"));
}

struct SpawnsOnDrop<'a>(&'a mut Option<Task<()>>);

impl Drop for SpawnsOnDrop<'_> {
    fn drop(&mut self) {
        *self.0 = Some(spawn(sleep(ms(50))));
    }
}

// D14: what a destructor spawns belongs to the fences around the one that ends.
#[tokio::test(start_paused = true)]
async fn a_destructor_spawns_for_the_fences_around() {
    for outer_limit in [20, 1000] {
        let mut late = None;
        let outer = Fencing::new()
            .timeout_as("outer", ms(outer_limit))
            .run(async {
                let inner = Fencing::new().timeout(ms(10)).run(async {
                    let _late = SpawnsOnDrop(&mut late);
                    pending::<()>().await;
                });
                assert!(inner.await.cancelled_by("timeout"));
                sleep(ms(100)).await;
            });
        assert_eq!(outer.await.is_cancelled(), outer_limit == 20);
        let ended = late.unwrap().await;
        assert_eq!(ended.cancelled_by("outer"), outer_limit == 20);
        assert_eq!(ended.is_finished(), outer_limit == 1000);
    }
}

// D27, D24, D23: the guards and the grace of the parent are those of the task.
#[tokio::test(start_paused = true)]
async fn a_task_goes_by_what_its_parent_makes_of_a_firing() {
    let (stop, start, mut child) = (Event::new(), Instant::now(), None);
    let fencing = Fencing::new().on("stop", &stop).timeout(ms(100));
    let parent = fencing.unless("stop", || true).grace(ms(20)).run(async {
        child = Some(spawn(async move {
            let why = fence::cancelled().await;
            assert_eq!(start.elapsed(), ms(100));
            sleep(ms(15)).await;
            why.primary().code().to_owned()
        }));
        set_at(10, &stop).await;
        yield_now().await;
        assert!(check().is_ok());
        pending::<()>().await;
    });
    assert!(parent.await.is_cancelled());
    assert_eq!(child.unwrap().await.unwrap(), "timeout");
    assert_eq!(start.elapsed(), ms(120));
}

// Who asks sees a cancellation at once, in all tasks.
#[tokio::test(start_paused = true)]
async fn a_firing_is_seen_at_once() {
    let stop = Event::new();
    let set = stop.clone();
    let parent = Fencing::new()
        .on("stop", &stop)
        .grace(ms(100))
        .run(async move {
            spawn(async move {
                assert!(check().is_ok());
                set.set();
                let seen = check().unwrap_err().by("stop");
                seen && fence::remaining() == Some(ms(100))
            })
            .await
        });
    assert!(parent.await.unwrap().unwrap());
}

// D28: a passed deadline is seen without the runtime's help, also when nobody waits any more.
#[test]
fn threads_see_deadlines_and_cancellations() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (send, ended) = mpsc::channel();
        let limit = Fencing::new().timeout(ms(5));
        let parent = limit.run(async {
            let search = spawn_blocking(move || {
                while check().is_ok() {
                    std::hint::spin_loop();
                }
                send.send((check().unwrap_err(), fence::remaining()))
                    .unwrap();
            });
            // Blocks the runtime until the thread has noticed by itself.
            let (why, left) = ended.recv().unwrap();
            assert!(why.is_timeout() && left == Some(Duration::ZERO));
            drop(search);
        });
        assert!(parent.await.is_completed());
    });
}

// Told once, told for good; the fence does not wait.
#[tokio::test]
async fn a_thread_is_told_for_good() {
    let (stop, (go, wait)) = (Event::new(), mpsc::channel::<()>());
    let (send, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let parent = Fencing::new().on("stop", &stop).run(async {
        let _abandoned = spawn_blocking(move || {
            let before = check().is_ok();
            send.send(Vec::new()).unwrap();
            wait.recv().unwrap();
            let after: Vec<Cancelled> = (0..3).filter_map(|_| check().err()).collect();
            assert!(before);
            send.send(after).unwrap();
        });
        pending::<()>().await;
    });
    let (outcome, _) = tokio::join!(parent, async {
        let _started = seen.recv().await.unwrap();
        stop.set()
    });
    assert!(outcome.cancelled_by("stop"));
    go.send(()).unwrap();
    let after = seen.recv().await.unwrap();
    assert!(after.len() == 3 && after.iter().all(|why| why.by("stop")));
}

// A job in the queue is not started after the cut.
#[test]
fn a_job_that_waits_in_the_queue_is_not_started() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder
        .enable_time()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let ((free, busy), stop) = (mpsc::channel::<()>(), Event::new());
        let occupying = tokio::task::spawn_blocking(move || busy.recv());
        let mut queued = None;
        let parent = Fencing::new().on("stop", &stop).run(async {
            queued = Some(spawn_blocking(|| -> () { unreachable!("never run") }));
            pending::<()>().await;
        });
        let (outcome, ()) = tokio::join!(parent, async { _ = stop.set() });
        assert!(outcome.is_cancelled());
        free.send(()).unwrap();
        occupying.await.unwrap().unwrap();
        assert!(queued.unwrap().await.cancelled_by("stop"));
    });
}
