//! Every mistake has a message of its own, and what is no mistake has none.
//!
//! The texts around our messages are the compiler's, and change from release to release; so they
//! are compared on one release only. `TRYBUILD=overwrite cargo test -p fence-ui-tests` writes them.

use std::process::Command;

const PINNED: &str = "1.95.";

#[test]
fn messages() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .expect("rustc runs")
        .stdout;
    let version = String::from_utf8_lossy(&version);
    let release = version.split_whitespace().nth(1).unwrap_or_default();
    if !release.starts_with(PINNED) || release.contains('-') {
        eprintln!("skipped: the messages are those of rustc {PINNED}x, and this is {release}");
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
}
