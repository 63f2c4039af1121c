//! The code of `docs/cookbook.md`: each recipe stands in a file here, token for token, with its test.
#![allow(clippy::unused_async, reason = "what the code calls is a stand-in")]

mod at_a_time;
mod background;
#[cfg(unix)]
mod child;
mod configuration;
mod deploy;
mod fallback;
mod handler;
mod hang;
mod hedge;
mod limit_for_all;
mod partial;
mod query;
mod queue;
mod retry;
mod silent;
mod stream;
mod testing;
mod threads;
mod told;
mod upload;

#[test]
fn each_recipe_stands_in_a_file_that_runs() {
    support::pages::assert_runs("docs/cookbook.md", "tests/cookbook");
}
