//! How processes end, as their supervisors see it: `program.rs` has the situations.
#![cfg(unix)]

mod as_process_one;

use std::thread;

use support::program::Program;

/// What is done to it once it is ready.
#[derive(Clone, Copy, Debug)]
enum Sends {
    Nothing,
    Once(&'static str),
    /// At one moment.
    Burst(&'static [&'static str]),
    /// The first one, and the other until it ends.
    Twice(&'static str, &'static str),
}
use Sends::{Burst, Nothing, Once, Twice};

/// The situation, what is sent, the status, and what is said on stderr.
type Row = (&'static str, Sends, i32, &'static str);

const DRAINED: &str = "";
const ENDED: &str = "ended here, as `main` has not returned";

/// The program decides.
const STATUS: [Row; 8] = [
    ("idle", Once("-TERM"), 0, DRAINED),
    ("idle", Once("-INT"), 0, DRAINED),
    ("a task that ends", Once("-TERM"), 0, DRAINED),
    ("it fails", Once("-TERM"), 1, "no"),
    ("it returns seven", Nothing, 7, DRAINED),
    ("130 after Ctrl-C", Once("-INT"), 130, DRAINED),
    ("130 after Ctrl-C", Once("-TERM"), 143, DRAINED),
    ("it panics", Nothing, 101, "as it should"),
];

/// What is left is named.
const LEFT: [Row; 7] = [
    (
        "a task that is stuck",
        Once("-TERM"),
        1,
        "Error: shutdown: SIGTERM, 1 not drained\n  left: task `core::future::pending::Pending` at tests/endings/program.rs:",
    ),
    (
        "a program that is stuck",
        Once("-INT"),
        1,
        "Error: shutdown: SIGINT, 1 not drained\n  left: program `endings::stuck` at tests/endings/program.rs:",
    ),
    (
        "begun by hand",
        Nothing,
        1,
        "Error: shutdown: a deploy, 1 not drained\n  left: program `endings::stuck` at ",
    ),
    (
        "begun by hand (three seconds)",
        Once("-TERM"),
        1,
        "Error: shutdown: a deploy, 1 not drained\n  left: program `endings::stuck` at ",
    ),
    (
        "a thread of ours",
        Once("-TERM"),
        1,
        "Error: shutdown: SIGTERM, 1 not drained\n  left: thread `endings::beside` at tests/endings/program.rs:",
    ),
    (
        "a task that has panicked",
        Once("-TERM"),
        1,
        "Error: shutdown: SIGTERM, drained, 1 panicked\n  panicked: task `endings::beside` at tests/endings/program.rs:",
    ),
    ("a cause that panics", Nothing, 0, "a cause"),
];

/// The plan decides when, whatever holds the process.
const HELD: [Row; 14] = [
    ("a thread of tokio", Once("-TERM"), 0, ENDED),
    ("stdin", Once("-TERM"), 0, ENDED),
    ("main goes on", Once("-TERM"), 0, ENDED),
    (
        "main finishes (a minute to drain)",
        Once("-TERM"),
        0,
        DRAINED,
    ),
    ("it panics beside a thread", Nothing, 101, "as it should"),
    (
        "a program that is blocked",
        Once("-TERM"),
        1,
        "1 not drained\n  left: program `endings::within_runtime` at ",
    ),
    ("all workers are blocked", Once("-TERM"), 0, ENDED),
    ("installed in no runtime", Once("-TERM"), 0, DRAINED),
    (
        "installed in a runtime that is gone",
        Once("-TERM"),
        0,
        DRAINED,
    ),
    (
        "installed in a runtime that is idle",
        Once("-TERM"),
        0,
        DRAINED,
    ),
    ("nothing waits for it", Once("-TERM"), 1, ENDED),
    ("a full stderr", Once("-TERM"), 1, "much"),
    ("a waker that blocks", Once("-TERM"), 0, DRAINED),
    ("a waker that panics", Once("-TERM"), 0, "a waker"),
];

/// A second signal ends it at once, unless it comes along with the first.
const SIGNALS: [Row; 8] = [
    ("idle", Burst(&["-TERM", "-TERM", "-TERM"]), 0, DRAINED),
    ("idle", Burst(&["-INT", "-TERM"]), 0, DRAINED),
    ("idle (an hour)", Twice("-TERM", "-TERM"), 143, DRAINED),
    ("idle (an hour)", Twice("-INT", "-INT"), 130, DRAINED),
    ("idle (an hour)", Twice("-TERM", "-INT"), 130, DRAINED),
    (
        "begun by hand (an hour)",
        Twice("-TERM", "-TERM"),
        143,
        DRAINED,
    ),
    (
        "a program that is stuck (an hour)",
        Twice("-TERM", "-TERM"),
        143,
        DRAINED,
    ),
    (
        "a program that is blocked (an hour)",
        Twice("-TERM", "-TERM"),
        143,
        DRAINED,
    ),
];

#[test]
fn the_status_is_that_of_the_program() {
    check(&STATUS);
}

#[test]
fn what_is_left_is_named_and_the_status_is_one() {
    check(&LEFT);
}

#[test]
fn the_process_ends_by_the_plan_whatever_it_waits_for() {
    check(&HELD);
}

#[test]
fn a_second_signal_ends_it_at_once_and_several_at_once_are_one() {
    check(&SIGNALS);
}

/// GNU `timeout` signals its child, and then its own process group, the child among it.
#[test]
fn a_wrapper_that_signals_twice_at_once_means_it_once() {
    let program = Program::start_under(&["timeout", "1"], "endings", &["idle"]);
    program.line("ready");
    let ended = program.end();
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(124), ""));
    assert_eq!(ended.stdout, "shutdown: SIGTERM, drained\n");
}

#[test]
fn a_signal_before_the_installation_kills() {
    let program = Program::start_open("endings", &["killed before it installs"]);
    program.line("ready");
    program.terminate();
    let ended = program.end();
    assert_eq!((ended.status, ended.stderr.as_str()), (None, ""));
}

/// All rows at the same time.
fn check(rows: &'static [Row]) {
    let runs: Vec<_> = rows.iter().map(|row| thread::spawn(|| run(row))).collect();
    for run in runs {
        run.join().expect("a row that holds");
    }
}

fn run(row: &Row) {
    let (situation, sends, status, stderr) = *row;
    let program = Program::start_open("endings", &[situation]);
    let ended = match sends {
        Nothing => program.end(),
        Once(signal) => {
            program.line("ready");
            program.signal(signal);
            program.end()
        }
        Burst(signals) => {
            program.line("ready");
            program.burst(signals);
            program.end()
        }
        Twice(first, then) => {
            program.line("ready");
            program.signal(first);
            program.end_by(then)
        }
    };
    assert_eq!(ended.status, Some(status), "{row:?}: {}", ended.stderr);
    if stderr.is_empty() {
        assert_eq!(ended.stderr, "", "{row:?}");
    }
    assert!(ended.stderr.contains(stderr), "{row:?}: {}", ended.stderr);
}
