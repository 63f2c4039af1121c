//! The clock, wherever destructors run.

use tokio::time::Instant;

use crate::util::contained;

/// The time of tokio's clock. A clock that can be paused cannot be read while a thread exits, where
/// the destructors of thread-locals run, and a panic would be an abort: then it is that of std's.
pub(crate) fn now() -> Instant {
    contained(Instant::now).unwrap_or_else(|| std::time::Instant::now().into())
}
