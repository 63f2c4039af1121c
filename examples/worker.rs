//! Works off a queue of jobs, each with a budget, until it is told to stop.
//!
//! ```sh
//! printf 'mail 20\nvideo 900\nbackup 50\n' | cargo run --example worker -- --budget 200ms
//! ```
//!
//! A line of the input is a job: its name, and how many milliseconds it takes. A job that takes
//! longer than the budget is cut. SIGTERM (or Ctrl-C) sets the event named `"shutdown"`: the job at
//! hand is cut and goes back to the queue, and what is left is listed. The line for each job is
//! written outside of the fence, so none is lost.
//!
//! Exit status: 0 if every job was done, 1 if some were not, 2 for bad input.

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Duration;

use fence::{Event, Fenced};
use tokio::time::sleep;

const USAGE: &str = "usage: worker [--budget DURATION] < JOBS     (a job: `NAME MILLISECONDS`)";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let parsed = budget(std::env::args().skip(1)).and_then(|budget| Ok((budget, jobs()?)));
    let (budget, queue) = match parsed {
        Ok(parsed) => parsed,
        Err(problem) => {
            eprintln!("error: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    // Before the first job is announced, so that no signal finds the default action in place.
    match terminated() {
        Ok(terminated) => drop(tokio::spawn(stop_on(terminated))),
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
        println!("{}: started", job.name);
        match run(&job, budget).await {
            Fenced::Completed(steps) => println!("{}: done in {steps} steps", job.name),
            Fenced::Cancelled(why) if why.by("shutdown") => {
                println!("{}: back to the queue, {}", job.name, why.primary());
                queue.push_front(job);
                break;
            }
            Fenced::Cancelled(why) => {
                println!("{}: given up, {}", job.name, why.primary());
                is_all_done = false;
            }
        }
    }
    for job in &queue {
        println!("{}: left in the queue", job.name);
    }
    is_all_done && queue.is_empty()
}

async fn stop_on(terminated: impl Future<Output = ()>) {
    let signal = tokio::select! {
        () = terminated => "SIGTERM",
        _ = tokio::signal::ctrl_c() => "Ctrl-C",
    };
    Event::named("shutdown").set_because(signal);
}

#[cfg(unix)]
fn terminated() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move { _ = terminate.recv().await })
}

#[cfg(not(unix))]
fn terminated() -> io::Result<impl Future<Output = ()>> {
    Ok(std::future::pending())
}

fn budget(mut given: impl Iterator<Item = String>) -> Result<Duration, String> {
    match (given.next().as_deref(), given.next()) {
        (None, _) => Ok(Duration::from_secs(1)),
        (Some("--budget"), Some(text)) => humantime::parse_duration(&text)
            .map_err(|why| format!("`--budget {text}`: {why}; write `200ms` or `5s`")),
        (Some("--budget"), None) => Err("`--budget` needs a duration, such as `200ms`".to_owned()),
        (Some(other), _) => Err(format!("unknown argument `{other}`")),
    }
}

fn jobs() -> Result<VecDeque<Job>, String> {
    let lines = io::stdin().lock().lines();
    lines
        .map(|line| job(&line.map_err(|error| error.to_string())?))
        .collect()
}

fn job(line: &str) -> Result<Job, String> {
    let explain = || format!("`{line}` is no job: write `mail 20`");
    let (name, millis) = line.split_once(' ').ok_or_else(explain)?;
    let millis = millis.trim().parse().map_err(|_| explain())?;
    Ok(Job {
        name: name.to_owned(),
        millis,
    })
}
