//! What is left is named.

use std::future::pending;
use std::time::Duration;

use fence::{Fencing, LeftKind, LeftState, Shutdown};
use support::secs;
use tokio::time::sleep;

use crate::isolated;

async fn worker() {
    pending::<()>().await;
}

/// What is left now, as text without the place.
async fn left(shutdown: &Shutdown) -> Vec<String> {
    let drained = shutdown.drain(Duration::ZERO).await;
    let named = drained.left().iter().map(|left| {
        let place = left.place().expect("it was started somewhere");
        assert!(place.file().ends_with("shutdown/left.rs"), "{place}");
        format!(
            "{} {}, {} for {:?}",
            left.kind(),
            left.name(),
            left.state(),
            left.age()
        )
    });
    named.collect()
}

#[tokio::test(start_paused = true)]
async fn by_the_function_that_it_is_written_in_and_the_line_that_started_it() {
    let shutdown = isolated();
    let task = shutdown.spawn(worker());
    let line = line!() - 1;
    let drained = shutdown.drain(secs(3)).await;
    let [left] = drained.left() else {
        panic!("{drained:#}");
    };
    assert_eq!(
        (left.name(), left.age()),
        ("shutdown::left::worker", secs(3))
    );
    assert_eq!(
        (left.kind(), left.state()),
        (LeftKind::Task, LeftState::Running)
    );
    let place = left.place().unwrap();
    assert_eq!((place.file(), place.line()), (file!(), line));
    let text = format!(
        "task `shutdown::left::worker` at {}:{line}, running for 3.0s",
        file!()
    );
    assert_eq!(left.to_string(), text);
    assert_eq!(format!("{drained:#}"), format!("1 not drained\n  {text}"));
    task.abort();
    assert_eq!(shutdown.drain(None).await.to_string(), "drained");
}

#[tokio::test(start_paused = true)]
async fn by_the_name_that_it_is_given_and_the_oldest_first() {
    let shutdown = isolated();
    let _busy = (shutdown.busy(), shutdown.busy().named("report"));
    sleep(secs(1)).await;
    let _tracked = (
        shutdown.track(worker()),
        shutdown.track(worker()).named("queue"),
        shutdown.track(Box::pin(sleep(secs(1)))),
        shutdown.track(Fencing::new().run(worker())),
    );
    let expected = [
        "work busy, running for 1s",
        "work report, running for 1s",
        "task shutdown::left::worker, running for 0ns",
        "task queue, running for 0ns",
        "task core::pin::Pin, running for 0ns",
        "task shutdown::left::worker, running for 0ns",
    ];
    assert_eq!(left(&shutdown).await, expected);
}

#[tokio::test(start_paused = true)]
async fn by_whether_it_was_told() {
    let shutdown = isolated();
    let task = shutdown.spawn(fence::shield(worker()));
    let inside = shutdown.clone();
    let around = Fencing::new().timeout(secs(1));
    let around = around.run(async move {
        inside.spawn(fence::shield(worker()));
        worker().await;
    });
    assert!(around.await.is_cancelled());
    let task_is = |state| format!("task shutdown::left::worker, {state} for 1s");
    assert_eq!(left(&shutdown).await[0], task_is("running"));
    task.cancel();
    assert_eq!(
        left(&shutdown).await[..],
        [task_is("stopping"), task_is("stopping")]
    );
}

#[tokio::test(start_paused = true)]
async fn the_program_too_and_a_line_each_on_stderr() {
    let shutdown = isolated();
    let _busy = shutdown.busy().named("line\nbreak");
    shutdown.begin("deploy");
    let report = shutdown.run(worker()).await;
    let [program, busy] = report.left() else {
        panic!("{report:#}");
    };
    assert_eq!(
        (program.kind(), busy.kind()),
        (LeftKind::Program, LeftKind::Busy)
    );
    assert_eq!(program.name(), "shutdown::left::worker");
    assert_eq!(program.place().unwrap().file(), file!());
    assert_eq!((program.age(), busy.age()), (secs(28), secs(28)));
    assert_eq!(report.to_string(), "shutdown: deploy, 2 not drained");
    let lines = format!("{report:#}");
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[1].starts_with("  left: program `shutdown::left::worker` at "));
    assert!(lines[2].starts_with("  left: work `line\\nbreak` at "));
}
