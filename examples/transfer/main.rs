//! Moves money between accounts in a SQLite file, under deadlines, and shows that the books balance.
//!
//! ```sh
//! cargo run --example transfer
//! cargo run --example transfer -- --file bank.db --transfers 100 --deadline 50ms
//! ```
//!
//! Each transfer reserves the money, waits for a risk check and settles. It may be cut by its
//! deadline, or by Ctrl-C, and not while it settles; what it reserved by then is given back. See
//! `transfer` in `bank.rs`; its test kills it at every await. Against `kill -9` no code of the
//! program helps: what such a run had reserved, the next one on the same file gives back.
//!
//! Exit status: 0 if the books balance, 1 if not, 2 for bad arguments.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use fence::{Event, Fenced};
use futures::future::join_all;
use humantime::parse_duration;
use tokio::time::sleep;

use bank::{Ending, transfer};
use books::{Books, NAMES, Order, Totals};

mod bank;
mod books;

/// Like `println!`, but for output that nobody may read any more: a broken pipe is no panic.
macro_rules! say {
    ($($text:tt)*) => {
        drop(writeln!(io::stdout(), $($text)*))
    };
}

const USAGE: &str =
    "usage: transfer [--file PATH] [--transfers N] [--deadline DURATION] [--risk-check DURATION]";
const OPTIONS: &str = "
  --file PATH            where the books are, and stay (a new file, removed at the end)
  --transfers N          how many transfers, all at once (20)
  --deadline DURATION    how long each of them has (200ms)
  --risk-check DURATION  how long the longest risk check takes (400ms)
  --help                 prints this";

const ROWS: usize = 20;

struct Settings {
    file: PathBuf,
    is_kept: bool,
    transfers: u32,
    deadline: Duration,
    risk_check: Duration,
}

fn main() -> ExitCode {
    if env::args_os().any(|argument| argument == "--help") {
        say!("{USAGE}\n{OPTIONS}");
        return ExitCode::SUCCESS;
    }
    let settings = match arguments(env::args_os().skip(1)) {
        Ok(settings) => settings,
        Err(problem) => {
            eprintln!("error: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let balanced = run(&settings);
    if !settings.is_kept {
        // It need not be there, if it could not be opened.
        let _ = std::fs::remove_file(&settings.file);
    }
    match balanced {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {}: {error}", settings.file.display());
            ExitCode::FAILURE
        }
    }
}

/// Whether the books balance. The file is closed when it returns: the runtime waits for its threads.
#[tokio::main(flavor = "current_thread")]
async fn run(settings: &Settings) -> rusqlite::Result<bool> {
    tokio::spawn(async {
        if tokio::signal::ctrl_c().await.is_ok() {
            Event::named("shutdown").set_because("Ctrl-C");
        }
    });
    // Before anything is announced, so that no signal finds the default action in place.
    tokio::task::yield_now().await;
    let books = Books::open(settings.file.clone()).await?;
    let recovered = books.recover().await?;
    if recovered > 0 {
        say!("reservations of a run that was killed, given back: {recovered}");
    }
    let before = books.totals().await?;
    let (count, deadline) = (settings.transfers, settings.deadline);
    say!("{count} transfers, {deadline:?} each");
    let rows = join_all((1..=count).map(|id| move_money(&books, settings, id))).await;
    print(&rows);
    let after = books.totals().await?;
    Ok(print_balance(before, after))
}

/// What became of a transfer.
struct Row {
    order: Order,
    doing: &'static str,
    outcome: Fenced<rusqlite::Result<Ending>>,
}

async fn move_money(books: &Books, settings: &Settings, id: u32) -> Row {
    let name = |n: u32| NAMES[n as usize % NAMES.len()];
    let order = Order {
        id,
        source: name(id),
        target: name(id + 1 + id % 7),
        cents: 100 + i64::from(id) * 3701 % 20_000,
    };
    let mut doing = bank::WAITING;
    let risk = risk_check(order, settings.risk_check);
    let outcome = transfer(books, order, settings.deadline, risk, &mut doing).await;
    Row {
        order,
        doing,
        outcome,
    }
}

/// Stands for a call to another service: some answers take long, and some are no.
async fn risk_check(order: Order, longest: Duration) -> bool {
    sleep(longest.saturating_mul(order.id % 11) / 10).await;
    order.cents < 15_000
}

/// Whatever cut them, or did not: this is outside of every fence.
fn print(rows: &[Row]) {
    let mut counts = BTreeMap::<_, usize>::new();
    for row in rows {
        *counts.entry(row.ending()).or_default() += 1;
    }
    for ((ending, why), count) in counts {
        say!("{}", format!("  {count:>5} {ending:<9}  {why}").trim_end());
    }
    let cancelled: Vec<_> = rows
        .iter()
        .filter(|row| row.outcome.is_cancelled())
        .collect();
    if !cancelled.is_empty() {
        say!("what the cancelled ones were doing");
    }
    for Row { order, doing, .. } in cancelled.iter().take(ROWS) {
        let (id, amount) = (format!("#{}", order.id), money(order.cents));
        let way = format!("from {} to {}", order.source, order.target);
        say!("  {id:<4} {amount:>6} {way:<19}  {doing}");
    }
    if cancelled.len() > ROWS {
        say!("  … and {} more", cancelled.len() - ROWS);
    }
}

impl Row {
    /// How it ended, and why.
    fn ending(&self) -> (&'static str, String) {
        match &self.outcome {
            Fenced::Completed(Ok(Ending::Done)) => ("done", String::new()),
            Fenced::Completed(Ok(Ending::Refused(why))) => ("refused", (*why).to_owned()),
            Fenced::Completed(Err(error)) => ("failed", error.to_string()),
            Fenced::Cancelled(why) if why.cleanup().is_clean() => {
                ("cancelled", why.primary().to_string())
            }
            Fenced::Cancelled(why) => (
                "cancelled",
                format!("{} ({})", why.primary(), why.cleanup()),
            ),
        }
    }
}

fn print_balance(before: Totals, after: Totals) -> bool {
    say!("reservations left: {}", after.reservations);
    let (old, new) = (money(before.cents), money(after.cents));
    say!("all balances: {old} before, {new} after");
    before == after
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn arguments(mut given: impl Iterator<Item = OsString>) -> Result<Settings, String> {
    let mut settings = Settings::default();
    while let Some(option) = given.next() {
        let option = option.to_string_lossy().into_owned();
        let value = given.next();
        match option.as_str() {
            "--file" => settings.keep(value)?,
            "--transfers" => {
                settings.transfers = parsed(&option, value, "20", str::parse)?;
            }
            "--deadline" => {
                settings.deadline = parsed(&option, value, "200ms", parse_duration)?;
            }
            "--risk-check" => {
                settings.risk_check = parsed(&option, value, "400ms", parse_duration)?;
            }
            _ => return Err(format!("unknown argument `{option}`")),
        }
    }
    Ok(settings)
}

/// Reads the value of an option, or says what to write.
fn parsed<T, E: Display>(
    option: &str,
    value: Option<OsString>,
    example: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, String> {
    let help = format!("write `{option} {example}`");
    let value = value.ok_or_else(|| format!("`{option}` needs a value: {help}"))?;
    let value = value.to_string_lossy();
    parse(&value).map_err(|why| format!("`{option} {value}`: {why}; {help}"))
}

impl Default for Settings {
    fn default() -> Self {
        let own = format!("fence-transfer-{}.db", std::process::id());
        Self {
            file: env::temp_dir().join(own),
            is_kept: false,
            transfers: 20,
            deadline: Duration::from_millis(200),
            risk_check: Duration::from_millis(400),
        }
    }
}

impl Settings {
    fn keep(&mut self, path: Option<OsString>) -> Result<(), String> {
        let path = PathBuf::from(path.ok_or("`--file` needs a path: write `--file bank.db`")?);
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
            let (path, parent) = (path.display(), parent.display());
            return Err(format!(
                "`--file {path}`: `{parent}` is no directory: name one that exists"
            ));
        }
        (self.file, self.is_kept) = (path, true);
        Ok(())
    }
}
