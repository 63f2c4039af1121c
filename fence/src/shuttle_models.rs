//! What threads share, under many orders that shuttle picks at random: for what has too many steps
//! for loom. Fences are polled by hand, one on each thread of a model. The seeds are fixed, so that
//! the gate finds the same each time.
//!
//! Run with `RUSTFLAGS="--cfg fence_shuttle" cargo test -p tokio-fence --lib --release models`.
//! Each model names a line that breaks it if it is moved.

use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner, thread};

use crate::__private as private;
use crate::context::shield;
use crate::groups::TaskSet;
use crate::trigger::Latch;
use crate::{Event, Fenced, Fencing, Firing, ReasonKind, State, check};

/// How many orders of each kind are tried.
const ROUNDS: usize = 3000;

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    let model = Arc::new(model);
    let again = model.clone();
    let random = RandomScheduler::new_from_seed(5, ROUNDS);
    Runner::new(random, config.clone()).run(move || model());
    let few_switches = PctScheduler::new_from_seed(5, 3, ROUNDS);
    Runner::new(few_switches, config).run(move || again());
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (count.clone(), Waker::from(count))
    }

    fn woken(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Pending so many times.
fn steps(mut left: u32) -> impl Future<Output = ()> {
    poll_fn(move |_| {
        left = left.saturating_sub(1);
        if left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}

/// Found by storing the state in `Shared::finish` before what had fired.
#[test]
fn a_fence_that_is_said_to_be_cancelled_says_why() {
    explore(|| {
        let event = Event::new();
        let mut fence = Fencing::new().on("stop", &event).run(pending::<()>());
        let handle = fence.handle();
        let asker = thread::spawn(move || {
            let state = handle.state();
            let reasons = handle.reasons().len();
            assert!(
                state != State::Cancelled || reasons == 1,
                "{reasons} reasons"
            );
        });
        event.set();
        let (_, waker) = Count::new();
        assert!(poll(pin!(fence), &waker).is_ready());
        asker.join().unwrap();
    });
}

/// Found by looking at `is_raised` in `Signal::wait` before the waker is kept.
#[test]
fn a_fence_that_is_cancelled_is_woken() {
    explore(|| {
        let mut fence = Fencing::new().run(pending::<()>());
        let handle = fence.handle();
        let canceller = thread::spawn(move || handle.cancel());
        let (count, waker) = Count::new();
        let mut fence = pin!(fence);
        let first = poll(fence.as_mut(), &waker);
        assert!(canceller.join().unwrap());
        assert!(first.is_ready() || count.woken() > 0, "forgotten");
    });
}

/// Found by closing the inbox in `Shared::finish` after the state is stored.
#[test]
fn a_fence_that_has_completed_cannot_be_cancelled() {
    explore(|| {
        let mut fence = Fencing::new().run(steps(1));
        let handle = fence.handle();
        let canceller = thread::spawn(move || {
            let has_completed = handle.state() == State::Completed;
            assert!(
                !handle.cancel() || !has_completed,
                "cancelled after its end"
            );
        });
        let (_, waker) = Count::new();
        let outcome = poll(pin!(fence), &waker);
        canceller.join().unwrap();
        // It may have fired before its first poll.
        assert!(outcome.is_ready());
    });
}

/// What a body spawns, left for another thread.
type Spawned = Mutex<Option<Pin<Box<dyn Future<Output = Fenced<()>> + Send>>>>;

/// Found by firing `cut` in `Shared::tell_cut` before it is known why.
#[test]
fn what_was_spawned_is_cut_with_its_fence() {
    explore(|| {
        let (event, spawned) = (Event::new(), Arc::new(Spawned::default()));
        let slot = spawned.clone();
        let body = async move {
            let child = private::enclosed(pending::<()>());
            *slot.lock().unwrap() = Some(Box::pin(child));
            pending::<()>().await;
        };
        let mut fence = Box::pin(Fencing::new().on("stop", &event).run(body));
        let (_, waker) = Count::new();
        assert!(poll(fence.as_mut(), &waker).is_pending());
        let cutter = thread::spawn(move || {
            event.set();
            assert!(poll(fence.as_mut(), &waker).is_ready());
        });
        let mut child = spawned.lock().unwrap().take().expect("it was spawned");
        let (count, waker) = Count::new();
        let first = poll(child.as_mut(), &waker);
        cutter.join().unwrap();
        let outcome = if first.is_pending() {
            assert!(count.woken() > 0, "nobody told the task");
            poll(child.as_mut(), &waker)
        } else {
            first
        };
        assert!(matches!(outcome, Poll::Ready(Fenced::Cancelled(why)) if why.by("stop")));
    });
}

/// Found by telling in `Shared::finish` before the state is stored.
#[test]
fn what_was_spawned_outlives_a_fence_that_completes() {
    explore(|| {
        let spawned = Arc::new(Spawned::default());
        let slot = spawned.clone();
        let body = async move {
            let child = private::enclosed(async {
                for _ in 0..3 {
                    assert!(check().is_ok(), "told by a fence that completes");
                    steps(2).await;
                }
            });
            *slot.lock().unwrap() = Some(Box::pin(child));
            steps(2).await;
        };
        let mut fence = Box::pin(Fencing::new().run(body));
        let (_, waker) = Count::new();
        assert!(poll(fence.as_mut(), &waker).is_pending());
        let completing = thread::spawn(move || assert!(poll(fence.as_mut(), &waker).is_ready()));
        let mut child = spawned.lock().unwrap().take().expect("it was spawned");
        let (_, waker) = Count::new();
        for _ in 0..3 {
            assert!(poll(child.as_mut(), &waker).is_pending(), "cut by nobody");
        }
        let outcome = poll(child.as_mut(), &waker);
        assert!(matches!(outcome, Poll::Ready(Fenced::Completed(()))));
        completing.join().unwrap();
    });
}

/// Found by noting a firing in `check_cache::while_firing` only after it.
#[test]
fn whoever_sees_an_event_is_told_to_stop() {
    explore(|| {
        let event = Event::new();
        let setter = {
            let event = event.clone();
            thread::spawn(move || event.set())
        };
        let on_event = Fencing::new().on("stop", &event);
        let body = poll_fn(move |_| {
            for _ in 0..3 {
                let is_set = event.is_set();
                assert!(
                    check().is_err() || !is_set,
                    "the event was seen, and not its firing"
                );
            }
            Poll::Ready(())
        });
        let (_, waker) = Count::new();
        assert!(poll(pin!(on_event.run(body)), &waker).is_ready());
        setter.join().unwrap();
    });
}

struct Panicking;

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        // As a panic, but without the noise of the hook.
        std::panic::resume_unwind(Box::new("a waker"));
    }
}

/// Found by closing the shards in `Waiters::close` before the main list.
#[test]
fn a_waker_that_panics_keeps_no_other_asleep() {
    explore(|| {
        let latch = Arc::new(Latch::new());
        let registering = |latch: &Arc<Latch>| {
            let latch = latch.clone();
            thread::spawn(move || {
                let (count, waker) = Count::new();
                latch.waiters.insert(&Waker::from(Arc::new(Panicking)));
                let keys = [latch.waiters.insert(&waker), latch.waiters.insert(&waker)];
                (count, keys.iter().flatten().count())
            })
        };
        let registrars = [registering(&latch), registering(&latch)];
        let firing = Firing::new(ReasonKind::Event);
        let _ = catch_unwind(AssertUnwindSafe(|| latch.fire(firing)));
        for registrar in registrars {
            let (count, registered) = registrar.join().unwrap();
            assert_eq!(
                count.woken(),
                registered,
                "all that were taken in are woken"
            );
        }
        assert_eq!(latch.waiters.len(), 0);
    });
}

/// Found by leaving the waker in `hold::remaining` after the number is read.
#[test]
fn a_section_that_ends_elsewhere_lets_its_fence_go() {
    explore(|| {
        let event = Event::new();
        let slot = Arc::new(Mutex::new(Some(Box::pin(shield(pending::<()>())))));
        let place = slot.clone();
        let body = poll_fn(move |cx| {
            let section = &mut *place.lock().unwrap();
            section.as_mut().map(|section| section.as_mut().poll(cx));
            Poll::<()>::Pending
        });
        let mut fence = Box::pin(Fencing::new().on("stop", &event).run(body));
        let (count, waker) = Count::new();
        assert!(poll(fence.as_mut(), &waker).is_pending());
        let section = slot.lock().unwrap().take();
        event.set();
        let ending = thread::spawn(move || drop(section));
        let before = count.woken();
        let first = poll(fence.as_mut(), &waker);
        ending.join().unwrap();
        if first.is_pending() {
            assert!(count.woken() > before, "held up for ever");
            assert!(poll(fence.as_mut(), &waker).is_ready());
        }
    });
}

/// Found by taking the sets in `TaskSet::abort` before it is closed, under a lock of its own.
#[test]
fn nothing_is_spawned_into_a_set_that_was_aborted() {
    explore(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let _inside = runtime.enter();
        let tasks = Arc::<TaskSet>::default();
        let spawning = |tasks: &Arc<TaskSet>, index| {
            let tasks = tasks.clone();
            thread::spawn(move || tasks.spawn(index, pending::<()>(), |_, _| {}).1)
        };
        let spawners = [spawning(&tasks, 0), spawning(&tasks, 1)];
        tasks.abort();
        let spawned = spawners.map(|spawner| spawner.join().unwrap());
        runtime.block_on(tokio::task::yield_now());
        for task in spawned.into_iter().flatten() {
            assert!(task.is_finished(), "a task runs that nobody will join");
        }
        assert_eq!(tasks.running(), 0);
    });
}
