//! Timers, and the clock.

use std::sync::{Arc, Mutex, PoisonError};

use fence::{Overlap, ZeroInterval, every, on_cancel};
use tokio::time::{Instant, sleep};

use crate::{millis, secs, since};

/// Runs a timer for so long that it ticks four times.
async fn four_ticks<F>(tick: impl FnMut() -> F + Send + 'static, overlap: Overlap)
where
    F: Future<Output = ()> + Send + 'static,
{
    let timer = every(secs(1)).overlap(overlap).start(tick);
    let timer: Result<_, ZeroInterval> = timer;
    sleep(millis(3500)).await;
    let ended = fence::cancel_and_wait(timer.expect("a second is not zero")).await;
    assert!(ended.is_cancelled(), "a timer does not end by itself");
}

/// README, the timer. The original lacks a `nonlocal` and prints errors.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn timer() {
    let mut ticks = 0..;
    let tick = move || {
        let tick = ticks.next();
        async move { println!("{}", tick.unwrap_or_default()) }
    };
    four_ticks(tick, Overlap::default()).await;
}

/// README, the timer whose ticks take too long. It cancels the tick before, or lets it run on
/// beside the next: the latter is the default there. Here it is to skip what is due meanwhile.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn policies() {
    for overlap in [Overlap::Cancel, Overlap::Allow] {
        println!("{overlap:?}");
        let (start, log) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
        let lines = log.clone();
        four_ticks(move || slow_tick(start, lines.clone()), overlap).await;
        let mut lines = log.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that end together do so in no order.
        lines.sort();
        println!("{}", lines.join("\n"));
    }
}

async fn slow_tick(start: Instant, log: Arc<Mutex<Vec<String>>>) {
    let started = since(start);
    on_cancel(async move {
        let line = format!("tick started at {started} cancelled at {}", since(start));
        log.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    });
    sleep(secs(100)).await;
}

/// `examples/ticktock.py`.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn ticktock() {
    four_ticks(|| async { println!("tick") }, Overlap::default()).await;
}

/// README, `VirtualClock`: all programs here have that clock, from the first line on.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn virtual_clock() {
    let start = Instant::now();
    println!("{}", since(start));
    sleep(secs(3600)).await;
    println!("{}", since(start));
}
