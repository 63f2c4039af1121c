//! The end of a process, from the first signal to the exit status.

mod ending;
mod install;
mod pace;
mod plan;
mod program;
mod report;
mod shutdown;
mod signals;
mod timeline;
mod tracked;
mod waiting;
mod work;

pub use plan::ShutdownPlan;
pub use report::ShutdownReport;
pub use shutdown::Shutdown;
pub use tracked::{Busy, Tracked};
