//! Work that a shutdown waits for, as values.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;

use crate::cleanup::{Entered, Entry, Name};
use crate::context::Bound;
use crate::fencing::Fencing;
use crate::shutdown::work::Work;

/// Something that a [`Shutdown`](crate::Shutdown) waits for, as long as this value lives.
///
/// Made by [`Shutdown::busy`](crate::Shutdown::busy). Dropped by a panic it tells the shutdown of
/// it, as what it stands for was not finished.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Busy, ShutdownPlan};
///
/// /// What is not to be interrupted, although it is no future.
/// struct Migration {
///     _busy: Busy,
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> std::io::Result<()> {
/// let shutdown = ShutdownPlan::new().isolated()?;
/// let migration = Migration { _busy: shutdown.busy() };
/// assert_eq!(shutdown.drain(Duration::from_secs(1)).await, 1);
/// drop(migration);
/// assert_eq!(shutdown.drain(Duration::from_secs(1)).await, 0);
/// # Ok(())
/// # }
/// ```
#[must_use = "what is dropped is not waited for"]
pub struct Busy {
    entered: Entered,
    work: Work,
    /// Not to be told of: it is told already, or had begun before.
    is_panic_known: AtomicBool,
}

impl Busy {
    pub(super) fn new(work: &Work, entry: Entry) -> Self {
        Self {
            entered: work.track(entry),
            work: work.clone(),
            is_panic_known: AtomicBool::new(thread::panicking()),
        }
    }

    /// Gives it a name, by which it is listed if it is left.
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
    /// let _busy = shutdown.busy().named("migration");
    /// let drained = shutdown.drain(Duration::from_secs(1)).await;
    /// assert_eq!(drained.left()[0].name(), "migration");
    /// # Ok(())
    /// # }
    /// ```
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = Name::Given(name.into());
        self.entered.amend(|entry| entry.name = name);
        self
    }

    fn panicked(&self, panic: Option<&(dyn std::any::Any + Send)>) {
        if !self.is_panic_known.swap(true, Ordering::Relaxed) {
            self.work.panicked(&self.entered, panic);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if thread::panicking() {
            self.panicked(None);
        }
    }
}

impl fmt::Debug for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Busy").finish_non_exhaustive()
    }
}

pin_project! {
    /// A future that a [`Shutdown`](crate::Shutdown) waits for, until it ends or is dropped.
    ///
    /// Made by [`Shutdown::track`](crate::Shutdown::track).
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{ShutdownPlan, Tracked};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> std::io::Result<()> {
    /// let shutdown = ShutdownPlan::new().isolated()?;
    /// let request: Tracked<_> = shutdown.track(async { "answered" });
    /// assert_eq!(request.await, "answered");
    /// assert_eq!(shutdown.drain(None).await, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Tracked<F> {
        // Dropped first: its destructors are waited for too.
        #[pin]
        future: Bound<F>,
        busy: Option<Busy>,
    }
}

impl<F> Tracked<F> {
    pub(super) fn new(future: F, offers: Fencing, busy: Busy) -> Self {
        Self {
            future: Bound::offering(offers, future),
            busy: Some(busy),
        }
    }

    /// Gives it a name, by which it is listed if it is left.
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
    /// let upload = shutdown.track(sleep(Duration::from_secs(2))).named("upload");
    /// assert_eq!(shutdown.drain(Duration::from_secs(1)).await.left()[0].name(), "upload");
    /// upload.await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.busy = self.busy.map(|busy| busy.named(name));
        self
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future;
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => {
                *this.busy = None;
                Poll::Ready(value)
            }
            Err(panic) => {
                if let Some(busy) = this.busy {
                    busy.panicked(Some(&*panic));
                }
                resume_unwind(panic)
            }
        }
    }
}

impl<F> fmt::Debug for Tracked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked")
            .field("has_ended", &self.busy.is_none())
            .finish_non_exhaustive()
    }
}
