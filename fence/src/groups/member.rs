//! Which child of a group it is.

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::util::OneLine;

/// Which child of a group it is: its place in the order of spawning, and its name, if it has one.
///
/// Told to [`on_child_error`](crate::Grouping::on_child_error), and by
/// [`GroupError::failures`](crate::GroupError::failures).
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let failed = fence::try_group()
///     .run(async |group| {
///         group.spawn(async { Ok(()) });
///         group.named("fetch").spawn(async { Err::<(), _>("no such host") });
///         Ok(())
///     })
///     .await
///     .unwrap_err();
///
/// let (child, _) = failed.failures().next().unwrap();
/// let child = child.unwrap();
/// assert_eq!((child.index(), child.name()), (1, Some("fetch")));
/// assert_eq!(child.to_string(), "child 1 `fetch`");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Child {
    index: usize,
    name: Option<Cow<'static, str>>,
}

impl Child {
    pub(crate) fn new(index: usize, name: Option<Cow<'static, str>>) -> Self {
        Self { index, name }
    }

    /// How many children of the group were spawned before it.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let failed = fence::try_group().run(async |group| {
    ///     for text in ["1", "x"] {
    ///         group.spawn(async { text.parse::<u32>() });
    ///     }
    ///     Ok(())
    /// });
    /// let failed = failed.await.unwrap_err();
    /// let (child, _) = failed.failures().next().unwrap();
    /// assert_eq!(child.unwrap().index(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name that [`Group::named`](crate::Group::named) gave it.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let group = fence::group().on_child_error(|child, error: &str| match child.name() {
    ///     Some("cache") => println!("goes on without a cache: {error}"),
    ///     _ => panic!("{child}: {error}"),
    /// });
    /// let outcome = group.run(async |group| {
    ///     group.named("cache").spawn(async { Err::<(), _>("no such host") });
    /// });
    /// assert!(outcome.await.is_completed());
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

impl fmt::Display for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "child {}", self.index)?;
        match self.name() {
            Some(name) => write!(OneLine(f), " `{name}`"),
            None => Ok(()),
        }
    }
}
