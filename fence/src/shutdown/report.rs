//! What became of a process that was to end.

use std::error::Error;
use std::fmt;
use std::io::{Write, stderr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, Termination};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cleanup::Left;
use crate::shutdown::work::{Panics, Work};

/// What [`Shutdown::run`](crate::Shutdown::run) returns: whether everything was drained.
///
/// `Display` is a line for people, such as `shutdown: SIGTERM, 2 not drained`, with a line for each
/// that is [left](Self::left) or has [panicked](Self::panics) if it is alternate (`{:#}`). Returned
/// from `main`, it makes the exit status: that of the program if everything was drained and nothing
/// panicked, and otherwise 1, with those lines on stderr.
///
/// # Examples
///
/// ```
/// use fence::{ShutdownPlan, ShutdownReport};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> std::io::Result<()> {
/// let shutdown = ShutdownPlan::new().isolated()?;
/// shutdown.begin("SIGTERM");
/// let report: ShutdownReport = shutdown.run(async { println!("nothing to do") }).await;
/// assert!(report.is_drained());
/// assert_eq!(report.to_string(), "shutdown: SIGTERM, drained");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "return it from `main`: it makes the exit status"]
pub struct ShutdownReport {
    code: ExitCode,
    left: Vec<Left>,
    panics: Panics,
    cause: String,
    /// Whether it stands on stderr; shared by the clones.
    is_told: Arc<AtomicBool>,
}

impl ShutdownReport {
    pub(super) fn new(cause: Option<&dyn Error>, code: ExitCode, work: &Work) -> Self {
        Self {
            code,
            left: work.left_of_all(),
            panics: work.panics(),
            cause: cause.map_or_else(String::new, text),
            is_told: Arc::default(),
        }
    }

    /// Whether the program and all that was waited for have ended.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.left.is_empty()
    }

    /// What had not ended: the program itself, what was tracked, and what the library runs in the
    /// background, each with its name and its place.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// let _busy = shutdown.busy().named("nightly report");
    /// let report = shutdown.run(async {}).await;
    ///
    /// let left = &report.left()[0];
    /// assert_eq!(left.name(), "nightly report");
    /// assert_eq!(left.age(), Duration::from_secs(23));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn left(&self) -> &[Left] {
        &self.left
    }

    /// What has panicked of that which was [spawned](crate::Shutdown::spawn) or
    /// [tracked](crate::Shutdown::track), since the start of the process: the first sixteen, a line
    /// each.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::ShutdownPlan;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// shutdown.spawn(async { panic!("no such queue") });
    /// let report = shutdown.run(async {}).await;
    /// assert!(report.is_drained());
    /// assert!(report.panics()[0].contains("no such queue"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn panics(&self) -> &[String] {
        &self.panics.texts
    }

    /// The exit status that it makes.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self.code {
            _ if !self.is_drained() => ExitCode::FAILURE,
            ExitCode::SUCCESS if self.panics.count > 0 => ExitCode::FAILURE,
            code => code,
        }
    }

    fn is_failed(&self) -> bool {
        !self.is_drained() || self.panics.count > 0
    }

    /// Says on stderr what went wrong, unless it is said.
    pub(super) fn tell(&self) {
        if self.is_failed() && !self.is_told.swap(true, Ordering::Relaxed) {
            // Where nobody reads any more there is nobody to tell.
            let _ = writeln!(stderr(), "Error: {self:#}");
        }
    }
}

/// What the error says, in one line. A user's `Display` may panic; the status has to be kept.
fn text(cause: &dyn Error) -> String {
    let text = catch_unwind(AssertUnwindSafe(|| cause.to_string()));
    let text = text.unwrap_or_else(|_| "a cause that cannot be shown".to_owned());
    text.escape_debug().to_string()
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shutdown: {}, ", self.cause)?;
        match self.left.len() {
            0 => f.write_str("drained")?,
            left => write!(f, "{left} not drained")?,
        }
        if self.panics.count > 0 {
            write!(f, ", {} panicked", self.panics.count)?;
        }
        if f.alternate() {
            for left in &self.left {
                write!(f, "\n  left: {left}")?;
            }
            for panic in self.panics() {
                write!(f, "\n  panicked: {panic}")?;
            }
        }
        Ok(())
    }
}

impl Termination for ShutdownReport {
    fn report(self) -> ExitCode {
        self.tell();
        self.exit_code()
    }
}
