//! What does it cost to fire an event that 100 000 tasks wait for?
//!
//! Each program has a process of its own, so that its memory is its own as well.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use fence::{Event, Fencing};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::figure::median;
use crate::program::runtime;
use crate::workloads::LONG;

const TASKS: u32 = 100_000;
const REPETITIONS: usize = 7;

/// How much ours may take of what P takes: to fire, and until the last task has ended.
const GOALS: [f64; 2] = [0.55, 0.85];

/// The programs, P first, and whether they are ours and have to reach the goals.
const PROGRAMS: [(&str, bool); 6] = [
    ("P", false),
    ("Q", false),
    ("`run_until_cancelled`", false),
    ("builder", true),
    ("`#[fenced]`", true),
    ("builder, event only", true),
];

/// Per task: nanoseconds to fire, nanoseconds until all have ended, bytes.
type Costs = [f64; 3];

/// The table, in markdown.
///
/// # Errors
///
/// If a process cannot be started, or fails.
pub fn table() -> Result<String, Box<dyn Error>> {
    let mut runs: [Vec<Costs>; PROGRAMS.len()] = Default::default();
    for _ in 0..REPETITIONS {
        for (program, runs) in runs.iter_mut().enumerate() {
            runs.push(in_a_process(program)?);
        }
    }
    let costs = runs.map(|runs| [0, 1, 2].map(|c| median(runs.iter().map(|r| r[c]).collect())));
    let mut text = String::from(
        "| program | fired, ns | ended, ns | bytes | ratios to P | goals | |\n\
         | --- | ---: | ---: | ---: | --- | --- | --- |\n",
    );
    for ((name, is_ours), cost) in PROGRAMS.iter().zip(&costs) {
        let ratios = [0, 1, 2].map(|c| cost[c] / costs[0][c]);
        let _ = writeln!(text, "{}", row(name, *is_ours, cost, ratios));
    }
    Ok(text)
}

fn row(name: &str, is_ours: bool, [fired, ended, bytes]: &Costs, ratios: Costs) -> String {
    let is_met = ratios.iter().zip(GOALS).all(|(ratio, goal)| *ratio <= goal);
    let (name, goals, verdict) = match (is_ours, is_met) {
        (false, _) => (name.to_owned(), String::new(), ""),
        (true, true) => (format!("**{name}**"), format!("{GOALS:.2?}"), "ok"),
        (true, false) => (format!("**{name}**"), format!("{GOALS:.2?}"), "missed"),
    };
    let goals = goals.trim_matches(['[', ']']);
    let [r_fired, r_ended, r_bytes] = ratios;
    format!(
        "| {name} | {fired:.0} | {ended:.0} | {bytes:.0} \
         | {r_fired:.2}, {r_ended:.2}, {r_bytes:.2} | {goals} | {verdict} |"
    )
}

fn in_a_process(program: usize) -> Result<Costs, Box<dyn Error>> {
    let output = Command::new(std::env::current_exe()?)
        .args(["fired", &program.to_string()])
        .output()?;
    let numbers = String::from_utf8_lossy(&output.stdout);
    let costs: Result<Vec<f64>, _> = numbers.split_whitespace().map(str::parse).collect();
    costs?.try_into().map_err(|_| {
        let error = String::from_utf8_lossy(&output.stderr);
        format!("{} failed: {error}", PROGRAMS[program].0).into()
    })
}

tokio::task_local! {
    static REQUEST: Arc<u64>;
}

#[fence::fenced(timeout = "30s", on = "bench-stop")]
async fn attribute() {
    Waiting.await;
}

/// What runs in the process of a program: prints what it costs.
///
/// # Panics
///
/// If there is no such program.
pub fn run_fired(program: &str) {
    let (token, event) = (CancellationToken::new(), Event::new());
    let [cancel, cloned] = [token.clone(), token];
    let until_cancelled = move || cloned.clone().run_until_cancelled_owned(Waiting);
    let (by_event, request) = (Fencing::new().on("stop", &event), Arc::new(7));
    let fencing = by_event.clone().timeout(LONG);
    let costs = match program {
        "0" => costs(|| timeout(LONG, until_cancelled()), || cancel.cancel()),
        "1" => costs(
            || REQUEST.scope(request.clone(), timeout(LONG, until_cancelled())),
            || cancel.cancel(),
        ),
        "2" => costs(until_cancelled, || cancel.cancel()),
        "3" => costs(|| fencing.run(Waiting), || event.set()),
        "4" => costs(attribute, || Event::named("bench-stop").set()),
        "5" => costs(|| by_event.run(Waiting), || event.set()),
        _ => panic!("there is no program {program}"),
    };
    println!("{} {} {}", costs[0], costs[1], costs[2]);
}

fn costs<F, R>(task: impl Fn() -> F, fire: impl FnOnce() -> R) -> Costs
where
    F: Future<Output: Send> + Send + 'static,
{
    runtime().block_on(async {
        let before = resident_bytes();
        for _ in 0..TASKS {
            tokio::spawn(task());
        }
        while WAITING.load(Ordering::Relaxed) < TASKS {
            yield_now().await;
        }
        let bytes = resident_bytes() - before;

        let start = Instant::now();
        fire();
        let fired = start.elapsed();
        while Handle::current().metrics().num_alive_tasks() > 0 {
            yield_now().await;
        }
        let ended = start.elapsed();
        [fired.as_secs_f64() * 1e9, ended.as_secs_f64() * 1e9, bytes].map(|c| c / f64::from(TASKS))
    })
}

/// How many have been polled, and wait.
static WAITING: AtomicU32 = AtomicU32::new(0);

/// A body without a size that never ends.
struct Waiting;

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        WAITING.fetch_add(1, Ordering::Relaxed);
        Poll::Pending
    }
}

/// The memory of this process; zero where it cannot be learned.
fn resident_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|l| l.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() * 1024.0
}
