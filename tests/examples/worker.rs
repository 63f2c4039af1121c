//! `examples/worker.rs`, as a process with signals.

use support::program::Program;

#[test]
fn a_job_beyond_its_budget_is_given_up_and_the_next_one_runs() {
    let jobs = "mail 2\nvideo 600000\nbackup 1\n";
    let ended = Program::start("worker", &["--budget", "300ms"], jobs).end();
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let expected = "mail: started\nmail: done in 2 steps\n\
                    video: started\nvideo: given up, budget: timed out after 300ms\n\
                    backup: started\nbackup: done in 1 steps\n";
    assert_eq!(ended.stdout, expected);
}

#[test]
fn sigterm_puts_the_job_at_hand_back() {
    let jobs = "video 600000\nmail 1\n";
    let worker = Program::start("worker", &["--budget", "1h"], jobs);
    worker.line("video: started");
    worker.terminate();
    let ended = worker.end();
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let expected = "video: back to the queue, shutdown: SIGTERM\n\
                    video: left in the queue\nmail: left in the queue\n";
    assert_eq!(ended.stdout, expected);
}

#[test]
fn ctrl_c_does_what_sigterm_does() {
    let worker = Program::start("worker", &["--budget", "1h"], "video 600000\n");
    worker.line("video: started");
    worker.interrupt();
    let ended = worker.end();
    assert_eq!(ended.status, Some(1), "{}", ended.stderr);
    let expected = "video: back to the queue, shutdown: Ctrl-C\nvideo: left in the queue\n";
    assert_eq!(ended.stdout, expected);
}

#[test]
fn all_done_is_success_and_bad_input_is_explained() {
    assert_eq!(
        Program::start("worker", &[], "mail 1\n\n").end().status,
        Some(0)
    );
    let ended = Program::start("worker", &[], "mail\n").end();
    assert_eq!(ended.status, Some(2));
    assert!(
        ended.stderr.contains("`mail` is no job: write `mail 20`"),
        "{}",
        ended.stderr
    );
    let ended = Program::start("worker", &["--budget", "5"], "").end();
    assert!(
        ended.stderr.contains("write `200ms` or `5s`"),
        "{}",
        ended.stderr
    );
}
