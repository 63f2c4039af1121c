//! How long each stage of a shutdown may take.

use std::io;
use std::time::Duration;

use crate::shutdown::shutdown::Shutdown;

/// How long each stage of a [`Shutdown`] may take.
///
/// The default fits Kubernetes: 5 s + 20 s + 3 s, of the 30 s after which it kills. The stages have
/// to fit into the [termination grace](Self::termination_grace), or the plan is refused. Others
/// give less time, or more: `docker stop` and Cloud Run 10 s, systemd 90 s. What a `preStop` hook
/// takes counts as well.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::ShutdownPlan;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> std::io::Result<()> {
/// let minute = ShutdownPlan::new().drain(Duration::from_secs(60));
/// assert_eq!(
///     minute.install().unwrap_err().to_string(),
///     "a shutdown in 5s + 60s + 3s does not fit into a termination grace of 30s: \
///      shorten a stage, or raise `termination_grace` (and what your supervisor grants)"
/// );
/// let shutdown = minute.termination_grace(Duration::from_secs(90)).install()?;
/// assert!(shutdown.is_ready());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a plan does nothing until it is installed"]
pub struct ShutdownPlan {
    pub(super) pre_drain: Duration,
    pub(super) drain: Duration,
    pub(super) hard: Duration,
    termination_grace: Duration,
}

impl ShutdownPlan {
    /// The plan for Kubernetes.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// assert!(shutdown.is_ready());
    /// # Ok(())
    /// # }
    /// ```
    pub const fn new() -> Self {
        Self {
            pre_drain: Duration::from_secs(5),
            drain: Duration::from_secs(20),
            hard: Duration::from_secs(3),
            termination_grace: Duration::from_secs(30),
        }
    }

    /// How long everything runs on after the first signal, no longer ready: 5 s unless set.
    ///
    /// Load balancers learn of the end at the same time as the process does, and send requests
    /// until they have.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::ShutdownPlan;
    /// use tokio::time::Instant;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let (start, plan) = (Instant::now(), ShutdownPlan::new().pre_drain(Duration::from_secs(2)));
    /// let shutdown = plan.isolated()?;
    /// shutdown.begin("a test");
    /// shutdown.fired().await;
    /// assert_eq!(start.elapsed().as_secs(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub const fn pre_drain(mut self, time: Duration) -> Self {
        self.pre_drain = time;
        self
    }

    /// How long the work in progress has after the event `"shutdown"`: 20 s unless set.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::ShutdownPlan;
    /// use tokio::time::Instant;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let plan = ShutdownPlan::new().pre_drain(Duration::ZERO).drain(Duration::from_secs(10));
    /// let (start, shutdown) = (Instant::now(), plan.isolated()?);
    /// shutdown.begin("a test");
    /// shutdown.hard_event().wait().await;
    /// assert_eq!(start.elapsed().as_secs(), 10);
    /// # Ok(())
    /// # }
    /// ```
    pub const fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }

    /// How long what is left has after the event `"shutdown-hard"`: 3 s unless set.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::ShutdownPlan;
    /// use tokio::time::Instant;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let plan = ShutdownPlan::new().hard(Duration::from_secs(1)); // 5 s + 20 s + 1 s
    /// let (start, shutdown) = (Instant::now(), plan.isolated()?);
    /// shutdown.begin("a test");
    /// let report = shutdown.run(std::future::pending::<()>()).await;
    /// assert!(!report.is_drained());
    /// assert_eq!(start.elapsed().as_secs(), 26);
    /// # Ok(())
    /// # }
    /// ```
    pub const fn hard(mut self, time: Duration) -> Self {
        self.hard = time;
        self
    }

    /// How long after the first signal the supervisor kills the process: 30 s unless set.
    ///
    /// That is `terminationGracePeriodSeconds` on Kubernetes, `TimeoutStopSec` of systemd. Where
    /// nobody kills, it is `Duration::MAX`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::ShutdownPlan;
    ///
    /// let docker = ShutdownPlan::new().termination_grace(Duration::from_secs(10));
    /// assert!(docker.isolated().is_err(), "5 s + 20 s + 3 s are more than that");
    ///
    /// let docker = docker.pre_drain(Duration::ZERO).drain(Duration::from_secs(6));
    /// assert!(docker.isolated().is_ok());
    /// ```
    pub const fn termination_grace(mut self, time: Duration) -> Self {
        self.termination_grace = time;
        self
    }

    /// [`Shutdown::install`] with this plan.
    ///
    /// # Errors
    ///
    /// If the stages do not fit into the termination grace, if a `Shutdown` is installed already,
    /// if the signals cannot be listened to, or if no thread can be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().drain(Duration::from_secs(15)).install()?;
    /// assert!(shutdown.is_ready());
    /// assert!(ShutdownPlan::new().install().is_err(), "there is one in a process");
    /// # Ok(())
    /// # }
    /// ```
    pub fn install(self) -> io::Result<Shutdown> {
        self.check()?;
        Shutdown::installed(self)
    }

    /// A shutdown for tests: it hears no signals, sets events of its own, never ends the process,
    /// and there may be many. Once all its clones are dropped nothing sets its events any more.
    ///
    /// It offers its events as an installed one does: to the program that it [runs](Shutdown::run),
    /// and to what is [spawned](Shutdown::spawn) and [tracked](Shutdown::track) with it. Offer its
    /// [event](Shutdown::event) around other code under test. Where the clock of the runtime is
    /// paused, the plan follows it.
    ///
    /// # Errors
    ///
    /// If the stages do not fit into the termination grace, or if no thread can be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{ShutdownPlan, fenced};
    ///
    /// #[fenced(on = "shutdown")]
    /// async fn poll_queue() {
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// let queue = shutdown.spawn(poll_queue());
    /// shutdown.begin("a test");
    /// assert!(queue.await.unwrap().cancelled_by("shutdown"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn isolated(self) -> io::Result<Shutdown> {
        self.check()?;
        Shutdown::isolated(self)
    }

    fn total(&self) -> Duration {
        let total = self.pre_drain.saturating_add(self.drain);
        total.saturating_add(self.hard)
    }

    /// For what `main` still does after the last stage.
    pub(super) fn slack(&self) -> Duration {
        let slack = self.termination_grace.saturating_sub(self.total()) / 2;
        slack.min(Duration::from_secs(1))
    }

    fn check(&self) -> io::Result<()> {
        if self.total() < self.termination_grace || self.termination_grace == Duration::MAX {
            return Ok(());
        }
        let Self {
            pre_drain,
            drain,
            hard,
            termination_grace,
        } = self;
        let text = format!(
            "a shutdown in {pre_drain:?} + {drain:?} + {hard:?} does not fit into a termination \
             grace of {termination_grace:?}: shorten a stage, or raise `termination_grace` (and \
             what your supervisor grants)"
        );
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }
}

impl Default for ShutdownPlan {
    fn default() -> Self {
        Self::new()
    }
}
