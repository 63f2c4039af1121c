//! Works off a queue of jobs, each with a budget, until it is told to stop.
//!
//! ```sh
//! printf 'mail 20\nvideo 900\nbackup 50\n' | cargo run --example worker -- --budget 200ms
//! ```
//!
//! A line of the input is a job: its name, and how many milliseconds it takes; on a terminal there
//! is a small list to try. A job that takes longer than the budget is cut. SIGTERM (or Ctrl-C)
//! sets the event named `"shutdown"`: the job at hand is cut and goes back to the queue, and what
//! is left is listed. The line for each job is written outside of the fence, so none is lost.
//!
//! Exit status: 0 if every job was done, 1 if some were not, 2 for bad input.

use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use fence::{Event, Fenced};
use tokio::time::sleep;

/// Like `println!`, but for output that nobody may read any more: a broken pipe is no panic.
macro_rules! say {
    ($($text:tt)*) => {
        drop(writeln!(io::stdout(), $($text)*))
    };
}

const USAGE: &str = "usage: worker [--budget DURATION] < JOBS     (a job: `NAME MILLISECONDS`)";
const SAMPLE: &str = "mail 20\nvideo 5000\nbackup 50";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::args_os().any(|argument| argument == "--help") {
        say!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let given: Vec<String> = std::env::args().skip(1).collect();
    let parsed = budget(&given.iter().map(String::as_str).collect::<Vec<_>>())
        .and_then(|budget| Ok((budget, jobs()?)));
    let (budget, queue) = match parsed {
        Ok(parsed) => parsed,
        Err(problem) => {
            eprintln!("error: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // Before the first job is announced, so that no signal finds the default action in place.
    match signals() {
        Ok(signals) => drop(tokio::spawn(stop_on(signals))),
        Err(error) => eprintln!("warning: signals will not stop this worker: {error}"),
    }
    if work_off(queue, budget).await {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The part that may be interrupted: by its budget, and by the event of the process.
#[fence::fenced(budget = budget, on = "shutdown")]
async fn run(job: &Job, budget: Duration) -> u64 {
    let mut steps = 0;
    while steps < job.millis {
        sleep(Duration::from_millis(1)).await;
        steps += 1;
    }
    steps
}

struct Job {
    name: String,
    millis: u64,
}

/// Whether all were done.
async fn work_off(mut queue: VecDeque<Job>, budget: Duration) -> bool {
    let mut is_all_done = true;
    while let Some(job) = queue.pop_front() {
        say!("{}: started", job.name);
        match run(&job, budget).await {
            Fenced::Completed(steps) => say!("{}: done in {steps} steps", job.name),
            Fenced::Cancelled(why) if why.by("shutdown") => {
                say!("{}: back to the queue, {}", job.name, why.primary());
                queue.push_front(job);
                break;
            }
            Fenced::Cancelled(why) => {
                say!("{}: given up, {}", job.name, why.primary());
                is_all_done = false;
            }
        }
    }
    for job in &queue {
        say!("{}: left in the queue", job.name);
    }
    is_all_done && queue.is_empty()
}

async fn stop_on(signal: impl Future<Output = &'static str>) {
    Event::named("shutdown").set_because(signal.await);
}

/// Listens from the call on, not from the first poll as `tokio::signal::ctrl_c` does.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "Ctrl-C",
        }
    })
}

#[cfg(windows)]
fn signals() -> io::Result<impl Future<Output = &'static str>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
        "Ctrl-C"
    })
}

fn budget(given: &[&str]) -> Result<Duration, String> {
    match given {
        [] => Ok(Duration::from_secs(1)),
        ["--budget", text] => humantime::parse_duration(text)
            .map_err(|why| format!("`--budget {text}`: {why}; write `200ms` or `5s`")),
        ["--budget"] => Err("`--budget` needs a duration, such as `200ms`".to_owned()),
        ["--budget", _, other, ..] | [other, ..] => Err(format!("unknown argument `{other}`")),
    }
}

fn jobs() -> Result<VecDeque<Job>, String> {
    let input = io::stdin().lock();
    if input.is_terminal() {
        return SAMPLE.lines().map(job).collect();
    }
    let is_blank =
        |line: &io::Result<String>| line.as_ref().is_ok_and(|line| line.trim().is_empty());
    input
        .lines()
        .filter(|line| !is_blank(line))
        .map(|line| job(&line.map_err(|error| error.to_string())?))
        .collect()
}

fn job(line: &str) -> Result<Job, String> {
    let explain = || format!("`{line}` is no job: write `mail 20`");
    let (name, millis) = line.trim().split_once(' ').ok_or_else(explain)?;
    let millis = millis.trim().parse().map_err(|_| explain())?;
    Ok(Job {
        name: name.to_owned(),
        millis,
    })
}
