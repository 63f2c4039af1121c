//! Tasks that stand and fall together.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Mutex;

use crate::fencing::Fencing;
use crate::groups::errors::Errors;
use crate::groups::group::Group;
use crate::groups::options::Options;
use crate::groups::run::run_host;
use crate::outcome::Cancelled;

/// A group of tasks in which the first error ends all.
///
/// Like [`group`](crate::group()) in everything else: [`run`](TryGrouping::run) returns once the
/// host and all children have ended, cleanups included. When a child or the host returns an error,
/// or panics, host and children are cut, with a reason of the kind
/// [`Failed`](crate::ReasonKind::Failed). All errors are collected, those included that others run
/// into while they stop. A cancellation is never one of them: a child that was cancelled through
/// its own handle, or by a fence of its own, has not failed.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let failed = fence::try_group()
///     .run(async |group| {
///         group.spawn(async { Err::<(), _>("no such host") });
///         sleep(Duration::from_secs(60)).await; // cut
///         Ok(())
///     })
///     .await
///     .unwrap_err();
/// assert_eq!(failed.errors(), ["no such host"]);
/// # }
/// ```
pub fn try_group<E>() -> TryGrouping<E> {
    TryGrouping {
        options: Options::default(),
        errors: PhantomData,
    }
}

/// A [`try_group`](crate::try_group()) that has not started.
#[must_use = "a group does nothing until it is run"]
pub struct TryGrouping<E> {
    options: Options,
    errors: PhantomData<fn() -> E>,
}

impl<E: fmt::Display + Send + 'static> TryGrouping<E> {
    /// Fences the group by this set: it cancels host and children. Policies count as well; an
    /// error goes up no [link](Fencing::linked).
    pub fn fenced(mut self, fencing: &Fencing) -> Self {
        self.options.fencing = fencing.clone();
        self
    }

    /// Lets at most so many children run at once: see [`Group::reserve`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.options.limit = Some(limit);
        self
    }

    /// Runs the host, and waits for everything that it spawned.
    ///
    /// # Errors
    ///
    /// What the host and the children failed with, or why the group was cancelled. If a fence
    /// around the group cuts it, [`Cleanup::errors`](crate::Cleanup::errors) of that fence has the
    /// errors as texts.
    ///
    /// # Panics
    ///
    /// With the panic of the host, or of the first child that panicked, once all have ended.
    ///
    /// # Cancel safety
    ///
    /// A fence that cuts it waits for the children; whoever else drops it has them aborted.
    pub async fn run<H, F, T>(self, host: H) -> Result<T, GroupError<E>>
    where
        H: FnOnce(Group<E>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        let errors = Errors::Collect(Mutex::default(), ToString::to_string);
        let group = Group::new(&self.options, errors);
        let settle = |result: Result<T, E>| result.map_err(|error| group.failed(error)).ok();
        let outcome = run_host(&self.options.fencing, &group, host, settle).await;
        if let Some(panic) = group.take_panic() {
            resume_unwind(panic);
        }
        let errors = group.take_errors();
        match outcome.into_result() {
            Ok(Some(value)) if errors.is_empty() => Ok(value),
            outcome => Err(GroupError {
                errors,
                cancelled: outcome.err(),
            }),
        }
    }
}

impl<E> fmt::Debug for TryGrouping<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryGrouping")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Why a [`try_group`](crate::try_group()) has no value: errors of its host and children, or a
/// cancellation, or both.
///
/// `Display` joins the errors with `"; "`.
#[derive(Debug)]
pub struct GroupError<E> {
    errors: Vec<E>,
    cancelled: Option<Cancelled>,
}

impl<E> GroupError<E> {
    /// The errors, the one first that came first; empty if the group was only cancelled.
    #[must_use]
    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// The errors themselves.
    #[must_use]
    pub fn into_errors(self) -> Vec<E> {
        self.errors
    }

    /// Why the group was cut; `None` if everybody had ended before.
    ///
    /// If nobody but an error cancelled the group, there is one reason, of the kind
    /// [`Failed`](crate::ReasonKind::Failed).
    #[must_use]
    pub fn cancelled(&self) -> Option<&Cancelled> {
        self.cancelled.as_ref()
    }
}

/// So that `?` works in a function with `#[fenced(try)]`.
impl<E> From<Cancelled> for GroupError<E> {
    fn from(why: Cancelled) -> Self {
        Self {
            errors: Vec::new(),
            cancelled: Some(why),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        match &self.cancelled {
            Some(why) if self.errors.is_empty() => write!(f, "{why}"),
            _ => Ok(()),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for GroupError<E> {}
