//! `tests/from_python/`: every twin prints its lines.

use support::program::{Ended, Program};

fn run(arguments: &[&str]) -> Ended {
    Program::start("from_python", arguments, "").end()
}

/// Runs the twins of one library, all of which succeed.
#[track_caller]
fn assert_prints(library: &str, lines: &str) {
    let ended = run(&[library]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert_eq!(ended.stdout, lines.trim_start());
    assert_eq!(ended.stderr, "");
}

#[test]
fn what_aiofence_shows() {
    assert_prints("aiofence", AIOFENCE);
}

#[test]
fn the_examples_of_cancel_scope() {
    assert_prints("cancel_scope", CANCEL_SCOPE);
}

#[test]
fn the_groups_of_asyncio_cancel_scope() {
    assert_prints("asyncio_cancel_scope", ASYNCIO_CANCEL_SCOPE);
}

#[test]
fn what_aiotools_shows() {
    assert_prints("aiotools", AIOTOOLS);
}

#[test]
fn a_program_is_run_by_its_name_and_the_names_are_listed() {
    let list = run(&["--list"]);
    assert_eq!(list.status, Some(0), "{}", list.stderr);
    let names: Vec<_> = list.stdout.lines().map(first_word).collect();
    let printed = [AIOFENCE, CANCEL_SCOPE, ASYNCIO_CANCEL_SCOPE, AIOTOOLS].concat();
    let headings: Vec<_> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(names, headings);

    let ended = run(&["aiotools/virtual_clock", "aiofence/early_exit"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let expected = "## aiofence/early_exit\nfallback\n## aiotools/virtual_clock\n0.0\n3600.0\n";
    assert_eq!(ended.stdout, expected);
}

fn first_word(line: &str) -> &str {
    line.split(' ').next().unwrap_or(line)
}

#[test]
fn an_unknown_name_is_explained() {
    for unknown in ["aiotools/rice", "aio", "--lists"] {
        let ended = run(&["aiotools/race", unknown]);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        let message = format!("error: there is no program `{unknown}`; there are\naiofence/");
        assert!(ended.stderr.starts_with(&message), "{}", ended.stderr);
        let usage = "usage: from_python [--list] [LIBRARY | LIBRARY/PROGRAM]...\n";
        assert!(ended.stderr.ends_with(usage), "{}", ended.stderr);
    }
}

const AIOFENCE: &str = r#"
## aiofence/motivation
timeout: timed out after 550ms, 5 chunks, 0.6s
shutdown: event set, 3 chunks, 0.4s
disconnect: event set, 2 chunks, 0.3s
## aiofence/inspect
saved result
timeout: timed out after 30s
false
shutdown: event set
true
## aiofence/raise_on_cancel
`limited` cancelled: timeout: timed out after 30s
## aiofence/instead_of_shield
disconnect: event set
saved fallback, 0.2s
## aiofence/early_exit
fallback
## aiofence/task_group
cancelled: timeout: timed out after 100ms
sibling cancelled: true
## aiofence/outer_timeout
fallback
timed out
## aiofence/composable
db: timed out after 5s, ["db"]
shutdown: event set, ["shutdown"]
## aiofence/merging
["db"]
["db"]
["one", "other"]
## aiofence/bound_context
client left
the handler goes on
cached result
the handler goes on
["other"]
## aiofence/layers
db: cached, 5.0s
shutdown, 1.0s
request, 3.0s
## aiofence/reuse
false, 0.1s
true, 0.2s
## aiofence/two_codes
true true ["disconnect", "client_gone"]
## aiofence/fresh
cancelled: false, 0.6s
## aiofence/unless
[0], cancelled: true, declined: false, 0.2s
[0, 1, 2, 3, 4], cancelled: false, declined: true, 0.5s
## aiofence/streaming
left while generating, 0.3s
left after the finish reason, 0.6s
none, 0.6s
## aiofence/guard
cancelled by timeout: timed out after 200ms
declined disconnect: event set
## aiofence/search
[0, 1, 2], 0.6s
## aiofence/plain_handler
disconnect: event set
## aiofence/disconnect
asked for hi
200 HI
asked for forever
200 cached
asked for forever
499 client disconnected, skipping
"#;

const CANCEL_SCOPE: &str = "
## cancel_scope/example_1
timeout: 3.0
timeout: 1.0
elapsed: 2.0
timeout: 0
elapsed: 4.0
work1 cancelled!
## cancel_scope/example_2
timeout: inf
timeout: 0
elapsed: 2.0
timeout: 0
elapsed: 4.0
work3 cancelled!
## cancel_scope/example_3
timeout: 3.0
timeout: 1.0
elapsed: 2.0
timeout: 0
elapsed: 4.0
work1 cancelled!
## cancel_scope/example_4
timeout: inf
timeout: 0
elapsed: 2.0
timeout: 0
elapsed: 4.0
work3 cancelled!
";

const ASYNCIO_CANCEL_SCOPE: &str = "
## asyncio_cancel_scope/cancel_group
group cancelled: true, 0.0s
tasks cancelled: 4
## asyncio_cancel_scope/linked
handle: cancelled through its handle, through a link, 0.0s
tasks cancelled: 2
## asyncio_cancel_scope/each_task
group cancelled: false, 0.0s
tasks cancelled: 4
";

const AIOTOOLS: &str = r#"
## aiotools/cancel_and_wait
cancelled: handle: cancelled through its handle
Finished(7)
3 of 3 cancelled, 0.0s
## aiotools/shielded_cleanup
cleanup finished at 0.5
parent cancelled at 0.5, true
## aiotools/shield_scope
cleanup finished at 0.6
task cancelled: true
cleanup finished at 0.5
task cancelled: false
## aiotools/task_scope
error: boom
ok 0.2
ok 0.3
all done: true, 0.3s
## aiotools/move_on_after
moved on: timeout: timed out after 3s, 3.0s
child cancelled: true
## aiotools/race
Some(Ok("fast")), 0.1s
Some(Err("boom"))
Ok(("slow", ["boom"]))
Err(["boom"])
None
## aiotools/gather_safe
[Ok("a"), Err("boom"), Ok("c")], 0.1s
## aiotools/as_completed_safe
["a", "b", "timeout"], 0.3s
cancelled: 1
## aiotools/timer
0
1
2
3
## aiotools/timer_policies
Cancel
tick started at 0.0 cancelled at 1.0
tick started at 1.0 cancelled at 2.0
tick started at 2.0 cancelled at 3.0
tick started at 3.0 cancelled at 3.5
Allow
tick started at 0.0 cancelled at 3.5
tick started at 1.0 cancelled at 3.5
tick started at 2.0 cancelled at 3.5
tick started at 3.0 cancelled at 3.5
## aiotools/ticktock
tick
tick
tick
tick
## aiotools/virtual_clock
0.0
3600.0
## aiotools/server
[0] started
[1] started
[2] started
[3] started
echo: hello
[0] terminated
[1] terminated
[2] terminated
[3] terminated
## aiotools/stop_signals
[0] init
[1] init
[0] graceful SIGINT
[1] graceful SIGINT
[0] init
[1] init
[0] forced SIGTERM
[1] forced SIGTERM
"#;
