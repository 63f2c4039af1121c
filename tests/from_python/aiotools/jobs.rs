//! Lists of jobs.

use std::time::Duration;

use fence::block::fenced;
use fence::{Ended, Reason, as_completed, gather};
use tokio::time::{Instant, sleep};

use crate::{millis, since};

type Outcome = Result<&'static str, &'static str>;

async fn job(time: Duration, outcome: Outcome) -> Outcome {
    sleep(time).await;
    outcome
}

/// The docs of `race`: the first to end, the first to succeed, nobody, and nobody there.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn race() {
    let start = Instant::now();
    let first = fence::race([job(millis(300), Ok("slow")), job(millis(100), Ok("fast"))]).await;
    println!("{first:?}, {}s", since(start));
    let jobs = || [job(millis(300), Ok("slow")), job(millis(100), Err("boom"))];
    println!("{:?}", fence::race(jobs()).await);
    println!("{:?}", fence::race_ok(jobs()).await);
    println!(
        "{:?}",
        fence::race_ok([job(millis(100), Err("boom"))]).await
    );
    println!(
        "{:?}",
        fence::race(<[std::future::Ready<()>; 0]>::default()).await
    );
}

/// The docs of `gather_safe`: an error is an outcome in its place.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn gather_safe() {
    let start = Instant::now();
    let outcomes = [Ok("a"), Err("boom"), Ok("c")];
    let ended = gather(outcomes.map(|outcome| job(millis(100), outcome))).await;
    let outcomes: Vec<_> = ended.into_iter().map(Ended::unwrap).collect();
    println!("{outcomes:?}, {}s", since(start));
}

/// The docs of `as_completed_safe`, under a timeout: what came in time is kept.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn as_completed_safe() {
    let start = Instant::now();
    let jobs = [("c", 500), ("a", 100), ("b", 200)];
    let mut arrivals = as_completed(jobs.map(|(name, time)| job(millis(time), Ok(name))));
    let mut results = Vec::new();
    let outcome = fenced!(timeout = "300ms", {
        while let Some(ended) = arrivals.next().await {
            results.extend(ended.unwrap());
        }
    });
    let rest = arrivals.close().await;
    results.extend(outcome.reasons().iter().map(Reason::code));
    println!("{results:?}, {}s", since(start));
    println!("cancelled: {}", rest.len());
}
