//! A panic is told, and takes nothing else along.

use std::error::Error;
use std::fmt;
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use fence::{Ended, Shutdown};
use support::{never, secs};
use tokio::time::Instant;

use crate::isolated;

async fn fails() {
    tokio::task::yield_now().await;
    panic!("no\nway");
}

/// The report of a program that does nothing.
async fn ended(shutdown: &Shutdown) -> (String, Vec<String>, ExitCode) {
    let report = shutdown.run(async {}).await;
    assert!(report.is_drained());
    let panics = report.panics().to_vec();
    (report.to_string(), panics, report.report())
}

#[tokio::test]
async fn of_spawned_work_it_is_in_the_report_and_in_the_status() {
    let shutdown = isolated();
    let task = shutdown.spawn(fails());
    let line = line!() - 1;
    assert!(
        matches!(task.await, Ended::Panicked(_)),
        "its owner learns as well"
    );
    let (text, panics, status) = ended(&shutdown).await;
    assert_eq!(text, "shutdown: the program has ended, drained, 1 panicked");
    let panic = format!(
        "task `shutdown::panics::fails` at {}:{line}: no\\nway",
        file!()
    );
    assert_eq!(panics, [panic]);
    assert_eq!(status, ExitCode::FAILURE);
}

#[tokio::test]
async fn of_tracked_work_and_of_what_holds_a_guard_too() {
    let shutdown = isolated();
    let task = tokio::spawn(shutdown.track(fails()).named("queue"));
    assert!(task.await.unwrap_err().is_panic());
    let busy = shutdown.busy().named("report");
    let thread = std::thread::spawn(move || {
        let _busy = busy;
        panic!("a thread");
    });
    assert!(thread.join().is_err());
    let (text, panics, status) = ended(&shutdown).await;
    assert_eq!(text, "shutdown: the program has ended, drained, 2 panicked");
    assert!(panics[0].starts_with("task `queue` at ") && panics[0].ends_with(": no\\nway"));
    assert!(panics[1].starts_with("work `report` at "));
    assert_eq!(status, ExitCode::FAILURE);
}

#[tokio::test]
async fn of_a_destructor_it_counts_once() {
    struct Falls;
    impl Drop for Falls {
        fn drop(&mut self) {
            panic!("a destructor");
        }
    }
    let shutdown = isolated();
    let falls = Falls;
    let task = shutdown.spawn(async move {
        let _falls = falls;
        never().await;
    });
    tokio::task::yield_now().await;
    task.abort();
    assert!(!task.await.is_finished());
    let (_, panics, status) = ended(&shutdown).await;
    assert_eq!((panics.len(), status), (1, ExitCode::FAILURE));
}

#[tokio::test]
async fn what_is_cut_or_aborted_has_not_panicked() {
    let shutdown = isolated();
    let (cut, aborted) = (shutdown.spawn(never()), shutdown.spawn(never()));
    drop(shutdown.track(never()));
    cut.cancel();
    aborted.abort();
    assert!(cut.await.is_cancelled() && aborted.await.is_cancelled());
    let (text, _, status) = ended(&shutdown).await;
    assert_eq!(text, "shutdown: the program has ended, drained");
    assert_eq!(status, ExitCode::SUCCESS);
}

#[tokio::test]
async fn many_are_counted_and_the_first_are_kept() {
    let shutdown = isolated();
    for _ in 0..20 {
        let _: Ended<()> = shutdown.spawn(async { panic!("again") }).await;
    }
    let (text, panics, _) = ended(&shutdown).await;
    assert!(text.ends_with("20 panicked"), "{text}");
    assert_eq!(panics.len(), 16);
}

#[tokio::test]
async fn a_status_of_the_programs_own_stands() {
    let shutdown = isolated();
    let _: Ended<()> = shutdown.spawn(async { panic!("as it should") }).await;
    let report = shutdown.run(async { ExitCode::from(3) }).await;
    assert_eq!(report.report(), ExitCode::from(3));
}

/// Code of a user that panics wherever it is called.
#[derive(Debug)]
struct Falls;

impl fmt::Display for Falls {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("a cause")
    }
}

impl Error for Falls {}

impl Wake for Falls {
    fn wake(self: Arc<Self>) {
        panic!("a waker")
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_cause_loses_neither_the_report_nor_the_status() {
    let shutdown = isolated();
    shutdown.begin(Falls);
    let report = shutdown.run(async { ExitCode::from(3) }).await;
    let text = "shutdown: a cause that cannot be shown, drained";
    assert_eq!(report.to_string(), text);
    assert_eq!(report.report(), ExitCode::from(3));
}

#[tokio::test(start_paused = true)]
async fn of_a_cause_with_line_breaks_there_is_one_line() {
    let shutdown = isolated();
    shutdown.begin("a deploy\nforged \u{1b}[31m");
    let report = shutdown.run(async {}).await;
    let text = r"shutdown: a deploy\nforged \u{1b}[31m, drained";
    assert_eq!(report.to_string(), text);
}

#[tokio::test(start_paused = true)]
async fn of_a_waker_does_not_keep_the_stages_from_coming() {
    let shutdown = isolated();
    let waker = Waker::from(Arc::new(Falls));
    let mut waits = [
        shutdown.begun(),
        shutdown.fired(),
        shutdown.hard_event().wait(),
    ];
    for wait in &mut waits {
        let wait = std::pin::Pin::new(wait);
        assert!(wait.poll(&mut Context::from_waker(&waker)).is_pending());
    }
    let begin = std::panic::AssertUnwindSafe(|| shutdown.begin("deploy"));
    assert!(
        std::panic::catch_unwind(begin).is_err(),
        "it is the caller's"
    );
    let start = Instant::now();
    let report = shutdown.run(never()).await;
    assert_eq!((report.left().len(), start.elapsed()), (1, secs(28)));
}
