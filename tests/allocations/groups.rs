//! What groups hold: their children while they run, and nothing afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fence::{Group, group};
use tokio::runtime::Builder;
use tokio::time::sleep;

/// The most bytes that a group ever holds at a time.
fn most_bytes(host: impl AsyncFn(Group)) -> u64 {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let run = || {
        let outcome = runtime.block_on(group().run(async |group| host(group).await));
        assert!(outcome.is_completed());
    };
    // What the runtime keeps for good.
    run();
    allocation_counter::measure(run).bytes_max
}

// A child a second, ten of which are alive at a time.
#[test]
fn a_thousand_children_in_a_row_take_no_more_than_a_hundred() {
    let in_a_row = |children| {
        most_bytes(async move |group: Group| {
            for _ in 0..children {
                group.spawn(sleep(Duration::from_secs(10)));
                sleep(Duration::from_secs(1)).await;
            }
        })
    };
    let (hundred, thousand) = (in_a_row(100), in_a_row(1000));
    assert!(thousand <= hundred, "{hundred} bytes, then {thousand}");
}

/// Children that have ended hold nothing, even if their host never spawns again.
#[test]
fn ten_thousand_at_once_are_let_go_of() {
    let crowds = |crowds| {
        most_bytes(async move |group: Group| {
            for _ in 0..crowds {
                let ended = Arc::new(AtomicU32::new(0));
                for _ in 0..10_000 {
                    let ended = ended.clone();
                    group.spawn(async move {
                        sleep(Duration::from_secs(1)).await;
                        ended.fetch_add(1, Ordering::Relaxed);
                    });
                }
                sleep(Duration::from_secs(2)).await;
                assert_eq!(ended.load(Ordering::Relaxed), 10_000);
                assert_eq!(group.running(), 0);
                assert!(
                    tokio::runtime::Handle::current()
                        .metrics()
                        .num_alive_tasks()
                        <= 1
                );
            }
        })
    };
    let (one, three) = (crowds(1), crowds(3));
    assert!(three <= one + one / 100, "{one} bytes, then {three}");
}
