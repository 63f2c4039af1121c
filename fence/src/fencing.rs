//! The set of triggers that a fence is made from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::blocking;
use crate::bound::{self, Bound};
use crate::context;
use crate::fence::Fence;
use crate::outcome::Fenced;
use crate::policy::{Amend, Policy};
use crate::reason::Reason;
use crate::source::Entry;
use crate::times::{Limit, Span, Time, When, has_passed};
use crate::trigger::Trigger;

/// An immutable set of triggers and policies: a value to extend, clone and share.
///
/// [`run`](Self::run) makes a fence from it; [`bind`](Self::bind) makes it the one that the
/// `#[fenced]` functions and `fenced!` blocks inside a future extend (rule D17). Each method takes
/// the set and returns a larger one; a clone taken before is not touched. An empty set allocates
/// nothing, any other is one shared allocation.
///
/// Of two limits of one kind under one code the tighter counts. Everything that has passed when a
/// fence resolves is a reason of its own (rule D19).
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
    set: Option<Arc<Set>>,
}

#[derive(Clone, Default)]
struct Set {
    entries: Vec<Entry>,
    times: Vec<Time>,
    name: Option<Cow<'static, str>>,
    policy: Option<Box<Policy>>,
}

impl Fencing {
    /// The empty set. A fence under it cancels nothing by itself.
    #[must_use]
    pub const fn new() -> Self {
        Self { set: None }
    }

    /// The bound set, with its budgets running; empty where nothing is bound.
    #[must_use]
    pub fn current() -> Self {
        context::current()
    }

    /// Adds a trigger under a code. The trigger is shared, not moved.
    ///
    /// The same source under the same code counts once, under two codes twice (rule D10).
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
    #[must_use]
    pub fn timeout(self, limit: impl Limit) -> Self {
        self.timeout_as("timeout", limit)
    }

    /// Adds a timeout under a code of its own.
    #[must_use]
    pub fn timeout_as(self, code: impl Into<Cow<'static, str>>, limit: impl Limit) -> Self {
        self.time(code, limit.limit().map(Span::Timeout))
    }

    /// Adds a budget that starts once, where the set is bound or else with the fence, and that
    /// everything below spends from. Its code is `"budget"`.
    #[must_use]
    pub fn budget(self, limit: impl Limit) -> Self {
        self.budget_as("budget", limit)
    }

    /// Adds a budget under a code of its own.
    #[must_use]
    pub fn budget_as(self, code: impl Into<Cow<'static, str>>, limit: impl Limit) -> Self {
        self.time(code, limit.limit().map(Span::Budget))
    }

    /// Adds a point in time, of tokio's clock or std's. Its code is `"deadline"`.
    #[must_use]
    pub fn deadline(self, at: impl When) -> Self {
        self.deadline_as("deadline", at)
    }

    /// Adds a point in time under a code of its own.
    #[must_use]
    pub fn deadline_as(self, code: impl Into<Cow<'static, str>>, at: impl When) -> Self {
        self.time(code, at.when().map(|at| Span::Deadline(at, None)))
    }

    /// Names the fences made from it, for messages and [`Cancelled::name`](crate::Cancelled::name).
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.edit().name = Some(name.into());
        self
    }

    /// Gives the body that long to finish by itself once the fence has fired (rule D23).
    ///
    /// Until then the body runs on; [`check`](crate::check) and [`cancelled`](crate::cancelled)
    /// tell it. A body that finishes in time is completed. Fences inside work as usual.
    #[must_use]
    pub fn grace(self, time: impl Limit) -> Self {
        match time.limit() {
            Some(time) => self.amended(Amend::Grace(time)),
            None => self.cooperative(),
        }
    }

    /// Never cuts the body: it is told, like under [`grace`](Self::grace), and has to end by
    /// itself (rule D23). A fence that has fired before its first poll still never starts.
    #[must_use]
    pub fn cooperative(self) -> Self {
        self.amended(Amend::Cooperative)
    }

    /// Passes a cancellation of the fence on to the one around it, as a reason of the kind
    /// [`Linked`](crate::ReasonKind::Linked), and so on up to the first that is not linked
    /// (rule D30).
    #[must_use]
    pub fn linked(self) -> Self {
        self.amended(Amend::Linked)
    }

    /// How long the cleanups of the fence may take together: 5 s unless set (rule D25).
    #[must_use]
    pub fn cleanup_within(self, limit: impl Limit) -> Self {
        self.amended(Amend::Cleanup(limit.limit().unwrap_or(Duration::MAX)))
    }

    /// Asks `accepts` whether a firing may cancel the fence (rule D24).
    ///
    /// It is asked once per fence and reason, when the firing is first observed. What it declines
    /// is out of the question for good and listed in [`Handle::declined`](crate::Handle::declined)
    /// and [`Cancelled::declined`](crate::Cancelled::declined); everything else stays armed. Of
    /// several guards all have to accept; a guard that panics accepts. It is not asked about the
    /// fences around.
    #[must_use]
    pub fn guard(self, accepts: impl Fn(&Reason) -> bool + Send + Sync + 'static) -> Self {
        self.amended(Amend::Guard(Arc::new(accepts)))
    }

    /// Declines the firings under a code while `declines` says so: a [`guard`](Self::guard).
    #[must_use]
    pub fn unless(
        self,
        code: impl Into<Cow<'static, str>>,
        declines: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        self.amended(Amend::unless(code.into(), declines))
    }

    /// Fences a future with exactly this set, whatever is bound.
    ///
    /// # Panics
    ///
    /// The fence panics, as `tokio::time::timeout` does, if it has a time trigger, its body stays
    /// pending, and there is no tokio runtime with its time enabled. Without one it needs no
    /// runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the fence drops the body, like dropping the body itself. Nobody learns of it but
    /// the fence's [`Handle`](crate::Handle).
    pub fn run<F: Future>(&self, body: F) -> Fence<F> {
        Fence::of(self.clone(), body)
    }

    /// Binds it for the time of a future: the context that everything awaited inside sees.
    ///
    /// It replaces what was bound before, and is itself replaced by binds inside. Tasks that are
    /// spawned inside do not see it. Binding cancels nothing: only fences do.
    ///
    /// # Cancel safety
    ///
    /// That of the future: the binding adds nothing to lose.
    pub fn bind<F: Future>(&self, body: F) -> Bound<F> {
        Bound::new(self.clone(), false, body)
    }

    /// Binds it for the time of a function call.
    pub fn bind_sync<R>(&self, f: impl FnOnce() -> R) -> R {
        bound::bind_sync(self, f)
    }

    /// Runs plain code under exactly this set, on the calling thread: a fence that cannot cut.
    ///
    /// The code asks with [`check`](crate::check), which sees passed deadlines without the help of
    /// a runtime, and learns of fences around it as well. An async fence inside, under a
    /// `block_on`, is cut by what fires here. If something has fired, the code is never run
    /// (rules D2, D28); else it is completed, whatever it returns:
    /// [`flatten`](crate::Fenced::flatten) makes one of a `Result` with a [`Cancelled`] in it.
    ///
    /// [`Cancelled`]: crate::Cancelled
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Cancelled, Event, Fencing};
    ///
    /// let enough = Event::new();
    /// let count = Fencing::new().on("enough", &enough).run_blocking(|| {
    ///     for round in 0.. {
    ///         if round == 1000 {
    ///             enough.set();
    ///         }
    ///         fence::check()?;
    ///     }
    ///     Ok::<(), Cancelled>(())
    /// });
    /// assert!(count.flatten().unwrap_err().by("enough"));
    /// ```
    pub fn run_blocking<R>(&self, f: impl FnOnce() -> R) -> Fenced<R> {
        blocking::run(self.clone(), f)
    }
}

/// What the fence asks of it.
impl Fencing {
    pub(crate) fn entries(&self) -> &[Entry] {
        self.set.as_ref().map_or(&[], |set| &set.entries)
    }

    pub(crate) fn times(&self) -> &[Time] {
        self.set.as_ref().map_or(&[], |set| &set.times)
    }

    pub(crate) fn name(&self) -> Option<&Cow<'static, str>> {
        self.set.as_ref().and_then(|set| set.name.as_ref())
    }

    pub(crate) fn policy(&self) -> Option<&Policy> {
        self.set.as_ref()?.policy.as_deref()
    }

    pub(crate) fn amend(&mut self, amend: Amend) {
        let policy = &mut self.edit().policy;
        policy.get_or_insert_default().amend(amend);
    }

    fn amended(mut self, amend: Amend) -> Self {
        self.amend(amend);
        self
    }

    /// Takes an entry in that is not of the user's making.
    pub(crate) fn add(&mut self, entry: Entry) {
        if !self.entries().iter().any(|known| known.is_same(&entry)) {
            self.edit().entries.push(entry);
        }
    }

    /// Takes a time in that is not of the user's making.
    pub(crate) fn add_time(&mut self, time: Time) {
        self.edit().times.push(time);
    }

    pub(crate) fn has(&self, code: &str) -> bool {
        self.entries().iter().any(|entry| entry.code == code)
    }

    /// Whether the two are one value, shared.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.set, &other.set) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        }
    }

    /// The earliest of its points in time: what a fence below it can have at most.
    pub(crate) fn bound_deadline(&self) -> Option<Instant> {
        let at = |time: &Time| match time.span {
            Span::Deadline(at, _) => Some(at),
            Span::Timeout(_) | Span::Budget(_) => None,
        };
        self.times().iter().filter_map(at).min()
    }

    /// Whether one of its points in time has passed.
    pub(crate) fn has_passed(&self) -> bool {
        let at = self.bound_deadline();
        at.is_some() && has_passed(at, Some(Instant::now()))
    }

    /// The same with its budgets started (D19).
    pub(crate) fn started(mut self) -> Self {
        if self
            .times()
            .iter()
            .any(|time| matches!(time.span, Span::Budget(_)))
        {
            let now = Instant::now();
            let set = self.edit();
            let times = std::mem::take(&mut set.times);
            set.times = times
                .into_iter()
                .filter_map(|time| time.started(now))
                .collect();
        }
        self
    }

    /// Only the triggers of the codes that `wanted` accepts.
    pub(crate) fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let wanted = self.entries().iter().filter(|entry| wanted(&entry.code));
        let entries: Vec<_> = wanted.cloned().collect();
        if entries.is_empty() {
            return Self::new();
        }
        Self {
            set: Some(Arc::new(Set {
                entries,
                ..Set::default()
            })),
        }
    }

    fn time(mut self, code: impl Into<Cow<'static, str>>, span: Option<Span>) -> Self {
        let Some(span) = span else { return self };
        let time = Time {
            code: code.into(),
            span,
        };
        let times = &mut self.edit().times;
        let tighter = |known: &mut Time| known.tighter(&time).map(|tighter| *known = tighter);
        if times.iter_mut().find_map(tighter).is_none() {
            times.push(time);
        }
        self
    }

    fn edit(&mut self) -> &mut Set {
        Arc::make_mut(self.set.get_or_insert_default())
    }
}

impl fmt::Debug for Fencing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<_> = self.entries().iter().map(|entry| &entry.code).collect();
        f.debug_struct("Fencing")
            .field("name", &self.name())
            .field("on", &codes)
            .field("times", &self.times())
            .finish()
    }
}
