//! Functions that ask the fences around the calling code, and the bound set.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Blocked;
use crate::engine::frames::current;
use crate::engine::frames::user_code;
use crate::fencing::Fencing;
use crate::outcome::Cancelled;
use crate::trigger::check_cache;

/// The bound set, as [`Fencing::current`] returns it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let request = Fencing::new().timeout(Duration::from_secs(5));
/// let outcome = request
///     .bind(async { fence::current().run(std::future::pending::<()>()).await })
///     .await;
/// assert!(outcome.cancelled_by("timeout"));
/// # }
/// ```
#[must_use]
pub fn current() -> Fencing {
    current::current()
}

/// The earliest deadline of the bound set and of all enclosing fences; `None` without any.
///
/// For a fence that has fired it is the end of its grace, no limit if it is cooperative, and now if
/// it cuts. A bound timeout does not count: it starts anew with each fence.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let at = Instant::now() + Duration::from_secs(3);
/// let outer = Fencing::new().deadline(at);
/// let inner = Fencing::new().timeout(Duration::from_secs(60));
/// let outcome = outer.run(async { inner.run(async { fence::deadline() }).await }).await;
/// assert_eq!(outcome.unwrap().unwrap(), Some(at));
/// # }
/// ```
#[must_use]
pub fn deadline() -> Option<Instant> {
    current::deadline()
}

/// The time left until [`deadline`]: what an outgoing call may be given.
///
/// Zero once the deadline has passed or an enclosing fence cuts; `None` without a deadline.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let request = Fencing::new().budget(Duration::from_secs(3));
/// request
///     .bind(async {
///         tokio::time::sleep(Duration::from_secs(1)).await;
///         assert_eq!(fence::remaining(), Some(Duration::from_secs(2)));
///     })
///     .await;
/// assert_eq!(fence::remaining(), None);
/// # }
/// ```
#[must_use]
pub fn remaining() -> Option<Duration> {
    current::remaining()
}

/// Whether to stop: an error with the reasons once a fence around this code has fired.
///
/// For plain code, and for loops that never wait: a few instructions while nothing fires anywhere,
/// so that it can be asked in each round. A passed deadline is seen without the help of a runtime,
/// which costs a look at the clock if there is a deadline at all. Of several fences that have fired
/// the outermost is named, and fences beyond a [`shield`](crate::shield) are not seen. Outside of
/// fences it is always `Ok`, on any thread.
///
/// # Errors
///
/// Why the fence has fired; the same again at every later call.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Cancelled, Fencing};
///
/// fn primes_below(limit: u32) -> Result<usize, Cancelled> {
///     let mut found = 0;
///     for number in 2..limit {
///         fence::check()?;
///         found += usize::from((2..number).all(|by| number % by != 0));
///     }
///     Ok(found)
/// }
///
/// assert_eq!(primes_below(100).unwrap(), 25);
/// let hurry = Fencing::new().timeout(Duration::from_millis(10));
/// let endless = hurry.run_blocking(|| primes_below(u32::MAX));
/// assert!(endless.flatten().unwrap_err().is_timeout());
/// ```
#[inline]
pub fn check() -> Result<(), Cancelled> {
    if check_cache::is_valid() {
        return Ok(());
    }
    user_code::why().map_or(Ok(()), Err)
}

/// Tells every fence around this code that has an [idle limit](Fencing::idle) of progress.
///
/// Also those beyond a [`shield`](crate::shield), and those around the place where this task or
/// thread was spawned; none beyond [`detached`](crate::detached). It sets one flag a limit, and reads
/// no clock, so that it may be called for every chunk. Where no fence has an idle limit it does
/// nothing; on threads of others call [`Here::progress`](crate::Here::progress).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let import = async {
///     for _row in 0..10 {
///         sleep(Duration::from_secs(1)).await;
///         fence::progress();
///     }
/// };
/// let outcome = Fencing::new().idle(Duration::from_secs(2)).run(import).await;
/// assert!(outcome.is_completed(), "ten seconds, and never two of silence");
/// # }
/// ```
pub fn progress() {
    current::progress();
}

/// A point at which enclosing fences may cut, even if nothing has to be waited for.
///
/// Ready at once while no enclosing fence cuts; otherwise it stays pending and the fence takes
/// over. A passed deadline counts. Code that is owned outside of that fence, and polled through a
/// set such as `FuturesUnordered`, is woken when the fence is over, and goes on. For long stretches
/// whose awaits are always ready; it does not let other tasks run, which is
/// `tokio::task::yield_now`'s business.
///
/// # Cancel safety
///
/// Nothing to lose.
///
/// # Examples
///
/// ```
/// use fence::{Event, Fencing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let enough = Event::new();
/// let mut rounds = 0;
/// let counting = async {
///     loop {
///         rounds += 1;
///         if rounds == 1000 {
///             enough.set();
///         }
///         fence::checkpoint().await;
///     }
/// };
/// let outcome = Fencing::new().on("enough", &enough).run(counting).await;
/// let _: fence::Fenced<()> = outcome;
/// assert_eq!(rounds, 1000);
/// # }
/// ```
pub fn checkpoint() -> Checkpoint {
    Checkpoint {
        blocked: Blocked::default(),
    }
}

/// The future of [`checkpoint`].
///
/// # Examples
///
/// ```
/// use fence::{Checkpoint, Fencing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let point: Checkpoint = fence::checkpoint();
/// assert!(Fencing::new().run(point).await.is_completed(), "nothing has fired");
/// # }
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Checkpoint {
    blocked: Blocked,
}

impl Future for Checkpoint {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if current::is_interrupted_now() {
            return self.blocked.stay(cx);
        }
        self.blocked.leave();
        Poll::Ready(())
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint").finish_non_exhaustive()
    }
}

impl Fencing {
    /// The bound set, with its budgets running; empty where nothing is bound.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set();
    /// let helper = async || Fencing::current().run(async {}).await;
    /// assert!(Fencing::new().on("stop", &stop).bind(helper()).await.cancelled_by("stop"));
    /// assert!(helper().await.is_completed(), "nothing is bound here");
    /// # }
    /// ```
    #[must_use]
    pub fn current() -> Self {
        current::current()
    }
}
