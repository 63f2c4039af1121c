//! The set of triggers that a fence is made from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::fencing::policy::{Amend, Policy};
use crate::fencing::set::Set;
use crate::outcome::Reason;
use crate::trigger::{Entry, Limit, Span, Trigger, When};

/// An immutable set of triggers and policies: a value to extend, clone and share.
///
/// [`run`](Self::run) makes a fence from it; [`bind`](Self::bind) makes it the one that the
/// `#[fenced]` functions and `fenced!` blocks inside a future extend. Each method takes the set and
/// returns a larger one; a clone taken before is not touched. An empty set allocates nothing, any
/// other is one shared allocation.
///
/// | | what is inside sees the set | what fires in it cuts |
/// | --- | --- | --- |
/// | `set.run(body)` | no | yes |
/// | `set.bind(body)` | yes | only the fences inside that extend it |
/// | `set.bind(set.run(body))` | yes | yes |
///
/// A fence below a bind obeys what is bound wherever it runs: also when it is started after the
/// fence around has been cut, for as long as the source is bound. [`detached`](crate::detached), or
/// `inherit = false` in the macros, leaves it behind.
///
/// Of two limits of one kind under one code the tighter counts. Everything that has passed when a
/// fence resolves is a reason of its own.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Event, Fencing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let disconnect = Event::new();
/// let request = Fencing::new().budget(Duration::from_secs(30)).on("disconnect", &disconnect);
///
/// let outcome = request
///     .bind(async {
///         // Far below: names no source, but obeys what was bound.
///         let call = Fencing::current().timeout(Duration::from_secs(5));
///         call.run(std::future::pending::<()>()).await
///     })
///     .await;
/// assert!(outcome.cancelled_by("timeout"));
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Fencing {
    pub(crate) set: Option<Arc<Set>>,
}

impl Fencing {
    /// The empty set. A fence under it cancels nothing by itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let outcome = Fencing::new().run(async { 7 }).await;
    /// assert_eq!(outcome.unwrap(), 7);
    /// # }
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { set: None }
    }

    /// Adds a trigger under a code. The trigger is shared, not moved.
    ///
    /// The same source under the same code counts once, under two codes twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (left, stop) = (Event::new(), Event::new());
    /// let request = Fencing::new().on("disconnect", &left).on("shutdown", &stop);
    /// let answering = request.run(std::future::pending::<()>());
    /// left.set();
    /// assert!(answering.await.cancelled_by("disconnect"));
    /// # }
    /// ```
    #[must_use]
    pub fn on<T>(mut self, code: impl Into<Cow<'static, str>>, trigger: &T) -> Self
    where
        T: Trigger + ?Sized,
    {
        self.add(Entry {
            code: code.into(),
            source: trigger.source(),
        });
        self
    }

    /// Adds a timeout that every fence gets the whole of. Its code is `"timeout"`.
    ///
    /// `Duration::ZERO` has passed at the start, `Duration::MAX` and `None` never pass.
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
    /// let second = Fencing::new().timeout(Duration::from_secs(1));
    /// for _ in 0..3 {
    ///     let fence = second.run(sleep(Duration::from_millis(900)));
    ///     assert!(fence.await.is_completed(), "each has the whole of it");
    /// }
    /// assert!(second.run(sleep(Duration::MAX)).await.cancelled_by("timeout"));
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn timeout(self, limit: impl Limit) -> Self {
        self.timeout_as("timeout", limit)
    }

    /// Adds a timeout under a code of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let query = Fencing::new().timeout_as("database", Duration::from_secs(1));
    /// assert!(query.run(std::future::pending::<()>()).await.cancelled_by("database"));
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn timeout_as(self, code: impl Into<Cow<'static, str>>, limit: impl Limit) -> Self {
        self.time(code, limit.limit().map(Span::Timeout))
    }

    /// Adds a budget that starts once, where the set is bound or else with the fence, and that
    /// everything below spends from. Its code is `"budget"`.
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
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// request
    ///     .bind(async {
    ///         sleep(Duration::from_secs(2)).await;
    ///         let call = Fencing::current().run(sleep(Duration::from_secs(2)));
    ///         assert!(call.await.cancelled_by("budget"), "only one second was left");
    ///     })
    ///     .await;
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn budget(self, limit: impl Limit) -> Self {
        self.budget_as("budget", limit)
    }

    /// Adds a budget under a code of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget_as("request", Duration::from_secs(3));
    /// assert!(request.run(std::future::pending::<()>()).await.cancelled_by("request"));
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn budget_as(self, code: impl Into<Cow<'static, str>>, limit: impl Limit) -> Self {
        self.time(code, limit.limit().map(Span::Budget))
    }

    /// Adds a point in time, of tokio's clock or std's. Its code is `"deadline"`.
    ///
    /// In a test with a paused clock the two have nothing to do with each other: take the instant from
    /// `tokio::time::Instant::now()`, as one of std's may have passed at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    /// use tokio::time::{Instant, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let noon = Instant::now() + Duration::from_secs(3);
    /// let auction = Fencing::new().deadline(noon);
    /// assert!(auction.run(sleep(Duration::from_secs(4))).await.cancelled_by("deadline"));
    /// assert_eq!(Instant::now(), noon);
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn deadline(self, at: impl When) -> Self {
        self.deadline_as("deadline", at)
    }

    /// Adds a point in time under a code of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    /// use tokio::time::Instant;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let auction = Fencing::new().deadline_as("closing", Instant::now());
    /// assert!(auction.run(async { "bid" }).await.cancelled_by("closing"));
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn deadline_as(self, code: impl Into<Cow<'static, str>>, at: impl When) -> Self {
        self.time(code, at.when().map(Span::deadline))
    }

    /// Adds a limit on the time without progress, which every fence gets the whole of. Its code is
    /// `"idle"`.
    ///
    /// Progress is the first poll, and each call of [`progress`](crate::progress) in the body, in
    /// what was spawned inside, and on threads under [`here`](crate::here()). The fence may notice
    /// it late, so it may wait longer than the limit, by one limit at most; it is never cut early.
    /// Once the limit has passed, progress changes nothing.
    ///
    /// It counts for neither [`remaining`](crate::remaining) nor [`deadline`](crate::deadline).
    /// `Duration::ZERO` has passed at the start, `Duration::MAX` and `None` never pass.
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
    /// let download = Fencing::new().idle(Duration::from_secs(60)).run(async {
    ///     for _chunk in 0..100 {
    ///         sleep(Duration::from_secs(30)).await; // slow, but alive
    ///         fence::progress();
    ///     }
    ///     std::future::pending::<()>().await // the other side is gone
    /// });
    /// let why = download.await.cancelled().unwrap();
    /// assert_eq!(why.to_string(), "cancelled: idle: nothing for 60s");
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn idle(self, limit: impl Limit) -> Self {
        self.idle_as("idle", limit)
    }

    /// Adds a limit on the time without progress under a code of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let upload = Fencing::new().idle_as("silence", Duration::from_secs(60));
    /// assert!(upload.run(std::future::pending::<()>()).await.cancelled_by("silence"));
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn idle_as(self, code: impl Into<Cow<'static, str>>, limit: impl Limit) -> Self {
        match limit.limit() {
            Some(limit) => self.amended(Amend::idle(code.into(), limit)),
            None => self,
        }
    }

    /// Names the fences made from it, for messages and [`Cancelled::name`](crate::Cancelled::name).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let call = Fencing::new().named("fetch").timeout(Duration::from_secs(5));
    /// let why = call.run(std::future::pending::<()>()).await.cancelled().unwrap();
    /// assert_eq!(why.to_string(), "`fetch` cancelled: timeout: timed out after 5s");
    /// # }
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.rename(name.into());
        self
    }
}

/// Policies.
impl Fencing {
    /// Gives the body that long to finish by itself once the fence has fired.
    ///
    /// Until then the body runs on; [`check`](crate::check) and [`cancelled`](crate::cancelled)
    /// tell it. A body that finishes in time is completed. Fences inside work as usual.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Event, Fencing};
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let worker = Fencing::new().on("stop", &stop).grace(Duration::from_secs(2)).run(async {
    ///     let mut done = 0;
    ///     while fence::check().is_ok() {
    ///         sleep(Duration::from_millis(300)).await; // one item, which is finished in any case
    ///         done += 1;
    ///         if done == 5 {
    ///             stop.set();
    ///         }
    ///     }
    ///     done
    /// });
    /// assert_eq!(worker.await.unwrap(), 5);
    /// # }
    /// ```
    #[must_use]
    pub fn grace(self, time: impl Limit) -> Self {
        match time.limit() {
            Some(time) => self.amended(Amend::Grace(time)),
            None => self.cooperative(),
        }
    }

    /// Never cuts the body: it is told, like under [`grace`](Self::grace), and has to end by
    /// itself. A fence that has fired before its first poll still never starts.
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
    /// let save = Fencing::new().timeout(Duration::from_secs(1)).cooperative().run(async {
    ///     let why = fence::cancelled().await;
    ///     sleep(Duration::from_secs(60)).await; // for as long as it takes
    ///     why.is_timeout()
    /// });
    /// assert!(save.await.unwrap());
    /// # }
    /// ```
    #[must_use]
    pub fn cooperative(self) -> Self {
        self.amended(Amend::Cooperative)
    }

    /// Passes a cancellation of the fence on to the one around it, as a reason of the kind
    /// [`Linked`](crate::ReasonKind::Linked), and so on up to the first that is not linked.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, ReasonKind};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let call = Fencing::new().timeout_as("upstream", Duration::from_secs(1)).linked();
    /// let request = Fencing::new().run(async {
    ///     let _ = call.run(std::future::pending::<()>()).await;
    ///     unreachable!("the request ends along with its call")
    /// });
    /// let outcome: fence::Fenced<()> = request.await;
    /// assert!(outcome.cancelled_by("upstream"));
    /// assert_eq!(outcome.reasons()[0].kind(), ReasonKind::Linked);
    /// # }
    /// ```
    #[must_use]
    pub fn linked(self) -> Self {
        self.amended(Amend::Linked)
    }

    /// How long the cleanups of the fence may take together: 5 s unless set.
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
    /// let booking = Fencing::new().timeout(Duration::from_secs(5)).cleanup_within(Duration::from_secs(1));
    /// let body = async {
    ///     fence::on_cancel(sleep(Duration::from_secs(60)));
    ///     std::future::pending::<()>().await
    /// };
    /// let why = booking.run(body).await.cancelled().unwrap();
    /// assert_eq!(why.cleanup().overran(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn cleanup_within(self, limit: impl Limit) -> Self {
        self.amended(Amend::Cleanup(limit.limit().unwrap_or(Duration::MAX)))
    }

    /// Asks `accepts` whether a firing may cancel the fence.
    ///
    /// It is asked once per fence and reason, when the firing is first observed. What it declines
    /// is out of the question for good and listed in [`Handle::declined`](crate::Handle::declined)
    /// and [`Cancelled::declined`](crate::Cancelled::declined); everything else stays armed. Of
    /// several guards all have to accept; a guard that panics accepts. It is not asked about the
    /// fences around.
    ///
    /// It is called wherever the firing is first seen: also inside of [`check`](crate::check) and of
    /// a fence that starts in the body. A lock that it takes must not be held there: ask an atomic,
    /// or `try_lock`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Event, Fencing};
    /// use tokio::time::sleep;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let left = Event::new();
    /// let answering = Fencing::new()
    ///     .on("disconnect", &left)
    ///     .guard(|reason| reason.code() != "disconnect")
    ///     .run(sleep(Duration::from_secs(1)));
    /// left.set();
    /// assert!(answering.await.is_completed());
    /// # }
    /// ```
    #[must_use]
    pub fn guard(self, accepts: impl Fn(&Reason) -> bool + Send + Sync + 'static) -> Self {
        self.amended(Amend::Guard(Arc::new(accepts)))
    }

    /// Declines the firings under a code while `declines` says so: a [`guard`](Self::guard).
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing};
    /// use tokio::time::{Duration, sleep};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (left, complete) = (Event::new(), Event::new());
    /// let is_complete = complete.clone();
    /// let answering = Fencing::new()
    ///     .on("disconnect", &left)
    ///     .unless("disconnect", move || is_complete.is_set())
    ///     .run(async {
    ///         complete.set();
    ///         left.set(); // too late to matter
    ///         sleep(Duration::from_secs(1)).await
    ///     });
    /// assert!(answering.await.is_completed());
    /// # }
    /// ```
    #[must_use]
    pub fn unless(
        self,
        code: impl Into<Cow<'static, str>>,
        declines: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        self.amended(Amend::unless(code.into(), declines))
    }

    fn amended(mut self, amend: Amend) -> Self {
        self.amend(amend);
        self
    }
}

impl fmt::Debug for Fencing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = |entries: &[Entry]| -> Vec<_> {
            entries.iter().map(|entry| entry.code.clone()).collect()
        };
        f.debug_struct("Fencing")
            .field("name", &self.name())
            .field("on", &codes(self.entries()))
            .field("named", &self.names())
            .field("offered", &codes(self.offers()))
            .field("times", &self.times())
            .field("idle", &self.policy().map(Policy::idle).unwrap_or_default())
            .finish()
    }
}
