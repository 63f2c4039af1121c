//! Who is woken, how often, and what wakers and setters may do meanwhile (D6, D26).

use std::future::pending;
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use fence::__private::waiters;
use fence::{Event, Fencing, Handle};
use support::{counting_waker, poll};
use tokio::time::{advance, timeout};
use tokio_test::{assert_pending, assert_ready, task};

#[test]
fn one_firing_is_one_wake() {
    let events: [Event; 5] = Default::default();
    let add = |set: Fencing, (n, event): (usize, &Event)| set.on(format!("e{n}"), event);
    let fencing = events.iter().enumerate().fold(Fencing::new(), add);
    let (waker, woken) = counting_waker();
    let mut cx = Context::from_waker(&waker);
    let mut fence = Box::pin(fencing.run(pending::<()>()));
    assert!(fence.as_mut().poll(&mut cx).is_pending());
    events[2].set();
    assert_eq!(woken.count(), 1);
    assert!(fence.as_mut().poll(&mut cx).is_ready());
    for event in &events {
        event.set();
    }
    assert_eq!(woken.count(), 1, "nobody wakes a fence that has resolved");
}

// An idle fence is idle.
#[tokio::test(start_paused = true)]
async fn an_idle_fence_is_not_woken() {
    let day = Duration::from_secs(24 * 3600);
    let mut fence = task::spawn(Fencing::new().timeout(day).run(pending::<()>()));
    assert_pending!(fence.poll());
    advance(Duration::from_secs(3600)).await;
    assert!(!fence.is_woken());
}

// The old waker is forgotten, the new one is woken; the same one is registered once.
#[tokio::test(start_paused = true)]
async fn the_latest_waker_is_the_one() {
    let stop = Event::new();
    let fencing = Fencing::new()
        .on("stop", &stop)
        .timeout(Duration::from_secs(5));
    for by_event in [false, true] {
        let ((old, old_woken), (new, new_woken)) = (counting_waker(), counting_waker());
        let mut fence = Box::pin(fencing.run(pending::<()>()));
        for waker in [&old, &old, &new, &new] {
            let mut cx = Context::from_waker(waker);
            assert!(fence.as_mut().poll(&mut cx).is_pending());
            assert_eq!(waiters(&stop), 1);
        }
        if by_event {
            stop.set();
        } else {
            advance(Duration::from_secs(6)).await;
        }
        assert_eq!(old_woken.count(), 0);
        assert_eq!(new_woken.count(), 1);
    }
}

/// A waker that does something of the user's when it wakes and when it is dropped.
struct Acts(Box<dyn Fn() + Send + Sync>);

impl Wake for Acts {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

impl Drop for Acts {
    fn drop(&mut self) {
        (self.0)();
    }
}

// D26: were a lock or borrow held, this would hang or panic.
#[test]
fn a_waker_may_use_the_library() {
    let (stop, other) = (Event::new(), Event::new());
    let fencing = Fencing::new().on("stop", &stop).on("other", &other);
    let mut victim = task::spawn(fencing.run(pending::<()>()));
    assert_pending!(victim.poll());
    let (victim, handle) = (
        Mutex::new(Some(victim)),
        fencing.run(pending::<()>()).handle(),
    );
    let (again, another) = (stop.clone(), other.clone());
    let waker = Waker::from(Arc::new(Acts(Box::new(move || {
        again.set();
        another.set();
        handle.cancel();
        drop(victim.lock().unwrap().take());
    }))));
    let mut fence = Box::pin(fencing.run(pending::<()>()));
    assert!(
        fence
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    stop.set();
    assert!(poll(&mut fence).is_ready());
    assert_eq!((waiters(&stop), waiters(&other)), (0, 0));
}

// An event set from within another fence's body.
#[tokio::test(start_paused = true)]
async fn one_fence_sets_the_event_of_another() {
    let stop = Event::new();
    let waiting = Fencing::new().on("stop", &stop).run(pending::<()>());
    let setting = Fencing::new().on("stop", &stop).run(async {
        stop.set();
        7
    });
    let (waiting, setting) = tokio::join!(waiting, setting);
    assert!(waiting.is_cancelled());
    assert_eq!(setting.unwrap(), 7);
}

// Cancelled and dropped at once, from several threads, for as long as it takes.
#[test]
fn set_while_fences_come_and_go() {
    for _ in 0..300 {
        let (stop, barrier) = (Event::new(), Barrier::new(3));
        let fencing = Fencing::new().on("stop", &stop);
        let come_and_go = || {
            barrier.wait();
            let mut fences: Vec<_> = (0..20)
                .map(|_| task::spawn(fencing.run(pending::<()>())))
                .collect();
            fences.retain_mut(|fence| fence.poll().is_pending());
            // Every other one is dropped while the event may be about to wake it.
            fences.into_iter().step_by(2).collect::<Vec<_>>()
        };
        let kept = std::thread::scope(|scope| {
            let threads = [scope.spawn(come_and_go), scope.spawn(come_and_go)];
            barrier.wait();
            stop.set();
            threads.map(|thread| thread.join().unwrap())
        });
        for mut fence in kept.into_iter().flatten() {
            assert!(fence.is_woken(), "a wake-up was lost");
            assert!(assert_ready!(fence.poll()).cancelled_by("stop"));
        }
        assert_eq!(waiters(&stop), 0);
    }
}

// A tree of handles, cancelled at random from many threads; nobody waits forever.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_fences_cancelled_from_many_threads() {
    for _ in 0..20 {
        let (handles, tasks): (Vec<Handle>, Vec<_>) = (0..100)
            .map(|_| {
                let mut fence = Fencing::new().run(pending::<()>());
                (fence.handle(), tokio::spawn(fence))
            })
            .unzip();
        let handles = Arc::new(handles);
        for offset in 0..8 {
            let handles = handles.clone();
            tokio::spawn(async move {
                for n in 0..100 {
                    handles[(n * 37 + offset * 13) % 100].cancel();
                }
            });
        }
        let all = futures::future::join_all(tasks);
        let ended = timeout(Duration::from_secs(10), all)
            .await
            .expect("a wake-up was lost");
        assert!(
            ended
                .into_iter()
                .all(|outcome| outcome.unwrap().is_cancelled())
        );
    }
}

#[tokio::test]
async fn a_hundred_thousand_waiters() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop);
    let tasks: Vec<_> = (0..100_000)
        .map(|_| tokio::spawn(fencing.run(pending::<()>())))
        .collect();
    while waiters(&stop) < tasks.len() {
        tokio::task::yield_now().await;
    }
    stop.set();
    for task in tasks {
        assert!(task.await.unwrap().is_cancelled());
    }
    assert_eq!(waiters(&stop), 0);
}

// Those woken drop fences that wait for the same event.
#[tokio::test]
async fn the_woken_drop_others() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop);
    let others: Vec<_> = (0..1000)
        .map(|_| tokio::spawn(fencing.run(pending::<()>())))
        .collect();
    while waiters(&stop) < others.len() {
        tokio::task::yield_now().await;
    }
    let aborts: Vec<_> = others
        .iter()
        .map(tokio::task::JoinHandle::abort_handle)
        .collect();
    let dropper = tokio::spawn(async move {
        assert!(fencing.run(pending::<()>()).await.is_cancelled());
        aborts
            .iter()
            .step_by(2)
            .for_each(tokio::task::AbortHandle::abort);
    });
    tokio::task::yield_now().await;
    stop.set();
    dropper.await.unwrap();
    for task in others {
        assert!(
            task.await
                .map_or_else(|error| error.is_cancelled(), |o| o.is_cancelled())
        );
    }
}

// The future of `Event::wait`: the same rules.
#[tokio::test(start_paused = true)]
async fn waiting_for_an_event() {
    let stop = Event::new();
    let mut wait = task::spawn(stop.wait());
    assert_pending!(wait.poll());
    assert_pending!(wait.poll());
    assert_eq!(waiters(&stop), 1);
    drop(task::spawn(stop.wait()));
    assert!(stop.set() && !stop.set());
    assert!(wait.is_woken());
    assert_ready!(wait.poll());
    stop.clone().wait().await;
}

// D26: those that panic, wherever they are, keep nobody asleep; also where the list is sharded.
#[test]
fn wakers_that_panic_strand_nobody() {
    let stop = Event::new();
    let (sound, woken) = counting_waker();
    let panics = || Waker::from(Arc::new(Acts(Box::new(|| panic!("as it should")))));
    // Threads that register at once have the list sharded.
    let barrier = Barrier::new(4);
    let mut waits: Vec<_> = std::thread::scope(|scope| {
        let register = |_| {
            barrier.wait();
            let mut waits = Vec::new();
            for _ in 0..100 {
                for waker in [panics(), sound.clone()] {
                    let mut wait = Box::pin(stop.wait());
                    assert!(
                        wait.as_mut()
                            .poll(&mut Context::from_waker(&waker))
                            .is_pending()
                    );
                    std::mem::forget(waker);
                    waits.push(wait);
                }
            }
            waits
        };
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || register(n))).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap());
        joined.flatten().collect()
    });
    let setting = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stop.set()));
    assert_eq!(
        *setting.unwrap_err().downcast::<&str>().unwrap(),
        "as it should"
    );
    assert_eq!((woken.count(), waiters(&stop)), (400, 0));
    assert!(waits.iter_mut().all(|wait| poll(wait).is_ready()));
}
