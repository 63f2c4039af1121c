//! The code of pages for people, which shows no hidden lines: it stands in files that are compiled
//! and run, and the page is looked up in them.

use std::fs;
use std::path::Path;

/// Looks up each block of Rust of a page in the files of a folder, which has to hold a test beside
/// it. A page may leave out what stands between the paragraphs of a block.
///
/// # Panics
///
/// If a block stands in no file, or the page has none.
pub fn assert_runs(page: &str, folder: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(page)).unwrap();
    let files = fs::read_dir(root.join(folder)).unwrap();
    let files: Vec<_> = files
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .filter(|file| file.contains("#[test]") || file.contains("#[tokio::test"))
        .collect();
    let blocks = blocks(&text);
    assert!(!blocks.is_empty(), "no code in {page}");
    let unknown: Vec<_> = blocks
        .into_iter()
        .filter(|block| !files.iter().any(|file| stands_in(block, file)))
        .collect();
    assert!(
        unknown.is_empty(),
        "not in {folder}:\n{}",
        unknown.join("\n")
    );
}

/// The blocks of Rust of a page.
#[must_use]
pub fn blocks(page: &str) -> Vec<&str> {
    let starts = page.split("```rust\n").skip(1);
    starts.filter_map(|rest| rest.split("```").next()).collect()
}

/// Whether the paragraphs of a block stand in a file, token for token and in their order.
#[must_use]
pub fn stands_in(block: &str, file: &str) -> bool {
    let file = squeezed(file);
    let mut rest = &*file;
    block.split("\n\n").map(squeezed).all(|paragraph| {
        let Some((_, after)) = rest.split_once(&paragraph) else {
            return false;
        };
        rest = after;
        true
    })
}

/// The tokens, whichever way the lines are broken: a page breaks them for its readers, and rustfmt
/// for a file.
fn squeezed(code: &str) -> String {
    let code: String = code.split_whitespace().collect();
    let closing = [")", "]", "}"];
    closing.iter().fold(code, |code, closing| {
        code.replace(&format!(",{closing}"), closing)
    })
}
