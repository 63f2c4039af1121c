//! As process 1 of a container: no signal has a default effect there.

use std::process::Command;

use support::program::Program;

/// What makes one, for root and for others.
const STARTERS: [&[&str]; 2] = [
    &["unshare", "--pid", "--fork", "--kill-child"],
    &[
        "unshare",
        "--user",
        "--map-root-user",
        "--pid",
        "--fork",
        "--kill-child",
    ],
];

/// `None`, loudly, where that is not allowed.
fn starter() -> Option<&'static [&'static str]> {
    let works = |starter: &&[&str]| {
        let tried = Command::new(starter[0])
            .args(&starter[1..])
            .arg("true")
            .output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let starter = STARTERS.into_iter().find(works);
    if starter.is_none() {
        eprintln!("SKIPPED: `unshare --pid` is not allowed here");
    }
    starter
}

fn start(situation: &str) -> Option<Program> {
    let mut program = Program::start_under(starter()?, "endings", &[situation]);
    program.line("ready");
    program.signal_the_child();
    Some(program)
}

#[test]
fn process_one_ends_like_any_other() {
    for (situation, status) in [
        ("idle", 0),
        ("a task that is stuck", 1),
        ("a program that is blocked", 1),
        ("a thread of tokio", 0),
    ] {
        let Some(program) = start(situation) else {
            return;
        };
        program.terminate();
        assert_eq!(program.end().status, Some(status), "{situation}");
    }
}

#[test]
fn a_second_signal_ends_process_one() {
    for situation in ["idle (an hour)", "a program that is blocked (an hour)"] {
        let Some(program) = start(situation) else {
            return;
        };
        program.terminate();
        assert_eq!(program.end_by("-TERM").status, Some(143), "{situation}");
    }
}

/// Unlike elsewhere, and as documented: the kernel drops it.
#[test]
fn a_signal_before_the_installation_is_lost_for_process_one() {
    let Some(mut program) = start("installs on a line of input") else {
        return;
    };
    program.terminate();
    program.write("install");
    program.line("installed");
    program.terminate();
    assert_eq!(program.end().stdout, "shutdown: SIGTERM, drained\n");
}
