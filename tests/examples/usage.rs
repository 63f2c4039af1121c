//! What one tries first with a program, and how it takes it if nobody reads what it says.

use std::process::{Command, Stdio};

use support::program::{Program, path};

#[test]
fn each_example_says_how_it_is_used() {
    for example in [
        "chat",
        "deadline_chain",
        "disconnect",
        "graceful",
        "quickstart",
        "transfer",
        "worker",
    ] {
        let ended = Program::start(example, &["--help"], "").end();
        let usage = format!("usage: {example} ");
        assert!(ended.stdout.starts_with(&usage), "{}", ended.stdout);
        assert_eq!((ended.status, &*ended.stderr), (Some(0), ""), "{example}");
    }
}

#[test]
fn a_broken_pipe_is_no_panic() {
    for (example, arguments) in [
        ("quickstart", &["examples"][..]),
        ("transfer", &["--transfers", "2"]),
        ("worker", &[]),
        ("worker", &["--help"]),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = Command::new(path(example))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!((ended.status.code(), &*stderr), (Some(0), ""), "{example}");
    }
}
