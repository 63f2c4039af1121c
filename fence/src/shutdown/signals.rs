//! The signals that end a process: the first one begins the shutdown, a later one exits.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod system;

use std::error::Error;
use std::time::{Duration, Instant};
use std::{fmt, io};

pub(super) use system::exit_now;

/// Supervisors and wrappers that signal a process and then its group mean it once.
const ONCE: Duration = Duration::from_millis(500);

/// A signal, or what is closest to it: the cause of a shutdown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signal {
    pub(super) number: i32,
    name: &'static str,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Error for Signal {}

/// Listens from the call on, in a thread of its own: no blocked runtime holds it up.
pub(super) fn listen(first: impl FnOnce(Signal) + Send + 'static) -> io::Result<()> {
    let mut first = Some(first);
    let mut start = Instant::now();
    system::listen(move |signal| match first.take() {
        Some(first) => {
            start = Instant::now();
            first(signal);
        }
        None if start.elapsed() < ONCE => {}
        None => exit_now(128 + signal.number),
    })
}
