//! What became of a process that was to end.

use std::fmt;
use std::process::{ExitCode, Termination};

/// What [`Shutdown::run`](crate::Shutdown::run) returns: whether everything was drained.
///
/// `Display` is a line for people, such as `shutdown: SIGTERM, 2 not drained`. Returned from
/// `main`, it makes the exit status: that of the program if everything was drained, and otherwise
/// 1, with that line on stderr.
#[derive(Clone, Debug)]
#[must_use = "return it from `main`: it makes the exit status"]
pub struct ShutdownReport {
    pub(crate) code: ExitCode,
    pub(crate) left: usize,
    pub(crate) cause: String,
}

impl ShutdownReport {
    /// Whether the program and all that was waited for have ended.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.left == 0
    }

    /// How much had not: the program itself, what was tracked, and cleanups, together.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shutdown: {}, ", self.cause)?;
        match self.left {
            0 => f.write_str("drained"),
            left => write!(f, "{left} not drained"),
        }
    }
}

impl Termination for ShutdownReport {
    fn report(self) -> ExitCode {
        if self.is_drained() {
            return self.code;
        }
        eprintln!("Error: {self}");
        ExitCode::FAILURE
    }
}
