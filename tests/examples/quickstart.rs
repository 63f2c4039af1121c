//! `examples/quickstart.rs`, run as the README says.

use std::path::Path;

use support::program::{Ended, Program};

fn run(arguments: &[&str]) -> Ended {
    Program::start("quickstart", arguments, "").end()
}

#[test]
fn a_small_tree_is_hashed() {
    let ended = run(&["examples/transfer"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("files hashed: "),
        "{}",
        ended.stdout
    );
    let source = std::fs::read("examples/transfer/main.rs").unwrap();
    let hash = blake3::hash(&source).to_hex();
    assert!(ended.stdout.contains(&hash[..16]), "{}", ended.stdout);
    assert!(!ended.stdout.contains("cut"));
    assert_eq!(ended.stderr, "", "no progress where nobody looks");
}

#[test]
fn a_budget_cuts_it_and_the_status_tells() {
    let ended = run(&["--timeout", "0s", "examples"]);
    assert_eq!(ended.status, Some(1));
    assert!(ended.stdout.contains("files hashed: 0"), "{}", ended.stdout);
    assert!(
        ended
            .stdout
            .contains("what else there is was not looked at")
    );
    // Something below /usr takes longer than this, whatever the machine.
    let ended = run(&["--timeout", "30ms", "/usr"]);
    assert_eq!(ended.status, Some(1));
    let reason = "  budget: timed out after 30ms  /usr";
    let is_told = ended.stdout.contains(reason) || ended.stdout.contains("was not looked at");
    assert!(is_told, "{}", ended.stdout);
}

#[test]
fn what_is_named_is_hashed_and_only_what_is_below_is_skipped() {
    let named = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart/target");
    std::fs::create_dir_all(named.join("target")).unwrap();
    std::fs::write(named.join("kept"), "kept").unwrap();
    std::fs::write(named.join("target/skipped"), "skipped").unwrap();
    let ended = run(&[named.to_str().expect("it is text")]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.starts_with("files hashed: 1 "),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.ends_with("kept\n"), "{}", ended.stdout);
}

#[test]
fn bad_arguments_are_explained() {
    for (arguments, message) in [
        (
            &["no/such/directory"][..],
            "`no/such/directory` is no directory: name one that exists",
        ),
        (&["--timeout", "30x"], "write `30s` or `1m 30s`"),
        (
            &["--timeout"],
            "`--timeout` needs a duration: write `--timeout 30s`",
        ),
        (&["--fast"], "unknown option `--fast`"),
        (
            &["examples", "tests"],
            "`tests` is one directory too many: name one",
        ),
    ] {
        let ended = run(arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(message), "{}", ended.stderr);
    }
}
