//! The code of `docs/coming-from.md`: each block stands in a file here, token for token, and runs.
#![allow(
    clippy::items_after_statements,
    clippy::unit_arg,
    clippy::unused_async,
    reason = "a page shows what belongs together, and what it calls is a stand-in"
)]

mod aiofence_declined;
mod aiofence_dropped_handler;
mod aiofence_reasons;
mod aiotools_background_group;
mod aiotools_tasks;
mod aiotools_with_blocks;
mod asyncio_cancel_scope;
mod cancel_scope;
mod go_context;
mod graceful_shutdown;
mod kotlin_coroutines;
mod tokio_tools;
mod trio_scopes;

#[test]
fn each_block_stands_in_a_file_that_runs() {
    support::pages::assert_runs("docs/coming-from.md", "tests/coming_from");
}
