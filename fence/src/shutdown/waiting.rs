//! What a shutdown waits for, and how that is said.

use std::panic::Location;

use tokio::task;
use tokio::time::timeout;

use crate::cleanup::{Drained, Entry, LeftKind, Name};
use crate::fencing::Fencing;
use crate::shutdown::shutdown::Shutdown;
use crate::shutdown::tracked::{Busy, Tracked};
use crate::tasks::{SpawnContext, Task};
use crate::trigger::Limit;

impl Shutdown {
    /// Has the shutdown wait for a future, from this call until it ends or is dropped.
    ///
    /// It is not cut by that: fence what should be. A fence in it that says `on = "shutdown"`
    /// obeys this shutdown. If it is left it is listed under the name of the function that it is
    /// written in, or under one that [`Tracked::named`] gives it.
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
    #[track_caller]
    pub fn track<F: Future>(&self, future: F) -> Tracked<F> {
        let entry = Entry::new(LeftKind::Task, Name::of_code::<F>());
        let busy = Busy::new(&self.work, entry.at(Location::caller()));
        Tracked::new(future, self.offers.clone(), busy)
    }

    /// [Spawns](crate::spawn()) a task that the shutdown waits for, its cleanups included. A fence
    /// in it that says `on = "shutdown"` obeys this shutdown.
    ///
    /// If it panics, the [report](crate::ShutdownReport::panics) tells, and the exit status is no success.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, like `tokio::spawn`.
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
    /// let report = shutdown.run(async {
    ///     shutdown.spawn(sleep(Duration::from_secs(2))); // runs on when the program has ended
    /// });
    /// assert!(report.await.is_drained());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let context = SpawnContext::here().offering(&self.offers);
        let entry = Entry::new(LeftKind::Task, Name::of_code::<F>()).at(Location::caller());
        let lineage = context.lineage();
        let (fence, handle) = context.enclose(future);
        let entry = entry.fenced(handle.shared().clone(), lineage);
        let busy = Busy::new(&self.work, entry);
        Task::joined(
            handle,
            task::spawn(Tracked::new(fence, Fencing::new(), busy)),
        )
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
    /// let _report = fence::spawn_blocking(move || {
    ///     let _busy = busy;
    ///     println!("report written");
    /// });
    /// assert_eq!(shutdown.drain(None).await, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn busy(&self) -> Busy {
        let entry = Entry::new(LeftKind::Busy, Name::Given("busy".into()));
        Busy::new(&self.work, entry.at(Location::caller()))
    }

    /// Waits, for `limit` at most, until everything has ended that is [tracked](Self::track) or
    /// that the library runs in the background: see [`drain`](crate::drain). Returns what has not.
    ///
    /// It begins nothing and ends nothing; [`run`](Self::run) does all of it.
    ///
    /// # Cancel safety
    ///
    /// Nothing to lose; the work goes on.
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
    /// let busy = shutdown.busy();
    /// assert_eq!(shutdown.drain(Duration::from_secs(1)).await, 1);
    /// drop(busy);
    /// assert!(shutdown.drain(Duration::from_secs(1)).await.is_drained());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&self, limit: impl Limit) -> Drained {
        match limit.limit() {
            Some(limit) => drop(timeout(limit, self.work.idle()).await),
            None => self.work.idle().await,
        }
        Drained::new(self.work.left())
    }
}
