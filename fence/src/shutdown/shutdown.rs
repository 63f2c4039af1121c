//! The end of a process, from the first signal to the exit status.

use std::error::Error;
use std::pin::pin;
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fmt, io};

use tokio::task;
use tokio::time::timeout;

use crate::outcome::{Firing, ReasonKind};
use crate::shutdown::plan::ShutdownPlan;
use crate::shutdown::report::ShutdownReport;
use crate::shutdown::signals;
use crate::shutdown::timeline::{Timeline, before};
use crate::shutdown::tracked::{Busy, Tracked, Work};
use crate::tasks::{SpawnContext, Task};
use crate::trigger::{Event, Limit, Wait};

/// Ends a process in order when it is told to: by SIGTERM or SIGINT, or by [`begin`](Self::begin).
///
/// The stages follow each other by the [plan](ShutdownPlan), whatever the program does meanwhile:
///
/// | when | what |
/// | --- | --- |
/// | at the first signal | [`is_ready`](Self::is_ready) is false, [`begun`](Self::begun) resolves |
/// | `pre_drain` later | the event `"shutdown"` is set, with the signal as cause |
/// | `drain` later | the event `"shutdown-hard"` is set, for the same cause |
/// | `hard` later | [`run`](Self::run) gives up what is still left |
/// | at a second signal | the process exits at once with 128 + its number |
///
/// Both are events of the process ([`Event::named`]), which fences obey that say
/// `on = "shutdown"`; everything else runs on until the end, so that a request is answered while
/// an endless stream does not hold it up. The second signal acts even if the runtime is blocked,
/// and nothing is undone then. Signals that come together may count as one; SIGHUP is none of
/// them. On Windows, Ctrl-C, Ctrl-Break, the closing of the console and the end of the system are
/// the signals; the system grants no more than some seconds after the latter two.
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
    timeline: Arc<Timeline>,
    work: Work,
    is_installed: bool,
}

impl Shutdown {
    /// Listens to the signals from now on, with the plan for Kubernetes. Belongs at the start of
    /// `main`, as a signal that came before it has its default effect.
    ///
    /// For another plan, see [`ShutdownPlan::install`]. There is one in a process, and the signals
    /// keep their new meaning until its end.
    ///
    /// # Errors
    ///
    /// If one is installed already, or if the signals cannot be listened to.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O and time enabled.
    pub fn install() -> io::Result<Self> {
        ShutdownPlan::new().install()
    }

    pub(crate) fn installed(plan: ShutdownPlan) -> io::Result<Self> {
        static INSTALLED: AtomicBool = AtomicBool::new(false);
        if INSTALLED.swap(true, Ordering::Relaxed) {
            let text = "a `Shutdown` is installed in this process: pass on a clone of it";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let [soft, hard] = ["shutdown", "shutdown-hard"].map(|name| Event::named(name).clone());
        let timeline = Timeline::start(plan, soft, hard);
        signals::listen(&timeline).inspect_err(|_| INSTALLED.store(false, Ordering::Relaxed))?;
        Ok(Self::new(timeline, true))
    }

    pub(crate) fn isolated(plan: ShutdownPlan) -> Self {
        Self::new(Timeline::start(plan, Event::new(), Event::new()), false)
    }

    fn new(timeline: Arc<Timeline>, is_installed: bool) -> Self {
        Self {
            timeline,
            work: Work::default(),
            is_installed,
        }
    }

    /// Begins it as a signal does, with the error (or the text) behind it; `false` if it had begun.
    ///
    /// It does not count as a signal: the first signal after it does not exit.
    #[track_caller]
    pub fn begin(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> bool {
        let firing = Firing::new(ReasonKind::Event).because(cause);
        self.timeline.begin(firing)
    }

    /// Whether the process wants more work: until the shutdown begins. For a readiness probe.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let is_seen = self.is_installed && signals::is_seen();
        let Timeline { begun, soft, .. } = &*self.timeline;
        !(is_seen || begun.is_set() || soft.is_set())
    }

    /// Waits until it has begun.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn begun(&self) -> Wait {
        self.timeline.begun.wait()
    }

    /// What began it: the name of the signal, or what [`begin`](Self::begin) was given.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.timeline.begun.latch().firing()?.cause()
    }

    /// Waits until the event `"shutdown"` is set: for `with_graceful_shutdown` of a server, which
    /// has to accept requests for the time before.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn fired(&self) -> Wait {
        self.event().wait()
    }

    /// The event `"shutdown"`.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.timeline.soft
    }

    /// The event `"shutdown-hard"`.
    #[must_use]
    pub fn hard_event(&self) -> &Event {
        &self.timeline.hard
    }

    /// Has the shutdown wait for a future, from this call until it ends or is dropped.
    ///
    /// It is not cut by that: fence what should be.
    ///
    /// # Cancel safety
    ///
    /// That of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::ShutdownPlan;
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// tokio::spawn(shutdown.track(sleep(Duration::from_secs(2))));
    /// assert_eq!(shutdown.drain(Duration::from_secs(1)).await, 1);
    /// assert_eq!(shutdown.drain(Duration::from_secs(2)).await, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn track<F: Future>(&self, future: F) -> Tracked<F> {
        Tracked::new(future, self.busy())
    }

    /// [Spawns](crate::spawn()) a task that the shutdown waits for, its cleanups included.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, like `tokio::spawn`.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (fence, handle) = SpawnContext::here().enclose(future);
        Task::joined(handle, task::spawn(self.track(fence)))
    }

    /// Has the shutdown wait until the value is dropped: for threads, and for what is no future.
    ///
    /// # Examples
    ///
    /// ```
    /// # use fence::ShutdownPlan;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let shutdown = ShutdownPlan::new().isolated()?;
    /// let busy = shutdown.busy();
    /// fence::spawn_blocking(move || {
    ///     let _busy = busy;
    ///     println!("report written");
    /// });
    /// assert_eq!(shutdown.drain(None).await, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn busy(&self) -> Busy {
        self.work.begin()
    }

    /// Waits, for `limit` at most, until everything has ended that is [tracked](Self::track) or
    /// that the library runs in the background: see [`drain`](crate::drain). Returns how much is
    /// left.
    ///
    /// It begins nothing and ends nothing; [`run`](Self::run) does all of it.
    ///
    /// # Cancel safety
    ///
    /// Nothing to lose; the work goes on.
    pub async fn drain(&self, limit: impl Limit) -> usize {
        match limit.limit() {
            Some(limit) => drop(timeout(limit, self.work.idle()).await),
            None => self.work.idle().await,
        }
        self.work.left()
    }

    /// Runs the program and ends it in order: waits for it and for what [`drain`](Self::drain)
    /// waits for, by the plan.
    ///
    /// A program that ends by itself begins the shutdown, which then has no `pre_drain`. One that
    /// has not ended after the last stage counts as left, and is dropped.
    ///
    /// If anything is left, the process ends with status 1 a moment later (half of what the plan
    /// leaves of the termination grace, and 1 s at most) even if `main` does not: dropping a
    /// runtime waits for its blocking threads.
    ///
    /// # Cancel safety
    ///
    /// Drops the program where it is; the stages follow each other without it.
    pub async fn run<F>(&self, program: F) -> ShutdownReport
    where
        F: Future<Output: Termination>,
    {
        let over = &self.timeline.over;
        let mut program = pin!(program);
        let Some(output) = before(program.as_mut(), over).await else {
            return self.report(ExitCode::FAILURE, 1 + self.work.left());
        };
        let code = output.report();
        self.timeline.finish("the program has ended");
        before(self.work.idle(), over).await;
        self.report(code, self.work.left())
    }

    fn report(&self, code: ExitCode, left: usize) -> ShutdownReport {
        if left > 0 && self.is_installed {
            self.timeline.exit();
        }
        let cause = self.cause().map_or_else(String::new, ToString::to_string);
        ShutdownReport { code, left, cause }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("plan", &self.timeline.plan)
            .field("cause", &self.cause())
            .field("left", &self.work.left())
            .finish_non_exhaustive()
    }
}

impl ShutdownPlan {
    /// [`Shutdown::install`] with this plan.
    ///
    /// # Errors
    ///
    /// If the stages do not fit into the termination grace, if a `Shutdown` is installed already,
    /// or if the signals cannot be listened to.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with I/O and time enabled.
    pub fn install(self) -> io::Result<Shutdown> {
        self.check()?;
        Shutdown::installed(self)
    }

    /// A shutdown for tests: it hears no signals, sets events of its own, and there may be many.
    ///
    /// Bind its [event](Shutdown::event) around the code under test.
    ///
    /// # Errors
    ///
    /// If the stages do not fit into the termination grace.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Fencing, ShutdownPlan, fenced};
    ///
    /// #[fenced(on = "shutdown")]
    /// async fn poll_queue() {
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// let queue = Fencing::new().on("shutdown", shutdown.event()).bind(poll_queue());
    /// shutdown.begin("a test");
    /// assert!(queue.await.cancelled_by("shutdown"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn isolated(self) -> io::Result<Shutdown> {
        self.check()?;
        Ok(Shutdown::isolated(self))
    }
}
