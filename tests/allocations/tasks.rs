//! What a chain of tasks holds: the last one, whatever came before.

use std::pin::Pin;

use tokio::runtime::Builder;
use tokio::sync::oneshot::{Sender, channel};

/// Spawns the next one and ends.
fn chain(left: u32, done: Sender<()>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if left == 0 {
            done.send(()).unwrap();
        } else {
            drop(fence::spawn(chain(left - 1, done)));
        }
    })
}

fn most_bytes(tasks: u32) -> u64 {
    let runtime = Builder::new_current_thread().build().unwrap();
    let run = || {
        let (done, is_done) = channel();
        runtime.block_on(async {
            drop(fence::spawn(chain(tasks, done)));
            is_done.await.unwrap();
        });
    };
    // What the runtime keeps for good.
    run();
    allocation_counter::measure(run).bytes_max
}

#[test]
fn a_chain_of_twenty_thousand_takes_no_more_than_one_of_a_hundred() {
    let (hundred, all) = (most_bytes(100), most_bytes(20_000));
    assert!(all <= hundred, "{hundred} bytes, then {all}");
}
