//! `cancel_scope`: one limit for everything below, and code that asks when it suits it.
//!
//! | there | here |
//! | --- | --- |
//! | `CancelScope(timeout=3)` | `Fencing::new().timeout(…)`, in async code with `.cooperative()` |
//! | `cs.timeout()` | `remaining()` |
//! | `cs.check()` | `check()?` |
//! | `cs.cancel()` | `Event::set`, `Handle::cancel` |
//! | `shield=True` | `shield(…)` |
//! | `exc=` | the error that `check()` is mapped to |
//!
//! The two examples of its README are plain code: 1 and 2. Examples 3 and 4 are the same in async
//! code, which is cut as little as plain code there, and here only if the fences are cooperative.

use std::time::Duration;

use fence::{Event, Fencing, check, remaining, shield};
use futures::FutureExt;
use tokio::time::{Instant, advance, sleep};

use crate::{Program, secs, since};

pub const PROGRAMS: &[Program] = &[
    Program::new(
        "cancel_scope/example_1",
        "the timeout of a parent, plain code",
        plain_timeout,
    ),
    Program::new(
        "cancel_scope/example_2",
        "a parent is cancelled, plain code",
        plain_cancel,
    ),
    Program::new(
        "cancel_scope/example_3",
        "the timeout of a parent, async",
        timeout,
    ),
    Program::new(
        "cancel_scope/example_4",
        "a parent is cancelled, async",
        cancel,
    ),
];

fn print_timeout() {
    match remaining() {
        // A cooperative fence that has fired sets no limit; a cancelled scope has no time left.
        None if check().is_err() => println!("timeout: 0"),
        None => println!("timeout: inf"),
        Some(Duration::ZERO) => println!("timeout: 0"),
        Some(left) => println!("timeout: {:.1}", left.as_secs_f64()),
    }
}

fn print_elapsed(start: Instant) {
    println!("elapsed: {}", since(start));
}

/// Two steps, and a look after each.
fn plain_work(limit: Option<Duration>, stopped: &'static str) -> Result<(), &'static str> {
    let work = || {
        for _ in 0..2 {
            pass(secs(1));
            check().map_err(|_| stopped)?;
        }
        Ok(())
    };
    let outcome = Fencing::new().timeout(limit).run_blocking(work);
    outcome.into_result().map_err(|_| stopped)?
}

/// `time.sleep`, by the paused clock.
fn pass(time: Duration) {
    // It has moved the clock before it waits.
    let _ = advance(time).now_or_never();
}

/// A shield around plain code: around a future that waits nowhere.
fn plain_shield<R>(code: impl FnOnce() -> R) -> R {
    let code = shield(async { code() });
    code.now_or_never().expect("it waits nowhere")
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn plain_timeout() {
    let start = Instant::now();
    let parent = Fencing::new().timeout(secs(3));
    let outcome = parent.run_blocking(|| {
        print_timeout();
        plain_work(Some(secs(3)), "work1 cancelled!")?;
        print_timeout();
        print_elapsed(start);
        plain_shield(|| plain_work(None, "work2 cancelled!"))?;
        print_timeout();
        print_elapsed(start);
        plain_work(Some(secs(3)), "work1 cancelled!")
    });
    println!("{}", outcome.unwrap().expect_err("no time is left"));
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn plain_cancel() {
    let (start, stop) = (Instant::now(), Event::new());
    let parent = Fencing::new().on("stop", &stop);
    let outcome = parent.run_blocking(|| {
        print_timeout();
        plain_work(None, "work3 cancelled!")?;
        stop.set_because("Parent scope cancelled!");
        print_timeout();
        print_elapsed(start);
        plain_shield(|| plain_work(None, "work4 cancelled!"))?;
        print_timeout();
        print_elapsed(start);
        plain_work(None, "work3 cancelled!")
    });
    println!("{}", outcome.unwrap().expect_err("it is cancelled"));
}

/// The same steps in async code. It names no fence: `check` sees those around.
async fn work(stopped: &'static str) -> Result<(), &'static str> {
    for _ in 0..2 {
        sleep(secs(1)).await;
        check().map_err(|_| stopped)?;
    }
    Ok(())
}

#[fence::fenced(timeout = "3s", cooperative)]
async fn work1() -> Result<(), &'static str> {
    work("work1 cancelled!").await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn timeout() {
    let start = Instant::now();
    let parent = Fencing::new().timeout(secs(3)).cooperative();
    let body = async {
        print_timeout();
        work1().await.unwrap()?;
        print_timeout();
        print_elapsed(start);
        shield(work("work2 cancelled!")).await?;
        print_timeout();
        print_elapsed(start);
        work1().await.unwrap()
    };
    let outcome: Result<(), _> = parent.run(body).await.unwrap();
    println!("{}", outcome.expect_err("no time is left"));
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn cancel() {
    let (start, stop) = (Instant::now(), Event::new());
    let parent = Fencing::new().on("stop", &stop).cooperative();
    let body = async {
        print_timeout();
        work("work3 cancelled!").await?;
        stop.set_because("Parent scope cancelled!");
        print_timeout();
        print_elapsed(start);
        shield(work("work4 cancelled!")).await?;
        print_timeout();
        print_elapsed(start);
        work("work3 cancelled!").await
    };
    let outcome: Result<(), _> = parent.run(body).await.unwrap();
    println!("{}", outcome.expect_err("it is cancelled"));
}
