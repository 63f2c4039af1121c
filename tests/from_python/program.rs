//! The programs in the documentation of four Python libraries, as they are written here.
//!
//! ```sh
//! cargo run --example from_python                      # all of them
//! cargo run --example from_python -- aiotools          # those of one library
//! cargo run --example from_python -- aiotools/race     # one
//! cargo run --example from_python -- --list            # their names, and what each is about
//! ```
//!
//! For whoever comes from `aiofence`, `cancel_scope`, `asyncio_cancel_scope` or `aiotools`: look
//! for the program that you know. Each prints what the original prints, times to one decimal. Where
//! the original prints Python objects, the reasons of this library stand in their place, and where
//! it prints nothing, a few lines that show what happened. Left out is what has nothing to do with
//! cancellation, such as the context managers of `aiotools`.
//!
//! Each program is a `main` with a runtime of its own. Its clock is paused and jumps from timer to
//! timer, so an hour takes no time and every moment is exact; only the two programs with sockets
//! wait for real.
//!
//! Exit status: 0, or 2 for a name that is not known.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use fence::Event;
use tokio::time::{Instant, sleep};

mod aiofence;
mod aiotools;
mod asyncio_cancel_scope;
mod cancel_scope;

const USAGE: &str = "usage: from_python [--list] [LIBRARY | LIBRARY/PROGRAM]...";

/// The twin of one program, or of several that show the same.
pub struct Program {
    /// `library/program`.
    name: &'static str,
    about: &'static str,
    run: fn(),
}

impl Program {
    const fn new(name: &'static str, about: &'static str, run: fn()) -> Self {
        Self { name, about, run }
    }

    fn is_called(&self, name: &str) -> bool {
        let library = self.name.split_once('/').map(|(library, _)| library);
        self.name == name || library == Some(name)
    }
}

fn programs() -> impl Iterator<Item = &'static Program> {
    [
        aiofence::PROGRAMS,
        cancel_scope::PROGRAMS,
        asyncio_cancel_scope::PROGRAMS,
        aiotools::PROGRAMS,
    ]
    .into_iter()
    .flatten()
}

fn main() -> ExitCode {
    let names: Vec<String> = env::args().skip(1).collect();
    if names == ["--list"] {
        println!("{}", list());
        return ExitCode::SUCCESS;
    }
    let is_known = |name: &String| programs().any(|program| program.is_called(name));
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        eprintln!(
            "error: there is no program `{unknown}`; there are\n{}\n{USAGE}",
            list()
        );
        return ExitCode::from(2);
    }
    let is_wanted =
        |program: &&Program| names.is_empty() || names.iter().any(|name| program.is_called(name));
    for program in programs().filter(is_wanted) {
        println!("## {}", program.name);
        (program.run)();
    }
    ExitCode::SUCCESS
}

fn list() -> String {
    let line = |program: &Program| format!("{:<38} {}", program.name, program.about);
    programs().map(line).collect::<Vec<_>>().join("\n")
}

/// How long ago that was, in seconds, to one decimal.
fn since(start: Instant) -> String {
    format!("{:.1}", start.elapsed().as_secs_f64())
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A source that somebody sets after a while: a client that leaves, a service that goes down.
fn event_after(delay: Duration) -> Event {
    let event = Event::new();
    let setting = event.clone();
    tokio::spawn(async move {
        sleep(delay).await;
        setting.set();
    });
    event
}

/// A source that nobody sets.
const NEVER: Duration = Duration::MAX;
