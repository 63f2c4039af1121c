//! Hashes every file below a directory, under one time budget, and says what it had to leave.
//!
//! ```sh
//! cargo run --example quickstart                            # this repository
//! cargo run --example quickstart -- --timeout 50ms /usr     # cut by its budget
//! ```
//!
//! Ctrl-C cuts it too. `hash` names what may interrupt it; the budget is bound once, in `main`, and
//! `hash` obeys it without knowing. What was hashed stays hashed, and the table at the end is
//! written whatever happened: it is outside of every fence.
//!
//! Exit status: 0 if every file was hashed, 1 if something is missing, 2 for bad arguments.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fence::{Cancelled, Event, Fenced, Fencing};
use futures::stream::{self, StreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::io::AsyncReadExt;
use walkdir::{DirEntry, WalkDir};

const USAGE: &str = "usage: quickstart [--timeout DURATION] [DIRECTORY]";
const AT_ONCE: usize = 8;
const ROWS: usize = 8;

#[tokio::main]
async fn main() -> ExitCode {
    let (root, budget) = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("error: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            Event::named("shutdown").set_because("Ctrl-C");
        }
    });
    let start = Instant::now();
    let report = Fencing::new().budget(budget).bind(hash_all(&root)).await;
    report.print(start.elapsed());
    if report.is_whole() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What may be interrupted: at each read, by its own timeout, by the event, by what is bound.
#[fence::fenced(timeout = "10s", on = "shutdown")]
async fn hash(path: &Path) -> io::Result<Hashed> {
    let mut file = tokio::fs::File::open(path).await?;
    let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer).await? {
            0 => {
                return Ok(Hashed {
                    bytes: hasher.count(),
                    hash: hasher.finalize(),
                });
            }
            read => _ = hasher.update(&buffer[..read]),
        }
    }
}

struct Hashed {
    bytes: u64,
    hash: blake3::Hash,
}

async fn hash_all(root: &Path) -> Report {
    let (mut report, is_partial) = (Report::default(), Cell::new(false));
    let bar = progress();
    let mut outcomes = stream::iter(files(root))
        .take_while(|_| {
            is_partial.set(is_over());
            std::future::ready(!is_partial.get())
        })
        .map(|path| async move { (hash(&path).await, path) })
        .buffer_unordered(AT_ONCE);
    while let Some((outcome, path)) = outcomes.next().await {
        bar.inc(1);
        report.add(path, outcome);
    }
    bar.finish_and_clear();
    drop(outcomes);
    report.is_partial = is_partial.get();
    report
}

/// Found as they are asked for, so that the first is hashed at once.
fn files(root: &Path) -> impl Iterator<Item = PathBuf> {
    let skipped = |entry: &DirEntry| matches!(entry.file_name().to_str(), Some("target" | ".git"));
    let entries = WalkDir::new(root)
        .into_iter()
        .filter_entry(move |entry| !skipped(entry));
    let files = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file());
    files.map(DirEntry::into_path)
}

/// Whether what cut one file would cut all that follow.
fn is_over() -> bool {
    Event::named("shutdown").is_set() || fence::remaining() == Some(Duration::ZERO)
}

/// Draws nothing where nobody looks: only on a terminal.
fn progress() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {pos} files");
    let bar = ProgressBar::no_length();
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

#[derive(Default)]
struct Report {
    hashed: BTreeMap<PathBuf, Hashed>,
    cut: Vec<(PathBuf, Cancelled)>,
    failed: Vec<(PathBuf, io::Error)>,
    /// It ended before every file was found.
    is_partial: bool,
}

impl Report {
    fn add(&mut self, path: PathBuf, outcome: Fenced<io::Result<Hashed>>) {
        match outcome {
            Fenced::Completed(Ok(hashed)) => _ = self.hashed.insert(path, hashed),
            Fenced::Completed(Err(error)) => self.failed.push((path, error)),
            Fenced::Cancelled(why) => self.cut.push((path, why)),
        }
    }

    fn is_whole(&self) -> bool {
        self.cut.is_empty() && self.failed.is_empty() && !self.is_partial
    }

    fn print(&self, elapsed: Duration) {
        let bytes: u64 = self.hashed.values().map(|hashed| hashed.bytes).sum();
        let elapsed = humantime::format_duration(Duration::from_secs_f64(
            (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
        ));
        println!(
            "files hashed: {} ({bytes} bytes, {elapsed})",
            self.hashed.len()
        );
        rows(
            self.hashed
                .iter()
                .map(|(path, hashed)| (path, hashed.hash.to_hex()[..16].to_owned())),
        );
        if !self.cut.is_empty() {
            println!("files cut: {}", self.cut.len());
            rows(self.cut.iter().map(|(path, why)| (path, why.to_string())));
        }
        if self.is_partial {
            println!("what else there is was not looked at");
        }
        if !self.failed.is_empty() {
            println!("files that could not be read: {}", self.failed.len());
            rows(
                self.failed
                    .iter()
                    .map(|(path, error)| (path, error.to_string())),
            );
        }
    }
}

fn rows<'a>(rows: impl ExactSizeIterator<Item = (&'a PathBuf, String)>) {
    let more = rows.len().saturating_sub(ROWS);
    for (path, text) in rows.take(ROWS) {
        println!("  {:<48} {text}", path.display());
    }
    if more > 0 {
        println!("  … and {more} more");
    }
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<(PathBuf, Duration), String> {
    let (mut root, mut budget) = (PathBuf::from("."), Duration::from_secs(60));
    while let Some(argument) = given.next() {
        if argument == "--timeout" {
            let text = given
                .next()
                .ok_or("`--timeout` needs a duration: write `--timeout 30s`")?;
            let explain = |why| format!("`--timeout {text}`: {why}; write `30s` or `1m 30s`");
            budget = humantime::parse_duration(&text).map_err(explain)?;
        } else if argument.starts_with('-') {
            return Err(format!("unknown option `{argument}`"));
        } else {
            root = PathBuf::from(argument);
        }
    }
    if root.is_dir() {
        return Ok((root, budget));
    }
    Err(format!(
        "`{}` is no directory: name one that exists",
        root.display()
    ))
}
