//! A shutdown as a program uses it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::fencing::Fencing;
use crate::outcome::{Firing, ReasonKind};
use crate::shutdown::timeline::Timeline;
use crate::shutdown::work::Work;
use crate::trigger::{Event, Wait};

/// Ends a process in order when it is told to: by SIGTERM or SIGINT, or by [`begin`](Self::begin).
///
/// The stages follow each other by the [plan](crate::ShutdownPlan), whatever the program does meanwhile:
///
/// | when | what |
/// | --- | --- |
/// | at the first signal | [`is_ready`](Self::is_ready) is false, [`begun`](Self::begun) resolves |
/// | `pre_drain` later | the event `"shutdown"` is set, with the signal as cause |
/// | `drain` later | the event `"shutdown-hard"` is set, for the same cause |
/// | `hard` later | [`run`](Self::run) gives up what is still left, and names it |
/// | a moment later | the process ends, whatever it waits for |
/// | at a second signal | the process exits at once with 128 + its number |
///
/// Fences obey the two events that say `on = "shutdown"`; everything else runs on until the end, so
/// that a request is answered while an endless stream does not hold it up. Both are events of the
/// process ([`Event::named`]), and are [offered](Fencing::offer) to the program and to what is
/// spawned or tracked here.
///
/// # Signals
///
/// Those within half a second of the first are the first, since supervisors and wrappers that
/// signal a process and then its group mean it once. A later one exits at once, even if the runtime
/// is blocked, and nothing is undone then. SIGHUP is none of them. On Windows, Ctrl-C, Ctrl-Break,
/// the closing of the console and the end of the system are the signals; the system grants no more
/// than some seconds after the latter two.
///
/// Process 1 of a container has no default effects: a signal that comes before the installation is
/// lost there, and the container waits until it is killed. So install first of all in `main`.
///
/// # The exit status
///
/// | what has happened | status |
/// | --- | --- |
/// | everything was drained | that of the program: see [`signal`](Self::signal) for 130 |
/// | something was left, and is named on stderr | 1 |
/// | something that was spawned or tracked here had panicked | 1, or that of the program if it failed |
/// | a second signal | 128 + its number |
///
/// A plain thread keeps to the plan and ends the process, so a runtime that is blocked, gone or
/// waiting for its blocking threads (tokio's stdin is one) does not keep it. That moment is half of
/// what the plan leaves of the termination grace, and a second at most; [`run`](Self::run) says
/// what `main` may still do.
///
/// Clones are the same shutdown.
///
/// # Examples
///
/// ```
/// use fence::{Shutdown, ShutdownReport, fenced};
///
/// #[fenced(on = "shutdown")]
/// async fn accept() -> u32 {
///     std::future::pending().await
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// async fn main() -> std::io::Result<ShutdownReport> {
///     let shutdown = Shutdown::install()?; // first: a signal that came before would kill
///     # shutdown.begin("the end of the example");
///     Ok(shutdown
///         .run(async {
///             while let Some(request) = accept().await.completed() {
///                 shutdown.spawn(async move { println!("{request} answered") });
///             }
///         })
///         .await)
/// }
/// ```
#[derive(Clone)]
pub struct Shutdown {
    pub(super) timeline: Arc<Timeline>,
    pub(super) work: Work,
    /// Its events, under their names.
    pub(super) offers: Fencing,
}

impl Shutdown {
    /// Begins it as a signal does, with the error (or the text) behind it; `false` if it had begun.
    ///
    /// It does not count as a signal: the first signal after it does not exit.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// assert!(shutdown.begin("the lease is lost"));
    /// assert!(!shutdown.begin("and the disk is full"), "it has begun");
    /// assert_eq!(shutdown.cause().unwrap().to_string(), "the lease is lost");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn begin(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> bool {
        let firing = Firing::new(ReasonKind::Event).because(cause);
        self.timeline.begin(firing)
    }

    /// Whether the process wants more work: until the shutdown begins. For a readiness probe.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// let probe = || if shutdown.is_ready() { 200 } else { 503 };
    /// assert_eq!(probe(), 200);
    /// shutdown.begin("a test");
    /// assert_eq!(probe(), 503);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.timeline.firing().is_none()
    }

    /// Waits until it has begun.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// let deregistered = tokio::spawn({
    ///     let begun = shutdown.begun();
    ///     async { begun.await; "no longer in the registry" }
    /// });
    /// shutdown.begin("a test");
    /// assert_eq!(deregistered.await?, "no longer in the registry");
    /// # Ok(())
    /// # }
    /// ```
    pub fn begun(&self) -> Wait {
        self.timeline.begun.wait()
    }

    /// What began it: the name of the signal, or what [`begin`](Self::begin) was given.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// assert!(shutdown.cause().is_none());
    /// shutdown.begin("a new version");
    /// assert_eq!(shutdown.cause().unwrap().to_string(), "a new version");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.timeline.firing()?.cause()
    }

    /// The number of the signal that began it, if one did.
    ///
    /// The exit status is that of the program: for the one by which shells tell that a program was
    /// ended by a signal, return 128 + this number.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::process::ExitCode;
    /// use fence::{Shutdown, ShutdownReport};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// async fn main() -> std::io::Result<ShutdownReport> {
    ///     let shutdown = Shutdown::install()?;
    ///     # shutdown.begin("the end of the example");
    ///     Ok(shutdown
    ///         .run(async {
    ///             shutdown.fired().await;
    ///             match shutdown.signal() {
    ///                 Some(signal) => ExitCode::from(128 + signal as u8), // 130 after Ctrl-C
    ///                 None => ExitCode::SUCCESS,
    ///             }
    ///         })
    ///         .await)
    /// }
    /// ```
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.timeline.signal().map(|signal| signal.number)
    }

    /// Waits until the event `"shutdown"` is set: for `with_graceful_shutdown` of a server, which
    /// has to accept requests for the time before.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ShutdownPlan;
    /// use tokio::time::Instant;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let (start, shutdown) = (Instant::now(), ShutdownPlan::new().isolated()?);
    /// shutdown.begin("a test");
    /// shutdown.fired().await; // what a server's `with_graceful_shutdown` is given
    /// assert_eq!(start.elapsed().as_secs(), 5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fired(&self) -> Wait {
        self.event().wait()
    }

    /// The event `"shutdown"`.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Fencing, ShutdownPlan, fenced};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// #[fenced(on = "shutdown")]
    /// async fn poll_queue() {
    ///     std::future::pending().await
    /// }
    ///
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// let polling = Fencing::new().offer("shutdown", shutdown.event()).bind(poll_queue());
    /// shutdown.event().set();
    /// assert!(polling.await.cancelled_by("shutdown"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.timeline.soft
    }

    /// The event `"shutdown-hard"`.
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
    /// let request = Fencing::new().on("shutdown-hard", shutdown.hard_event());
    /// assert!(request.run(std::future::pending::<()>()).await.is_cancelled());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn hard_event(&self) -> &Event {
        &self.timeline.hard
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("plan", &self.timeline.plan)
            .field("cause", &self.cause())
            .field("left", &self.work.left_of_all())
            .finish_non_exhaustive()
    }
}
