//! A process that ends, or would rather not: each argument is a situation that `main.rs` describes.

use std::error::Error;
use std::fmt;
use std::future::pending;
use std::io::{self, Write};
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use fence::{Shutdown, ShutdownPlan, ShutdownReport, fenced};
use tokio::io::AsyncReadExt;
use tokio::runtime::{Builder, Runtime};

const HOUR: Duration = Duration::from_secs(3600);

fn main() -> ExitCode {
    let situation = std::env::args().nth(1).unwrap_or_default();
    match situation.as_str() {
        "installed in no runtime" => {
            let shutdown = short().install().expect("it installs");
            runtime().block_on(shutdown.run(idle(&shutdown))).report()
        }
        "installed in a runtime that is gone" => {
            let shutdown = runtime().block_on(async { short().install() });
            let shutdown = shutdown.expect("it installs");
            runtime().block_on(shutdown.run(idle(&shutdown))).report()
        }
        "installed in a runtime that is idle" => {
            let first = runtime();
            let shutdown = first.block_on(async { short().install() });
            let shutdown = shutdown.expect("it installs");
            runtime().block_on(shutdown.run(idle(&shutdown))).report()
        }
        "nothing waits for it" => {
            let _shutdown = short().install().expect("it installs");
            ready();
            park()
        }
        "all workers are blocked" => {
            let workers = Builder::new_multi_thread().worker_threads(2).build();
            workers.expect("a runtime").block_on(async {
                let shutdown = short().install().expect("it installs");
                for _ in 0..2 {
                    tokio::spawn(async { park() });
                }
                shutdown.run(idle(&shutdown)).await.report()
            })
        }
        "killed before it installs" => {
            ready();
            park()
        }
        "installs on a line of input" => {
            ready();
            io::stdin().read_line(&mut String::new()).expect("a line");
            let shutdown = short().install().expect("it installs");
            say("installed");
            let report = runtime().block_on(shutdown.run(shutdown.fired()));
            say(&report.to_string());
            report.report()
        }
        situation => runtime().block_on(within_runtime(situation)),
    }
}

/// The situations of a program in a runtime, which `main` drops before it returns.
async fn within_runtime(situation: &str) -> ExitCode {
    let (situation, plan) = plan(situation);
    let shutdown = plan.install().expect("it installs");
    let report = match situation {
        "it fails" => {
            shutdown
                .run(async {
                    idle(&shutdown).await;
                    Err::<(), _>("no")
                })
                .await
        }
        "it returns seven" => shutdown.run(async { ExitCode::from(7) }).await,
        "it panics" => shutdown.run(async { panic!("as it should") }).await,
        "it panics beside a thread" => {
            tokio::task::spawn_blocking(|| {
                park();
            });
            shutdown.run(async { panic!("as it should") }).await
        }
        "130 after Ctrl-C" => shutdown.run(by_signal(&shutdown)).await,
        "a program that is stuck" => shutdown.run(stuck()).await,
        "a program that is blocked" => {
            shutdown
                .run(async {
                    ready();
                    park()
                })
                .await
        }
        "begun by hand" => {
            shutdown.begin("a deploy");
            shutdown.run(stuck()).await
        }
        _ => beside(situation, &shutdown).await,
    };
    say(&report.to_string());
    match situation {
        "main goes on" => pending().await,
        "main finishes" => {
            // Longer than the moment that a runtime has, and shorter than the plan.
            tokio::time::sleep(Duration::from_millis(1300)).await;
            report.report()
        }
        _ => report.report(),
    }
}

/// The situations of an idle program with something beside it.
async fn beside(situation: &str, shutdown: &Shutdown) -> ShutdownReport {
    match situation {
        "idle" | "main goes on" | "main finishes" => {}
        "a task that ends" => drop(shutdown.spawn(ends_soon())),
        "a task that is stuck" => drop(shutdown.spawn(pending::<()>())),
        "a task that has panicked" => {
            let task = shutdown.spawn(async { panic!("as it should") });
            let _: fence::Ended<()> = task.await;
        }
        "a thread of tokio" => drop(tokio::task::spawn_blocking(|| {
            park();
        })),
        "a thread of ours" => drop(fence::spawn_blocking(|| {
            park();
        })),
        "stdin" => drop(tokio::spawn(async { tokio::io::stdin().read_u8().await })),
        "a waker that blocks" => wake_with(shutdown, Rude::Blocks),
        "a waker that panics" => wake_with(shutdown, Rude::Panics),
        "a full stderr" => {
            thread::spawn(|| {
                loop {
                    let _ = writeln!(io::stderr(), "{}", "much ".repeat(1000));
                }
            });
            drop(shutdown.spawn(pending::<()>()));
        }
        "a cause that panics" => {
            shutdown.begin(Rude::Panics);
        }
        _ => panic!("no situation is called `{situation}`"),
    }
    shutdown.run(idle(shutdown)).await
}

async fn idle(shutdown: &Shutdown) {
    ready();
    shutdown.fired().await;
}

/// Ends with the status that shells expect of it.
async fn by_signal(shutdown: &Shutdown) -> ExitCode {
    idle(shutdown).await;
    let signal = shutdown
        .signal()
        .and_then(|signal| u8::try_from(signal).ok());
    signal.map_or(ExitCode::FAILURE, |signal| ExitCode::from(128 + signal))
}

async fn stuck() {
    ready();
    pending::<()>().await;
}

#[fenced(on = "shutdown")]
async fn ends_soon() {
    pending::<()>().await;
}

/// Code of a user that does what it should not.
#[derive(Clone, Copy, Debug)]
enum Rude {
    Blocks,
    Panics,
}

impl Wake for Rude {
    fn wake(self: Arc<Self>) {
        match *self {
            Self::Blocks => drop(park()),
            Self::Panics => panic!("a waker"),
        }
    }
}

impl fmt::Display for Rude {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a cause")
    }
}

impl Error for Rude {}

/// Waits for every stage with such a waker.
fn wake_with(shutdown: &Shutdown, rude: Rude) {
    let waker = Waker::from(Arc::new(rude));
    let begun = shutdown.begun();
    for wait in [begun, shutdown.fired(), shutdown.hard_event().wait()] {
        let mut wait = Box::pin(wait);
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        std::mem::forget(wait);
    }
}

/// Over after a third of a second, and ended a tenth later.
fn short() -> ShutdownPlan {
    let millis = Duration::from_millis;
    let plan = ShutdownPlan::new()
        .pre_drain(millis(50))
        .drain(millis(200))
        .hard(millis(100));
    plan.termination_grace(millis(550))
}

/// The situation, and how long things may take in it.
fn plan(situation: &str) -> (&str, ShutdownPlan) {
    let before = |pre_drain| {
        let plan = short().pre_drain(pre_drain);
        plan.termination_grace(2 * HOUR)
    };
    match situation.split_once(" (") {
        Some((situation, "an hour)")) => (situation, before(HOUR)),
        Some((situation, "a minute to drain)")) => {
            let plan = before(Duration::ZERO);
            (situation, plan.drain(Duration::from_secs(60)))
        }
        Some((situation, "three seconds)")) => (situation, before(Duration::from_secs(3))),
        _ => (situation, short()),
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn ready() {
    say("ready");
}

/// Does not panic where nobody reads any more.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn park() -> ExitCode {
    loop {
        thread::park();
    }
}
