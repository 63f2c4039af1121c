//! Warnings.

use crate::scan::Blocking;

/// The body of a fence calls something that holds the thread.
pub(crate) fn blocking(call: Blocking) -> &'static str {
    match call {
        Blocking::Sleep => {
            "`std::thread::sleep` blocks the thread, and a fence can only act at an `.await`; \
             use `tokio::time::sleep(…).await`"
        }
        Blocking::BlockOn => {
            "`block_on` blocks the thread, and a fence can only act at an `.await`; \
             await the future"
        }
    }
}

pub(crate) const NEVER_AWAITS: &str =
    "this body has no `.await`, so nothing in it can be cancelled";
