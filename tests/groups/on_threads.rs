//! Groups that are spawned into, cancelled and ended by several threads at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use fence::{Group, group};
use tokio::runtime::Handle;
use tokio::time::timeout;

const ROUNDS: u32 = 400;

#[derive(Clone, Default)]
struct Seen {
    /// The group has returned.
    over: Arc<AtomicBool>,
    /// Children that have started and not ended.
    alive: Arc<AtomicU32>,
    late: Arc<AtomicU32>,
    spawned: Arc<AtomicU32>,
}

impl Seen {
    async fn child(self) {
        self.alive.fetch_add(1, Ordering::SeqCst);
        let _alive = Alive(self.alive.clone());
        for _ in 0..3 {
            let late = u32::from(self.over.load(Ordering::SeqCst));
            self.late.fetch_add(late, Ordering::SeqCst);
            tokio::task::yield_now().await;
        }
    }

    /// Spawns until the group has ended, or a hundred children.
    fn spawn_from_a_thread(&self, runtime: &Handle, group: &Group) -> std::thread::JoinHandle<()> {
        let (seen, runtime, group) = (self.clone(), runtime.clone(), group.clone());
        std::thread::spawn(move || {
            let _entered = runtime.enter();
            for _ in 0..100 {
                if seen.over.load(Ordering::SeqCst) {
                    break;
                }
                drop(group.spawn(seen.clone().child()));
                seen.spawned.fetch_add(1, Ordering::SeqCst);
                std::thread::yield_now();
            }
        })
    }
}

struct Alive(Arc<AtomicU32>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Threads that are no children spawn until the group ends: of those that started all are joined.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spawning_races_with_the_end() {
    let mut spawned = 0;
    for round in 0..ROUNDS {
        let (seen, mut threads) = (Seen::default(), Vec::new());
        let run = group().run(async |group| {
            let runtime = Handle::current();
            threads.extend((0..2).map(|_| seen.spawn_from_a_thread(&runtime, &group)));
            while seen.spawned.load(Ordering::SeqCst) < round % 20 {
                tokio::task::yield_now().await;
            }
            if round % 2 == 0 {
                group.cancel();
                std::future::pending::<()>().await;
            }
        });
        let ended = timeout(Duration::from_secs(60), run).await;
        assert!(ended.is_ok(), "the group hangs in round {round}");
        seen.over.store(true, Ordering::SeqCst);
        assert_eq!(seen.alive.load(Ordering::SeqCst), 0, "round {round}");
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(seen.late.load(Ordering::SeqCst), 0, "round {round}");
        spawned += seen.spawned.load(Ordering::SeqCst);
    }
    assert!(spawned > ROUNDS, "{spawned}");
}
