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

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use blake3::Hasher;
use fence::{Event, Fenced, Fencing};
use futures::stream::{self, StreamExt};
use indicatif::{HumanBytes, ProgressBar};
use tokio::io::AsyncReadExt;
use walkdir::{DirEntry, WalkDir};

/// Like `println!`, but for output that nobody may read any more: a broken pipe is no panic.
macro_rules! say {
    ($($text:tt)*) => {
        drop(writeln!(io::stdout(), $($text)*))
    };
}

const USAGE: &str = "usage: quickstart [--timeout DURATION] [DIRECTORY]";
const AT_ONCE: usize = 8;
const ROWS: usize = 8;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args_os().any(|argument| argument == "--help") {
        say!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let (root, budget) = match arguments(std::env::args_os().skip(1)) {
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
async fn hash(path: &Path) -> io::Result<Hasher> {
    let mut file = tokio::fs::File::open(path).await?;
    let (mut hasher, mut buffer) = (Hasher::new(), vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer).await? {
            0 => return Ok(hasher),
            read => _ = hasher.update(&buffer[..read]),
        }
    }
}

async fn hash_all(root: &Path) -> Report {
    let (mut report, mut is_partial) = (Report::default(), false);
    let found = files(root).take_while(|_| {
        is_partial = is_over();
        !is_partial
    });
    let mut outcomes = stream::iter(found)
        .map(|path| async move { (hash(&path).await, path) })
        .buffer_unordered(AT_ONCE);
    // Draws nothing where nobody looks: only on a terminal.
    let bar = ProgressBar::new_spinner();
    while let Some((outcome, path)) = outcomes.next().await {
        bar.inc(1);
        bar.set_message(format!("{} files", bar.position()));
        report.add(path, outcome);
    }
    bar.finish_and_clear();
    drop(outcomes);
    report.is_partial = is_partial;
    report
}

/// Found as they are asked for, so that the first is hashed at once. A directory that cannot be read
/// is among them: `hash` meets the same error, and it is reported.
fn files(root: &Path) -> impl Iterator<Item = PathBuf> {
    let is_skipped = |entry: &DirEntry| {
        entry.depth() > 0 && matches!(entry.file_name().to_str(), Some("target" | ".git"))
    };
    let found = WalkDir::new(root).into_iter();
    found
        .filter_entry(move |entry| !is_skipped(entry))
        .filter_map(|entry| match entry {
            Ok(entry) => entry.file_type().is_file().then(|| entry.into_path()),
            Err(error) => error.path().map(Path::to_owned),
        })
}

/// Whether what cut one file would cut all that follow.
fn is_over() -> bool {
    Event::named("shutdown").is_set() || fence::remaining() == Some(Duration::ZERO)
}

/// A path, and what there is to say about it.
type Rows = BTreeMap<PathBuf, String>;

#[derive(Default)]
struct Report {
    bytes: u64,
    hashed: Rows,
    cut: Rows,
    failed: Rows,
    /// It ended before every file was found.
    is_partial: bool,
}

impl Report {
    fn add(&mut self, path: PathBuf, outcome: Fenced<io::Result<Hasher>>) {
        let (rows, text) = match outcome {
            Fenced::Completed(Ok(hasher)) => {
                self.bytes += hasher.count();
                let hash = hasher.finalize().to_hex();
                (&mut self.hashed, hash[..16].to_owned())
            }
            Fenced::Completed(Err(error)) => (&mut self.failed, error.to_string()),
            Fenced::Cancelled(why) => (&mut self.cut, why.primary().to_string()),
        };
        rows.insert(path, text);
    }

    fn is_whole(&self) -> bool {
        self.cut.is_empty() && self.failed.is_empty() && !self.is_partial
    }

    fn print(&self, elapsed: Duration) {
        let (count, size) = (self.hashed.len(), HumanBytes(self.bytes));
        say!("files hashed: {count} ({size} in {elapsed:.1?})");
        print(&self.hashed);
        if !self.cut.is_empty() {
            say!("files cut: {}", self.cut.len());
            print(&self.cut);
        }
        if !self.failed.is_empty() {
            say!("could not be read: {}", self.failed.len());
            print(&self.failed);
        }
        if self.is_partial {
            say!("what else there is was not looked at");
        }
    }
}

/// The path last: it may be long.
fn print(rows: &Rows) {
    for (path, text) in rows.iter().take(ROWS) {
        say!("  {text}  {}", path.display());
    }
    if rows.len() > ROWS {
        say!("  … and {} more", rows.len() - ROWS);
    }
}

fn arguments(mut given: impl Iterator<Item = OsString>) -> Result<(PathBuf, Duration), String> {
    let (mut root, mut budget) = (None, Duration::from_secs(60));
    while let Some(argument) = given.next() {
        let text = argument.to_string_lossy();
        if text == "--timeout" {
            let value = given
                .next()
                .ok_or("`--timeout` needs a duration: write `--timeout 30s`")?;
            let value = value.to_string_lossy();
            let explain = |why| format!("`--timeout {value}`: {why}; write `30s` or `1m 30s`");
            budget = humantime::parse_duration(&value).map_err(explain)?;
        } else if text.starts_with('-') {
            return Err(format!("unknown option `{text}`"));
        } else if root.is_some() {
            return Err(format!("`{text}` is one directory too many: name one"));
        } else {
            root = Some(PathBuf::from(argument));
        }
    }
    let root = root.unwrap_or_else(|| PathBuf::from("."));
    if root.is_dir() {
        return Ok((root, budget));
    }
    let root = root.display();
    Err(format!("`{root}` is no directory: name one that exists"))
}
