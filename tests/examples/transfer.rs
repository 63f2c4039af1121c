//! `examples/transfer`, run as the README says; `killed` kills its transfers at every await.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use support::program::{Ended, Program};

mod killed;

/// A file of its own, removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("fence-test-{}-{count}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("it is text")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Not every test gets as far as making it.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(arguments: &[&str]) -> Ended {
    Program::start("transfer", arguments, "").end()
}

/// Whatever else a run says, it ends with this.
const BALANCED: &str = "reservations left: 0\nall balances: 8000.00 before, 8000.00 after\n";

/// How many transfers ended like that.
fn count(ended: &Ended, ending: &str) -> usize {
    let lines = ended.stdout.lines().map(str::split_whitespace);
    let counts = lines.filter_map(|mut words| Some((words.next()?, words.next()?)));
    let counts = counts.filter(|(_, word)| *word == ending);
    counts
        .map(|(count, _)| count.parse::<usize>().expect("a number"))
        .sum()
}

#[test]
fn it_tells_what_became_of_each_transfer() {
    let file = Scratch::new();
    for (deadline, risk_check) in [("1h", "0s"), ("0s", "1h"), ("30ms", "60ms")] {
        let options = [
            "--deadline",
            deadline,
            "--risk-check",
            risk_check,
            "--transfers",
            "30",
        ];
        let ended = run(&[&options[..], &["--file", file.text()]].concat());
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.ends_with(BALANCED), "{}", ended.stdout);
        let [done, refused, cancelled] = ["done", "refused", "cancelled"].map(|e| count(&ended, e));
        assert_eq!(done + refused + cancelled, 30, "{}", ended.stdout);
        match deadline {
            "1h" => assert_eq!(cancelled, 0, "{}", ended.stdout),
            "0s" => assert_eq!(cancelled, 30, "{}", ended.stdout),
            _ => {}
        }
    }
}

#[test]
fn ctrl_c_cuts_what_is_not_settling() {
    let program = Program::start("transfer", &["--deadline", "2h", "--risk-check", "1h"], "");
    program.line("20 transfers, 7200s each");
    program.interrupt();
    let ended = program.end();
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("cancelled  shutdown: Ctrl-C\n"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.ends_with(BALANCED), "{}", ended.stdout);
}

#[test]
fn a_program_that_is_killed_leaves_books_that_the_next_one_balances() {
    let file = Scratch::new();
    let options = ["--file", file.text(), "--transfers", "200", "--risk-check"];
    let program = Program::start("transfer", &[&options[..], &["1h"]].concat(), "");
    program.line("200 transfers");
    drop(program);
    let ended = run(&[&options[..], &["0s"]].concat());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.ends_with(BALANCED), "{}", ended.stdout);
}

#[test]
fn help_is_given() {
    let ended = run(&["--help"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("usage: transfer "),
        "{}",
        ended.stdout
    );
}

#[test]
fn bad_arguments_are_explained() {
    for (arguments, message) in [
        (&["--deadline", "5"][..], "write `--deadline 200ms`"),
        (
            &["--deadline"],
            "`--deadline` needs a value: write `--deadline 200ms`",
        ),
        (&["--transfers", "-1"], "write `--transfers 20`"),
        (&["--risk-check", "x"], "write `--risk-check 400ms`"),
        (&["--file"], "`--file` needs a path: write `--file bank.db`"),
        (
            &["--file", "no/such/bank.db"],
            "`no/such` is no directory: name one that exists",
        ),
        (&["bank.db"], "unknown argument `bank.db`"),
    ] {
        let ended = run(arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}
