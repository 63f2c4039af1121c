//! What do two threads cost each other that use one event?
//!
//! They start each burst together. That needs two free cores: threads that take turns on one never
//! meet, and the figures say nothing.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Context;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use fence::{Event, Fencing};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::drive;
use crate::figure::median;
use crate::program::{Case, Meter, measured, once};
use crate::workloads::LONG;

const THREADS: usize = 2;
const REPETITIONS: usize = 5;
const BURSTS: usize = 100;
const OPERATIONS: u32 = 250;
const ONCE: Case = Case::Pending(1);

/// What one thread does. Threads share what is in it.
type Side = Box<dyn Fn(Meter) -> Pin<Box<dyn Future<Output = ()> + Send>> + Sync>;

/// The peer and ours.
struct Pair {
    names: [&'static str; 2],
    sides: [Side; 2],
    /// The most that ours may take of the peer's time.
    goal: Option<f64>,
}

/// The table, in markdown.
#[must_use]
pub fn table() -> String {
    let mut text = String::from(
        "| program | ns, two threads | ns, one | ratio | goal | |\n\
         | --- | ---: | ---: | --- | --- | --- |\n",
    );
    for pair in [event_only(), below_a_host()] {
        text += &pair.rows();
    }
    text
}

fn event_only() -> Pair {
    let (token, event) = (CancellationToken::new(), Event::new());
    let peer = side(move |meter| {
        let token = token.clone();
        measured(meter, move |cx: &mut Context<'_>| {
            drive!(ONCE, cx, token.run_until_cancelled(once()));
        })
    });
    let ours = side(move |meter| {
        let fencing = Fencing::new().on("stop", &event);
        measured(meter, move |cx: &mut Context<'_>| {
            drive!(ONCE, cx, fencing.run(once()));
        })
    });
    Pair {
        names: ["`run_until_cancelled`", "builder, event only"],
        sides: [peer, ours],
        goal: Some(0.25),
    }
}

fn below_a_host() -> Pair {
    #[fence::fenced(timeout = "1s")]
    async fn call() -> u64 {
        once().await
    }
    let (token, event) = (CancellationToken::new(), Event::new());
    let peer = side(move |meter| {
        let token = token.clone();
        measured(meter, move |cx: &mut Context<'_>| {
            drive!(ONCE, cx, timeout(LONG, token.run_until_cancelled(once())));
        })
    });
    let ours = side(move |meter| {
        let set = Fencing::new().timeout(LONG).on("stop", &event);
        let calls = measured(meter, |cx: &mut Context<'_>| drive!(ONCE, cx, call()));
        async move { set.bind(set.run(calls)).await.unwrap() }
    });
    Pair {
        names: ["P", "`#[fenced(timeout)]` inside of a fence"],
        sides: [peer, ours],
        goal: None,
    }
}

fn side<F>(program: impl Fn(Meter) -> F + Sync + 'static) -> Side
where
    F: Future<Output = ()> + Send + 'static,
{
    Box::new(move |meter| Box::pin(program(meter)))
}

impl Pair {
    fn rows(&self) -> String {
        let ([peer, ours], alone) = (self.compare(THREADS), self.compare(1));
        let ratio = ours / peer;
        let (goal, verdict) = match self.goal {
            Some(goal) if ratio > goal => (format!("{goal:.2}"), "missed"),
            Some(goal) => (format!("{goal:.2}"), "ok"),
            None => (String::new(), ""),
        };
        format!(
            "| {} | {peer:.0} | {:.0} | | | |\n\
             | **{}** | {ours:.0} | {:.0} | {ratio:.2} | {goal} | {verdict} |\n",
            self.names[0], alone[0], self.names[1], alone[1],
        )
    }

    /// Nanoseconds per operation of both, in the median burst.
    fn compare(&self, threads: usize) -> [f64; 2] {
        let mut bursts = [Vec::new(), Vec::new()];
        for _ in 0..REPETITIONS {
            for (side, bursts) in self.sides.iter().zip(&mut bursts) {
                bursts.extend(slowest(side, threads));
            }
        }
        bursts.map(median)
    }
}

/// The slowest thread of each burst, in nanoseconds per operation.
fn slowest(side: &Side, threads: usize) -> Vec<f64> {
    let runtime = shared_runtime();
    let start_line = Arc::new(StartLine::new(threads));
    let times: Vec<Vec<f64>> = thread::scope(|scope| {
        let run = || {
            let (sender, receiver) = mpsc::channel();
            let start_line = start_line.clone();
            runtime.block_on(side(Box::new(move |block| {
                block(OPERATIONS);
                let _ = sender.send((0..BURSTS).map(|_| start_line.burst(block)).collect());
            })));
            receiver.recv().expect("a program measures its operations")
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let times = threads.into_iter().map(ScopedJoinHandle::join);
        times.map(|times| times.expect("no panic")).collect()
    });
    (0..BURSTS)
        .map(|burst| times.iter().map(|own| own[burst]).fold(0.0, f64::max))
        .collect()
}

/// One timer wheel for all threads, as in a server, with an early timer in it.
fn shared_runtime() -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.spawn(sleep_early());
    thread::sleep(Duration::from_millis(1));
    runtime
}

async fn sleep_early() {
    sleep(Duration::from_millis(900)).await;
}

/// Where threads wait for each other without sleeping.
struct StartLine {
    threads: usize,
    arrived: AtomicUsize,
}

impl StartLine {
    fn new(threads: usize) -> Self {
        let arrived = AtomicUsize::new(0);
        Self { threads, arrived }
    }

    fn burst(&self, block: &mut dyn FnMut(u32)) -> f64 {
        let arrived = self.arrived.fetch_add(1, Ordering::AcqRel);
        let all = (arrived / self.threads + 1) * self.threads;
        while self.arrived.load(Ordering::Acquire) < all {
            std::hint::spin_loop();
        }
        let start = Instant::now();
        block(OPERATIONS);
        start.elapsed().as_secs_f64() * 1e9 / f64::from(OPERATIONS)
    }
}
