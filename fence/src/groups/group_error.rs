//! Why a group has no value.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Write};
use std::io;

use crate::groups::errors::{Failed, With};
use crate::groups::member::Child;
use crate::outcome::Cancelled;
use crate::util::OneLine;

/// Why a [`try_group`](crate::try_group()) has no value: what its host and children failed with, or
/// a cancellation, or both.
///
/// `Display` joins the failures with `"; "`, in one line; children that have a name are named, and
/// with `{:#}` it says of each which child it was. Its source is the first failure, or else why the
/// group was cancelled.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, GroupError, try_group};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let failed: GroupError<&str> = try_group()
///     .run(async |group| {
///         group.spawn(async { Err::<(), _>("disk full") });
///         group.named("fetch").spawn(async { Err::<(), _>("no such host") });
///         Ok(())
///     })
///     .await
///     .unwrap_err();
/// assert_eq!(failed.to_string(), "disk full; fetch: no such host");
/// assert_eq!(format!("{failed:#}"), "child 0: disk full; child 1 `fetch`: no such host");
///
/// let slow: GroupError<&str> = try_group()
///     .run(async |group| {
///         let limit = Fencing::new().timeout(Duration::from_secs(1));
///         group.spawn(limit.run(std::future::pending::<()>()));
///         std::future::pending::<Result<(), _>>().await
///     })
///     .await
///     .unwrap_err();
/// assert!(slow.errors().is_empty() && slow.cut()[0].is_timeout());
/// # }
/// ```
pub struct GroupError<E> {
    errors: Vec<E>,
    cut: Vec<Cancelled>,
    /// All of these in the order in which they came, and what they belong to.
    order: Vec<(Option<Child>, Place)>,
    /// The first error as a text, for those that are no `Error`.
    first: Option<ErrorText>,
    cancelled: Option<Cancelled>,
}

/// Where a failure is kept.
#[derive(Clone, Copy)]
enum Place {
    Error(usize),
    Cut(usize),
}

/// What a child, or the host, of a group has failed with: see [`GroupError::failures`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Failure, Fencing};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let failed = fence::try_group::<&str>().run(async |group| {
///     let limit = Fencing::new().timeout(Duration::from_secs(1));
///     group.spawn(limit.run(std::future::pending::<()>()));
///     Ok(())
/// });
/// let failed = failed.await.unwrap_err();
/// assert!(failed.failures().all(|(_, failure)| match failure {
///     Failure::Error(_) => false,
///     Failure::Cut(why) => why.is_timeout(),
/// }));
/// # }
/// ```
#[derive(Debug)]
pub enum Failure<'a, E> {
    /// It returned this error.
    Error(&'a E),
    /// It was cut, for reasons that are not the group's.
    Cut(&'a Cancelled),
}

impl<E> Clone for Failure<'_, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Failure<'_, E> {}

impl<E> GroupError<E> {
    pub(crate) fn new(failures: Vec<Failed<E>>, cancelled: Option<Cancelled>) -> Self {
        let mut this = Self::from_cancelled(cancelled);
        for failed in failures {
            let place = match failed.with {
                With::Error(error) => {
                    this.first.get_or_insert(ErrorText(failed.text));
                    this.errors.push(error);
                    Place::Error(this.errors.len() - 1)
                }
                With::Cut(why) => {
                    this.cut.push(why);
                    Place::Cut(this.cut.len() - 1)
                }
            };
            this.order.push((failed.child, place));
        }
        this
    }

    fn from_cancelled(cancelled: Option<Cancelled>) -> Self {
        Self {
            errors: Vec::new(),
            cut: Vec::new(),
            order: Vec::new(),
            first: None,
            cancelled,
        }
    }

    /// The errors, the one first that came first; empty if the group was only cancelled.
    #[must_use]
    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// The errors themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let failed = fence::try_group().run(async |group| {
    ///     group.spawn(async { Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)) });
    ///     Ok(())
    /// });
    /// let errors: Vec<io::Error> = failed.await.unwrap_err().into_errors();
    /// assert_eq!(errors[0].kind(), io::ErrorKind::NotFound);
    /// # }
    /// ```
    #[must_use]
    pub fn into_errors(self) -> Vec<E> {
        self.errors
    }

    /// Why children were cut that nobody meant to cut: by limits and events of their own.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let limit = Fencing::new().named("page").timeout(Duration::from_secs(1));
    /// let failed = fence::try_group::<&str>().run(async |group| {
    ///     group.spawn(limit.run(std::future::pending::<()>()));
    ///     Ok(())
    /// });
    /// assert_eq!(failed.await.unwrap_err().cut()[0].name(), Some("page"));
    /// # }
    /// ```
    #[must_use]
    pub fn cut(&self) -> &[Cancelled] {
        &self.cut
    }

    /// All failures in the order in which they came, with the child that failed; `None` for the
    /// host.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Failure;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let failed = fence::try_group::<&str>().run(async |group| {
    ///     group.named("fetch").spawn(async { Err::<(), _>("no such host") });
    ///     Ok(())
    /// });
    /// for (child, failure) in failed.await.unwrap_err().failures() {
    ///     assert_eq!(child.unwrap().name(), Some("fetch"));
    ///     assert!(matches!(failure, Failure::Error(&"no such host")));
    /// }
    /// # }
    /// ```
    pub fn failures(&self) -> impl Iterator<Item = (Option<&Child>, Failure<'_, E>)> {
        self.order.iter().map(|(child, place)| {
            let failure = match *place {
                Place::Error(index) => Failure::Error(&self.errors[index]),
                Place::Cut(index) => Failure::Cut(&self.cut[index]),
            };
            (child.as_ref(), failure)
        })
    }

    /// Why the group was cut; `None` if host and children had ended before.
    ///
    /// If only an error cancelled the group, there is one reason, of the kind
    /// [`Failed`](crate::ReasonKind::Failed).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, ReasonKind};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let failed = fence::try_group::<&str>().run(async |group| {
    ///     group.spawn(async { Err::<(), _>("disk full") });
    ///     std::future::pending().await
    /// });
    /// let failed: Result<(), _> = failed.await;
    /// let failed = failed.unwrap_err();
    /// assert_eq!(failed.cancelled().unwrap().primary().kind(), ReasonKind::Failed);
    ///
    /// let limit = Fencing::new().timeout(Duration::from_secs(5));
    /// let slow = fence::try_group::<&str>().fenced(&limit).run(async |_| std::future::pending().await);
    /// let slow: Result<(), _> = slow.await;
    /// assert!(slow.unwrap_err().cancelled().unwrap().is_timeout());
    /// # }
    /// ```
    #[must_use]
    pub fn cancelled(&self) -> Option<&Cancelled> {
        self.cancelled.as_ref()
    }
}

/// So that `?` works in a function with `#[fenced(try)]`.
impl<E> From<Cancelled> for GroupError<E> {
    fn from(why: Cancelled) -> Self {
        Self::from_cancelled(Some(why))
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_long = f.alternate();
        let mut line = OneLine(f);
        for (index, (child, failure)) in self.failures().enumerate() {
            if index > 0 {
                line.write_str("; ")?;
            }
            let name = child.and_then(Child::name);
            match (child, failure, name) {
                (Some(child), Failure::Cut(_), _) => write!(line, "{child}: ")?,
                (Some(child), Failure::Error(_), _) if is_long => write!(line, "{child}: ")?,
                (None, ..) if is_long => line.write_str("host: ")?,
                (_, _, Some(name)) => write!(line, "{name}: ")?,
                (_, _, None) => {}
            }
            match failure {
                Failure::Error(error) => write!(line, "{error}")?,
                Failure::Cut(why) => write!(line, "{why}")?,
            }
        }
        match &self.cancelled {
            _ if !self.order.is_empty() => Ok(()),
            Some(why) => write!(line, "{why}"),
            None => line.write_str("failed"),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupError")
            .field("errors", &self.errors)
            .field("cut", &self.cut)
            .field("cancelled", &self.cancelled)
            .finish_non_exhaustive()
    }
}

impl<E: fmt::Debug + fmt::Display + 'static> Error for GroupError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self.failures().next() {
            Some((_, Failure::Error(error))) => {
                let first = self.first.as_ref();
                as_error(error).or_else(|| first.map(|first| first as _))
            }
            Some((_, Failure::Cut(why))) => Some(why),
            None => self.cancelled.as_ref().map(|why| why as _),
        }
    }
}

/// The error itself, where its type is known to be one: for any other only its text is known.
fn as_error<E: 'static>(error: &E) -> Option<&(dyn Error + 'static)> {
    let any: &dyn Any = error;
    let boxed = any.downcast_ref::<Box<dyn Error + Send + Sync>>();
    let boxed = boxed.map(|error| &**error as &(dyn Error + 'static));
    let io = || any.downcast_ref::<io::Error>().map(|error| error as _);
    let cancelled = || any.downcast_ref::<Cancelled>().map(|error| error as _);
    boxed.or_else(io).or_else(cancelled)
}

/// An error of which only the text is known.
#[derive(Debug)]
struct ErrorText(String);

impl fmt::Display for ErrorText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ErrorText {}
