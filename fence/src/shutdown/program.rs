//! The program that a shutdown runs, and ends.

use std::panic::Location;
use std::pin::pin;
use std::process::{ExitCode, Termination};
use std::thread;

use crate::cleanup::{Entered, Entry, LeftKind, Name};
use crate::context::Bound;
use crate::shutdown::report::ShutdownReport;
use crate::shutdown::shutdown::Shutdown;
use crate::shutdown::timeline::before;

/// The status of a program that panics.
const PANICKED: u8 = 101;

impl Shutdown {
    /// Runs the program and ends it in order: waits for it and for what [`drain`](Self::drain)
    /// waits for, by the plan.
    ///
    /// That is: everything that was [spawned](Self::spawn) or [tracked](Self::track) here, what
    /// holds a [`busy`](Self::busy), and in the whole process cleanups of fences that were dropped,
    /// threads of [`fence::spawn_blocking`](crate::spawn_blocking), and handlers without a client.
    /// It does not wait for other tasks and threads of the runtime.
    ///
    /// A program that ends by itself begins the shutdown, which then has no `pre_drain`. One that
    /// has not ended after the last stage counts as left, and is dropped. One that panics begins it
    /// as well.
    ///
    /// What `main` does afterwards has the rest of the plan. The process ends a moment after that,
    /// or after the runtime of this call has gone, with the status of the report, even if `main`
    /// has not returned: dropping a runtime waits for its blocking threads.
    ///
    /// # Cancel safety
    ///
    /// Drops the program where it is; the stages follow each other without it.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Fencing, ShutdownPlan};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// shutdown.begin("a test");
    /// let report = shutdown.run(async {
    ///     let endless = Fencing::new().on_named("shutdown").run(std::future::pending::<()>());
    ///     assert!(endless.await.cancelled_by("shutdown"));
    ///     shutdown.spawn(async { println!("the last answer") });
    /// });
    /// assert!(report.await.is_drained());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn run<F>(&self, program: F) -> impl Future<Output = ShutdownReport>
    where
        F: Future<Output: Termination>,
    {
        let entry = Entry::new(LeftKind::Program, Name::of_code::<F>());
        self.run_as(entry.at(Location::caller()), program)
    }

    async fn run_as<F>(&self, entry: Entry, program: F) -> ShutdownReport
    where
        F: Future<Output: Termination>,
    {
        let over = &self.timeline.over;
        // Until the program is dropped, which may panic too.
        let mut running = Running {
            shutdown: self,
            entered: Some(self.work.run(entry)),
        };
        let mut program = pin!(Bound::offering(self.offers.clone(), program));
        let code = before(program.as_mut(), over)
            .await
            .map(Termination::report);
        if code.is_some() {
            running.entered = None;
            self.timeline.finish("the program has ended");
            before(self.work.idle(), over).await;
        }
        self.report(code.unwrap_or(ExitCode::FAILURE))
    }

    fn report(&self, code: ExitCode) -> ShutdownReport {
        let cause = self.cause().map(|cause| cause as _);
        let report = ShutdownReport::new(cause, code, &self.work);
        if let Some(ending) = &self.timeline.ending {
            ending.report(&report, self.timeline.plan.slack());
        }
        report
    }
}

/// A program that panics ends as well, with the status that std gives.
struct Running<'a> {
    shutdown: &'a Shutdown,
    entered: Option<Entered>,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.entered = None;
            self.shutdown.timeline.finish("the program has panicked");
            let _ = self.shutdown.report(ExitCode::from(PANICKED));
        }
    }
}
