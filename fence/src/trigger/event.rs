//! Events: one-shot flags that many may wait for.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};

use crate::outcome::{Firing, ReasonKind};
use crate::trigger::latch::Secluded;
use crate::trigger::source::Source;
use crate::trigger::trigger::{FiringFuture, Trigger};
use crate::trigger::waiters::Key;
use crate::util::{WakerId, unpoisoned};

/// A flag that is set once and stays set.
///
/// Clones are the same event. Dropping every clone is not a firing: what waits then waits
/// forever. Setting it wakes all waiters in one go; they see it before `set` returns.
///
/// # Examples
///
/// ```
/// use fence::{Event, Fencing};
///
/// static SHUTDOWN: Event = Event::new();
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let fencing = Fencing::new().on("shutdown", &SHUTDOWN);
/// let work = fencing.run(std::future::pending::<()>());
/// let (outcome, ()) = tokio::join!(work, async { assert!(SHUTDOWN.set()) });
///
/// assert!(outcome.cancelled_by("shutdown"));
/// # }
/// ```
#[derive(Default)]
pub struct Event {
    latch: OnceLock<Arc<Secluded>>,
}

impl Event {
    /// An event that is not set. Allocates nothing until it is used.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Event;
    ///
    /// static SHUTDOWN: Event = Event::new();
    ///
    /// assert!(!SHUTDOWN.is_set());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            latch: OnceLock::new(),
        }
    }

    /// The process-wide event of this name, made when first asked for.
    ///
    /// It is what `on = "shutdown"` means where nothing is bound under that code. It lives as long
    /// as the process and is never unset, so names belong in the program text and not in its data,
    /// and a test that sets one has cut every later test of its process: `docs/testing.md` says how
    /// to [offer](crate::Fencing::offer) an event of the test's own under the name. A fence that is
    /// forgotten (`mem::forget`) leaves its waiter there until the event is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, fenced};
    ///
    /// #[fenced(on = "reload")]
    /// async fn watch_config() {
    ///     std::future::pending().await
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// Event::named("reload").set();
    /// assert!(watch_config().await.cancelled_by("reload"));
    /// # }
    /// ```
    #[must_use]
    pub fn named(name: &'static str) -> &'static Self {
        static NAMED: Mutex<BTreeMap<&'static str, &'static Event>> = Mutex::new(BTreeMap::new());
        let mut named = unpoisoned(NAMED.lock());
        named
            .entry(name)
            .or_insert_with(|| Box::leak(Box::default()))
    }

    /// Sets it; `false` if it was set before, in which case the first firing stays the one.
    ///
    /// The calling line becomes the [`location`](crate::Reason::location) of the reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Event;
    ///
    /// let stop = Event::new();
    /// assert!(stop.set());
    /// assert!(!stop.set(), "it was set before");
    /// ```
    #[track_caller]
    pub fn set(&self) -> bool {
        self.latch().fire(Firing::new(ReasonKind::Event))
    }

    /// Sets it with the error (or the text) behind it, which the reason passes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// stop.set_because("the disk is full");
    /// let outcome = Fencing::new().on("stop", &stop).run(async {}).await;
    /// assert_eq!(outcome.reasons()[0].to_string(), "stop: the disk is full");
    /// # }
    /// ```
    #[track_caller]
    pub fn set_because(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> bool {
        self.latch()
            .fire(Firing::new(ReasonKind::Event).because(cause))
    }

    /// Whether it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Event;
    ///
    /// let stop = Event::new();
    /// let elsewhere = stop.clone();
    /// std::thread::spawn(move || elsewhere.set()).join().unwrap();
    /// assert!(stop.is_set());
    /// ```
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.latch.get().is_some_and(|latch| latch.is_fired())
    }

    /// Waits until it is set.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped: it takes its waiter back.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Event;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let ready = Event::new();
    /// let opening = async { ready.set() };
    /// let (_, was_first) = tokio::join!(ready.wait(), opening);
    /// assert!(was_first);
    /// # }
    /// ```
    pub fn wait(&self) -> Wait {
        Wait {
            latch: self.latch().clone(),
            registered: None,
        }
    }

    /// Sets it from within this crate, where no line of the program is to be named (D12).
    pub(crate) fn set_internally(&self, cause: &'static str) -> bool {
        let firing = Firing::new(ReasonKind::Event).because(cause);
        self.latch().fire(firing.unlocated())
    }

    pub(crate) fn latch(&self) -> &Arc<Secluded> {
        self.latch.get_or_init(|| Arc::new(Secluded::new()))
    }
}

/// A clone is the same event.
impl Clone for Event {
    fn clone(&self) -> Self {
        Self {
            latch: OnceLock::from(self.latch().clone()),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiters = self.latch.get().map_or(0, |latch| latch.waiters.len());
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .field("waiters", &waiters)
            .finish()
    }
}

impl Trigger for Event {
    fn fired(&self) -> Option<Firing> {
        self.latch().firing().cloned()
    }

    fn wait(&self) -> FiringFuture {
        let event = self.clone();
        Box::pin(async move {
            event.wait().await;
            event
                .fired()
                .unwrap_or_else(|| Firing::new(ReasonKind::Event))
        })
    }

    fn share(&self) -> Arc<dyn Trigger> {
        Arc::new(self.clone())
    }

    fn source(&self) -> Source {
        Source::latch(self.latch().clone())
    }
}

/// The future of [`Event::wait`].
///
/// # Examples
///
/// ```
/// use fence::{Event, Wait};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let ready = Event::new();
/// let waiting: Wait = ready.wait(); // keeps the event, and may outlive it
/// ready.set();
/// drop(ready);
/// waiting.await;
/// # }
/// ```
#[must_use = "futures do nothing unless polled"]
pub struct Wait {
    latch: Arc<Secluded>,
    registered: Option<(WakerId, Key)>,
}

impl Wait {
    fn deregister(&mut self) {
        if let Some((_, key)) = self.registered.take() {
            self.latch.leave(key);
        }
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.latch.is_fired() {
            return Poll::Ready(());
        }
        let waker = WakerId::of(cx.waker());
        if matches!(self.registered, Some((known, _)) if known == waker) {
            return Poll::Pending;
        }
        self.deregister();
        match self.latch.waiters.insert_known(cx.waker()) {
            Some((key, waker)) => {
                self.registered = Some((waker, key));
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.deregister();
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("is_set", &self.latch.is_fired())
            .finish_non_exhaustive()
    }
}
