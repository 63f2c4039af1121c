//! The end of the process itself, whatever holds it up: a runtime that waits for its threads, one
//! that is blocked, or a `main` that does not return.

use std::future::pending;
use std::io::{Write, stderr};
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::outcome::Firing;
use crate::shutdown::pace::apart;
use crate::shutdown::report::ShutdownReport;
use crate::shutdown::signals::exit_now;
use crate::shutdown::work::Work;
use crate::util::unpoisoned;

/// For what runs at the exit of a process, and for a stderr that takes no more.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) struct Ending {
    work: Work,
    /// What `run` returned.
    report: Mutex<Option<ShutdownReport>>,
    is_begun: AtomicBool,
}

impl Ending {
    pub(super) fn new(work: &Work) -> Self {
        Self {
            work: work.clone(),
            report: Mutex::default(),
            is_begun: AtomicBool::new(false),
        }
    }

    /// The program is over: what is left to do for `main` has the time of the plan, and a moment
    /// once the runtime goes, since that waits for its blocking threads.
    pub(super) fn report(self: &Arc<Self>, report: &ShutdownReport, moment: Duration) {
        *unpoisoned(self.report.lock()) = Some(report.clone());
        if let Ok(runtime) = Handle::try_current() {
            let going = RuntimeGoing(self.clone(), moment);
            runtime.spawn(async move {
                let _going = going;
                pending::<()>().await;
            });
        }
    }

    /// Ends the process in a moment, with what `run` returned by then.
    pub(super) fn begin(self: &Arc<Self>, cause: Option<Firing>, moment: Duration) {
        if self.is_begun.swap(true, Ordering::Relaxed) {
            return;
        }
        let this = self.clone();
        apart(move || {
            thread::sleep(moment);
            this.end(cause.as_ref());
        });
    }

    fn end(&self, cause: Option<&Firing>) {
        let report = unpoisoned(self.report.lock()).take();
        let report = report.unwrap_or_else(|| {
            let cause = cause.and_then(Firing::cause);
            ShutdownReport::new(cause.map(|cause| cause as _), ExitCode::FAILURE, &self.work)
        });
        let status = status(report.exit_code());
        // Both may block: the words in a full pipe, the exit in what others do at it.
        apart(move || {
            report.tell();
            let _ = writeln!(stderr(), "{report}; ended here, as `main` has not returned");
            process::exit(status)
        });
        thread::sleep(LAST_WORDS);
        exit_now(status)
    }
}

/// Dropped along with the tasks of the runtime, before it waits for its threads.
struct RuntimeGoing(Arc<Ending>, Duration);

impl Drop for RuntimeGoing {
    fn drop(&mut self) {
        self.0.begin(None, self.1);
    }
}

/// The number of an exit code, which std keeps to itself.
fn status(code: ExitCode) -> i32 {
    let found = (0..=u8::MAX).find(|status| ExitCode::from(*status) == code);
    found.map_or(1, i32::from)
}
