//! The set of triggers that a fence is made from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::blocking;
use crate::bound::{self, Bound};
use crate::context;
use crate::fence::Fence;
use crate::outcome::Fenced;
use crate::set::Set;
use crate::source::Entry;
use crate::times::{Limit, Span, When};
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
    pub(crate) set: Option<Arc<Set>>,
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
        self.rename(name.into());
        self
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
    #[inline]
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
    /// `block_on`, is cut by what fires here. If something has fired, here or around, the code is
    /// never run (rules D2, D28): that is the one place where a fence around is handed on to the
    /// code between, which cannot be cut. Else it is completed, whatever it returns:
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
        blocking::run(self.clone(), None, f)
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
