//! Handlers that run on without their client: how many, for how long, and who makes room.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fence::service::{Fate, FenceLayer};
use http::Response;
use support::{ms, never};
use tokio::time::sleep;

use crate::service::client::{Sent, Told, body, call, get, start};

/// Handlers that count those of them that are there.
#[derive(Clone, Default)]
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn one(&self) -> OneAlive {
        self.0.fetch_add(1, Ordering::SeqCst);
        OneAlive(self.0.clone())
    }
}

struct OneAlive(Arc<AtomicUsize>);

impl Drop for OneAlive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A client that calls a handler, and leaves once it runs.
async fn leave(layer: &FenceLayer, handler: impl Future<Output = ()> + Send + 'static) {
    let mut answer = call(layer, get(), |_| async move {
        handler.await;
        Response::<Sent>::new(body().1)
    });
    start(&mut answer).await;
    tokio::task::yield_now().await;
    drop(answer);
}

fn both() -> [FenceLayer; 2] {
    [false, true].map(|isolated| FenceLayer::new().isolate(isolated))
}

#[tokio::test(start_paused = true)]
async fn the_grace_holds_wherever_a_handler_runs() {
    for layer in both() {
        let (layer, alive) = (layer.detach_grace(ms(200)), Alive::default());
        let one = alive.one();
        leave(&layer, async move {
            sleep(ms(1000)).await;
            drop(one);
        })
        .await;
        sleep(ms(199)).await;
        assert_eq!((alive.now(), layer.detached().active()), (1, 1));
        assert_eq!(layer.detached().drain(ms(10)).await, 0);
        assert_eq!(
            (alive.now(), layer.detached().active()),
            (0, 0),
            "{layer:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_cap_holds_wherever_a_handler_runs() {
    for layer in both() {
        let (layer, alive) = (layer.max_detached(2), Alive::default());
        for _ in 0..10 {
            let one = alive.one();
            leave(&layer, async move {
                never().await;
                drop(one);
            })
            .await;
            assert!(layer.detached().active() <= 2);
        }
        sleep(ms(1)).await;
        assert_eq!(
            (alive.now(), layer.detached().active()),
            (2, 2),
            "{layer:?}"
        );
        assert_eq!(
            (layer.detached().shed(), layer.detached().departed()),
            (8, 10)
        );
    }
}

/// A client that leaves many behind does not take the place of those who leave one.
#[tokio::test(start_paused = true)]
async fn the_one_that_was_left_first_makes_room() {
    for isolated in [false, true] {
        let told = Told::default();
        let layer = told.layer().max_detached(3).isolate(isolated);
        let ended = Arc::new(AtomicUsize::new(0));
        for round in 0..20 {
            let counts = ended.clone();
            // Each second one has something to do that takes a moment.
            let honest = round % 2 == 0;
            leave(&layer, async move {
                sleep(if honest { ms(5) } else { ms(25_000) }).await;
                counts.fetch_add(1, Ordering::SeqCst);
            })
            .await;
            sleep(ms(3)).await;
        }
        assert_eq!(ended.load(Ordering::SeqCst), 10);
        let fates = told.all().into_iter().map(|left| left.fate);
        let shed = fates.filter(|fate| *fate == Fate::Shed).count();
        assert_eq!(layer.detached().shed(), shed as u64);
        assert_eq!(layer.detached().active() + shed, 10);
    }
}

/// What is told to end counts until it has, and is waited for.
#[tokio::test(start_paused = true)]
async fn a_destructor_runs_before_it_counts_as_drained() {
    for layer in both() {
        for (layer, fate) in [
            (layer.clone().detach_grace(ms(10)), Fate::OutOfTime),
            (layer.clone().max_detached(0), Fate::Shed),
        ] {
            let (alive, told) = (Alive::default(), Arc::new(std::sync::Mutex::new(None)));
            let (one, (tells, seen)) = (alive.one(), (told.clone(), alive.clone()));
            let layer = layer.on_disconnect(move |left| {
                *tells.lock().unwrap() = Some((left.fate, seen.now()));
            });
            leave(&layer, async move {
                never().await;
                drop(one);
            })
            .await;
            assert_eq!(layer.detached().drain(ms(1000)).await, 0);
            assert_eq!(*told.lock().unwrap(), Some((fate, 0)), "{layer:?}");
        }
    }
}

/// Nor does it take along who makes it end.
#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_strands_nobody() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("a destructor")
        }
    }
    for layer in both() {
        let layer = layer
            .max_detached(1)
            .on_disconnect(|_| panic!("who is told"));
        let panics = Panics;
        leave(&layer, async move {
            never().await;
            drop(panics);
        })
        .await;
        let (alive, ended) = (Alive::default(), Arc::new(AtomicUsize::new(0)));
        let (one, ends) = (alive.one(), ended.clone());
        leave(&layer, async move {
            sleep(ms(10)).await;
            ends.fetch_add(1, Ordering::SeqCst);
            drop(one);
        })
        .await;
        assert_eq!(layer.detached().drain(ms(1000)).await, 0);
        assert_eq!((ended.load(Ordering::SeqCst), alive.now()), (1, 0));
    }
}

/// A runtime that ends takes what runs on along, and what is left is none.
#[test]
fn nothing_outlives_its_runtime() {
    for isolated in [false, true] {
        let (layer, alive) = (FenceLayer::new().isolate(isolated), Alive::default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let one = alive.one();
        runtime.unwrap().block_on(leave(&layer, async move {
            never().await;
            drop(one);
        }));
        assert_eq!((alive.now(), layer.detached().active()), (0, 0));
    }
}
