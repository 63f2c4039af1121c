//! The end of a process, from the first signal to the exit status.

pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod shutdown;
#[cfg(unix)]
#[path = "unix.rs"]
pub(crate) mod signals;
#[cfg(windows)]
#[path = "windows.rs"]
pub(crate) mod signals;
pub(crate) mod timeline;
pub(crate) mod tracked;
