//! Runs an example as the program that it is.
#![allow(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "a test that cannot go on panics"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// However slow the machine: longer than any of them takes.
const WATCHDOG: Duration = Duration::from_secs(60);

pub struct Program {
    child: Child,
    /// Who gets the signals.
    id: u32,
    lines: Receiver<String>,
    input: Option<ChildStdin>,
}

/// What a program left behind.
pub struct Ended {
    pub status: Option<i32>,
    /// What it printed since the last line that was waited for.
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    /// Starts an example with arguments and with this text as its input.
    pub fn start(example: &str, arguments: &[&str], input: &str) -> Self {
        let mut program = Self::start_open(example, arguments);
        let mut stdin = program.input.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        program
    }

    /// The same with an input that does not end.
    pub fn start_open(example: &str, arguments: &[&str]) -> Self {
        Self::spawn(Command::new(path(example)).args(arguments))
    }

    /// The same, started by another program, such as `timeout 5`, and its child.
    pub fn start_under(starter: &[&str], example: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(starter[0]);
        let command = command.args(&starter[1..]).arg(path(example));
        Self::spawn(command.args(arguments))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (send, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
        });
        Self {
            id: child.id(),
            lines,
            input: child.stdin.take(),
            child,
        }
    }

    /// Signals go to the child of the starter from now on. It has to be ready.
    pub fn signal_the_child(&mut self) {
        let id = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.expect("the starter lives");
        self.id = children.trim().parse().expect("it has one child");
    }

    /// Writes a line to its input.
    pub fn write(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its input is open");
        writeln!(input, "{line}").expect("it reads");
    }

    /// Waits for a line with this text in it.
    pub fn line(&self, text: &str) -> String {
        let lines = self.lines_until(text);
        lines.lines().last().unwrap_or_default().to_owned()
    }

    /// The same with all lines before it.
    pub fn lines_until(&self, text: &str) -> String {
        let mut lines = String::new();
        loop {
            let line = self.lines.recv_timeout(WATCHDOG);
            let line = line.unwrap_or_else(|why| panic!("no line with `{text}`: {why}"));
            let is_last = line.contains(text);
            lines += &(line + "\n");
            if is_last {
                return lines;
            }
        }
    }

    /// Sends SIGTERM, as a supervisor does.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Sends a signal, such as `-TERM`.
    pub fn signal(&self, signal: &str) {
        self.burst(&[signal]);
    }

    /// Sends several, microseconds apart.
    pub fn burst(&self, signals: &[&str]) {
        assert!(self.send(signals), "it is there");
    }

    fn send(&self, signals: &[&str]) -> bool {
        let kills: Vec<_> = signals
            .iter()
            .map(|signal| format!("kill {signal} {}", self.id))
            .collect();
        let mut shell = Command::new("sh");
        let sent = shell.args(["-c", &kills.join(" && ")]).output();
        sent.expect("there is a shell").status.success()
    }

    /// Waits for its end.
    #[must_use]
    pub fn end(self) -> Ended {
        self.end_within(WATCHDOG, |_, stdout| {
            panic!("it does not end; it printed: {stdout}")
        })
    }

    /// Sends a signal (`-INT`) again and again until it ends: those within half a second of the
    /// first are the first.
    #[must_use]
    pub fn end_by(self, signal: &str) -> Ended {
        let start = Instant::now();
        self.end_within(Duration::from_millis(50), |this, stdout| {
            assert!(start.elapsed() < WATCHDOG, "it printed: {stdout}");
            // It may have ended just now.
            let _ = this.send(&[signal]);
        })
    }

    fn end_within(mut self, patience: Duration, waited: impl Fn(&Self, &str)) -> Ended {
        let mut stdout = String::new();
        loop {
            match self.lines.recv_timeout(patience) {
                Ok(line) => stdout += &(line + "\n"),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => waited(&self, &stdout),
            }
        }
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().expect("piped");
        pipe.read_to_string(&mut stderr).expect("it is text");
        let status = self.child.wait().expect("it ends").code();
        Ended {
            status,
            stdout,
            stderr,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that fails leaves no process behind; one that has ended cannot be killed.
        let _ = self.child.kill();
    }
}

/// Cargo builds the examples of a package before its tests, beside them.
pub fn path(example: &str) -> PathBuf {
    let mut path = std::env::current_exe().expect("a test has a path");
    path.pop();
    path.pop();
    path.push("examples");
    path.push(example);
    // `cargo test --test examples` builds the tests alone.
    assert!(
        is_fresh(&path),
        "run `cargo build --examples` first: {} is missing, or older than its source",
        path.display()
    );
    path
}

/// Whether it was built after the last change of its sources, which Cargo lists beside it.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let sources = std::fs::read_to_string(program.with_extension("d")).unwrap_or_default();
    let newest = sources
        .split_whitespace()
        .skip(1)
        .filter_map(|source| changed(Path::new(source)))
        .max();
    newest.is_some() && newest <= changed(program)
}
