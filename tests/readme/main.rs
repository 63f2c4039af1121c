//! The README's code: each of its blocks stands in a file here, token for token, and runs.
#![allow(clippy::unused_async, reason = "what the code calls is a stand-in")]

mod book;
mod pitch;
mod request;
mod service;
mod what_happens_if;

#[test]
fn each_block_stands_in_a_file_that_runs() {
    support::pages::assert_runs("README.md", "tests/readme");
}
