//! What `#[fenced]` and `fenced!` make of the code that they stand at.

mod async_trait;
mod beside_a_cache;
mod block_forms;
mod drop_order;
mod errors_of_instrument;
mod exits;
mod exits_unseen;
mod hygiene;
mod in_a_trait;
mod instrument_below;
mod lints;
mod methods;
mod options;
mod other_attributes;
mod send_depth;
mod signatures;
mod size;
mod try_option;

#[test]
fn each_block_of_the_page_stands_in_a_file_that_runs() {
    support::pages::assert_runs("docs/with-other-attributes.md", "tests/macros");
}
