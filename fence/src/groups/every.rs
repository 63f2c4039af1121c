//! Work that is done again and again.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::groups::group::Group;
use crate::groups::grouping::{Grouping, group};
use crate::outcome::{Fenced, Firing, ReasonKind};
use crate::tasks::{ChildOutput, Task, spawn};
use crate::util::caught;

/// Work that starts anew after each `interval`, the first time at once.
///
/// [`start`](Every::start) makes it a [`Task`], which belongs to the fences around the call like
/// one that is [spawned](crate::spawn()): they end it, together with the tick that runs. So does
/// [`cancel_and_wait`](crate::cancel_and_wait()).
///
/// [`overlap`](Every::overlap) says what happens if a tick is due while the one before still runs.
/// A tick that fails hands its error to [`on_error`](Every::on_error); one that panics is reported
/// by the panic hook. Neither ends the timer.
///
/// There is no last tick: work that has to be done once more at the end belongs after the
/// `cancel_and_wait`. `start` returns a `Result` as an interval that is computed may be zero; for a
/// constant, `expect` that it is not. Where the clock jumps, as after a laptop's sleep, a
/// [queue](Overlap::Queue) makes up for every tick that was missed; the others do not.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), fence::ZeroInterval> {
/// let heartbeat = fence::every(Duration::from_secs(1)).start(|| async { println!("alive") })?;
/// sleep(Duration::from_millis(3500)).await; // alive, four times
/// fence::cancel_and_wait(heartbeat).await.cancelled().unwrap();
/// # Ok(())
/// # }
/// ```
pub fn every(interval: Duration) -> Every {
    Every {
        interval,
        overlap: Overlap::default(),
        ticks: group().transparent(),
    }
}

/// What happens to a tick that is due while the one before still runs.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
/// use fence::{Overlap, cancel_and_wait, every};
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// static STARTED: AtomicU32 = AtomicU32::new(0);
///
/// let tick = || async {
///     STARTED.fetch_add(1, Ordering::Relaxed);
///     sleep(Duration::from_millis(2500)).await;
/// };
/// for (overlap, started) in [(Overlap::Skip, 2), (Overlap::Queue, 2), (Overlap::Allow, 5)] {
///     STARTED.store(0, Ordering::Relaxed);
///     let timer = every(Duration::from_secs(1)).overlap(overlap).start(tick).unwrap();
///     sleep(Duration::from_millis(4100)).await;
///     assert_eq!(STARTED.load(Ordering::Relaxed), started, "{overlap:?}");
///     assert!(cancel_and_wait(timer).await.is_cancelled());
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overlap {
    /// It is left out; the next one comes at its time.
    #[default]
    Skip,
    /// It starts as soon as the one before has ended: none is left out, and those that are late
    /// follow without a pause.
    Queue,
    /// The one before is cancelled, under the code `"handle"`, and the new one starts once that has
    /// ended. While that takes longer than an interval, ticks are left out.
    Cancel,
    /// It runs beside the one before.
    Allow,
}

/// A timer that has not started; made by [`every`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Every, Fencing, every};
///
/// fn heartbeat() -> Every {
///     every(Duration::from_secs(1))
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let beating = Fencing::new().timeout(Duration::from_secs(5)).run(async {
///     let timer = heartbeat().start(|| async { println!("alive") }).unwrap();
///     timer.await.unwrap()
/// });
/// assert!(beating.await.is_cancelled());
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a timer does nothing until it is started"]
pub struct Every<E = Infallible> {
    interval: Duration,
    overlap: Overlap,
    ticks: Grouping<E>,
}

impl<E: Send + 'static> Every<E> {
    /// What to do if a tick takes longer than the interval: [`Overlap::Skip`] unless set.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Overlap, every};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let refresh = every(Duration::from_secs(60))
    ///     .overlap(Overlap::Cancel) // one that hangs makes way for the next
    ///     .start(|| async { println!("refreshed") })
    ///     .unwrap();
    /// assert!(fence::cancel_and_wait(refresh).await.is_cancelled());
    /// # }
    /// ```
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.overlap = overlap;
        self
    }

    /// Hands the errors of ticks to `handler`, at once, in the task of the tick.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::sync::mpsc;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (send, mut failed) = mpsc::unbounded_channel();
    /// let timer = fence::every(Duration::from_secs(1))
    ///     .on_error(move |error: std::io::Error| drop(send.send(error.kind())))
    ///     .start(|| async { std::fs::read("/no/such/file").map(drop) })
    ///     .unwrap();
    /// assert_eq!(failed.recv().await, Some(std::io::ErrorKind::NotFound));
    /// assert_eq!(failed.recv().await, Some(std::io::ErrorKind::NotFound), "it goes on");
    /// fence::cancel_and_wait(timer).await.cancelled().unwrap();
    /// # }
    /// ```
    pub fn on_error<T>(self, handler: impl Fn(T) + Send + Sync + 'static) -> Every<T> {
        Every {
            interval: self.interval,
            overlap: self.overlap,
            ticks: self.ticks.on_error(handler),
        }
    }

    /// Starts it. `tick` makes the work anew each time.
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, like `tokio::spawn`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use tokio::sync::mpsc;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (send, mut ticks) = mpsc::unbounded_channel();
    /// let mut count = 0;
    /// let timer = fence::every(Duration::from_secs(1))
    ///     .start(move || {
    ///         count += 1;
    ///         let (send, count) = (send.clone(), count);
    ///         async move { send.send(count).unwrap() }
    ///     })
    ///     .unwrap();
    /// assert_eq!(ticks.recv().await, Some(1));
    /// assert_eq!(ticks.recv().await, Some(2));
    /// timer.cancel();
    /// assert!(timer.await.cancelled_by("handle"));
    /// # }
    /// ```
    pub fn start<F>(
        self,
        tick: impl FnMut() -> F + Send + 'static,
    ) -> Result<Task<Infallible>, ZeroInterval>
    where
        F: Future<Output: ChildOutput<E, Value: Send> + Send> + Send + 'static,
    {
        if self.interval.is_zero() {
            return Err(ZeroInterval);
        }
        let ticker = Ticker {
            times: interval_at(Instant::now(), self.interval),
            tick,
        };
        let run = self.ticks.run(move |group| ticker.run(self.overlap, group));
        Ok(spawn(async {
            match run.await {
                Fenced::Completed(never) => never,
                // Only what encloses this very task cuts the group.
                Fenced::Cancelled(_) => std::future::pending().await,
            }
        }))
    }
}

struct Ticker<K> {
    times: Interval,
    tick: K,
}

impl<K: FnMut() -> F, F> Ticker<K>
where
    F: Future + Send + 'static,
{
    async fn run<E>(mut self, overlap: Overlap, group: Group<E>) -> Infallible
    where
        E: Send + 'static,
        F::Output: ChildOutput<E, Value: Send> + Send,
    {
        self.times.set_missed_tick_behavior(match overlap {
            Overlap::Queue => MissedTickBehavior::Burst,
            _ => MissedTickBehavior::Skip,
        });
        let mut last: Option<Task<_>> = None;
        loop {
            self.times.tick().await;
            last = in_the_way(overlap, last).await;
            if last.is_some() {
                continue;
            }
            let Ok(tick) = catch_unwind(AssertUnwindSafe(&mut self.tick)) else {
                continue;
            };
            let tick = caught(tick);
            last = Some(group.spawn(async { Quiet(tick.await.ok()) }));
        }
    }
}

/// Has the tick before make way for the next one; gives it back if that one is to be left out.
async fn in_the_way<T>(overlap: Overlap, last: Option<Task<T>>) -> Option<Task<T>> {
    let running = last?;
    match overlap {
        Overlap::Skip => return Some(running).filter(|running| !running.is_finished()),
        Overlap::Queue => drop(running.await),
        Overlap::Cancel => {
            let firing = Firing::new(ReasonKind::Handle).because("the next one is due");
            running.handle().shared().fire(firing.unlocated());
            drop(running.await);
        }
        Overlap::Allow => {}
    }
    None
}

/// What a tick returned; nothing if it panicked.
struct Quiet<O>(Option<O>);

impl<E, O: ChildOutput<E>> ChildOutput<E> for Quiet<O> {
    /// Nobody wants it, and its destructor is user code: it is dropped where a panic ends nothing.
    type Value = ();

    fn into_result(self) -> Result<(), E> {
        let result = || {
            self.0
                .map_or(Ok(()), |output| output.into_result().map(drop))
        };
        catch_unwind(AssertUnwindSafe(result)).unwrap_or(Ok(()))
    }
}

/// An interval of zero, which would be a loop without a pause.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::ZeroInterval;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let timer = fence::every(Duration::ZERO).start(|| async {});
/// assert_eq!(timer.unwrap_err(), ZeroInterval);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroInterval;

impl fmt::Display for ZeroInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an interval of zero leaves no time between two ticks: make it longer")
    }
}

impl Error for ZeroInterval {}
