//! What has not ended when nobody waits any longer: by name, place, age and state.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// Something that had not ended when nobody waited for it any longer: see [`drain`](crate::drain).
///
/// `Display` is a line for people, such as
/// ``thread `app::index` at src/index.rs:41, running for 12.3s``.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
/// use fence::{LeftKind, LeftState};
///
/// fn index(stop: std::sync::mpsc::Receiver<()>) {
///     drop(fence::spawn_blocking(move || stop.recv()));
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (stop, stopping) = channel();
/// index(stopping);
///
/// let drained = fence::drain(Duration::ZERO).await;
/// let [thread] = drained.left() else { panic!("{drained}") };
/// assert_eq!((thread.kind(), thread.state()), (LeftKind::Thread, LeftState::Running));
/// assert!(thread.name().ends_with("::index"));
/// assert!(thread.place().unwrap().file().ends_with(".rs"));
/// assert!(thread.age() < Duration::from_secs(60));
///
/// drop(stop);
/// assert!(fence::drain(None).await.is_drained());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Left {
    pub(crate) name: Cow<'static, str>,
    pub(crate) place: Option<&'static Location<'static>>,
    pub(crate) age: Duration,
    pub(crate) kind: LeftKind,
    pub(crate) state: LeftState,
}

impl Left {
    /// The name that it was given, or else that of the function which its code is written in; for a
    /// type that stands in no function, such as `Sleep`, that of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line that started it: where `spawn` was called, say, or where a cleanup was registered.
    #[must_use]
    pub fn place(&self) -> Option<&'static Location<'static>> {
        self.place
    }

    /// How long it had run, by tokio's clock.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> LeftKind {
        self.kind
    }

    /// Whether it had been told to end.
    #[must_use]
    pub fn state(&self) -> LeftState {
        self.state
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name.escape_debug())?;
        if let Some(place) = self.place {
            write!(f, " at {}:{}", place.file(), place.line())?;
        }
        write!(f, ", {} for {:.1?}", self.state, self.age)
    }
}

/// What it is that has not ended.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::LeftKind;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (stop, stopping) = std::sync::mpsc::channel::<()>();
/// let _thread = fence::spawn_blocking(move || stopping.recv());
///
/// let drained = fence::drain(Duration::ZERO).await;
/// let threads = drained.left().iter().filter(|left| left.kind() == LeftKind::Thread);
/// assert_eq!(threads.count(), 1);
/// # drop(stop);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftKind {
    /// The program that a shutdown runs.
    Program,
    /// A task of a shutdown, or a future that it tracks.
    Task,
    /// What holds a `Busy` of a shutdown.
    Busy,
    /// Plain code on a thread of its own, which nothing can cut.
    Thread,
    /// The cleanups of a fence that was dropped from outside.
    Cleanup,
    /// The handler of a request whose client has left.
    Handler,
}

impl fmt::Display for LeftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Program => "program",
            Self::Task => "task",
            Self::Busy => "work",
            Self::Thread => "thread",
            Self::Cleanup => "cleanup of",
            Self::Handler => "handler",
        })
    }
}

/// How far something has come that has not ended.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, LeftState};
/// use tokio::time::sleep;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let task = tokio::spawn(Fencing::new().run(async {
///     fence::on_cancel(sleep(Duration::from_secs(2)));
///     std::future::pending::<()>().await
/// }));
/// tokio::task::yield_now().await;
/// task.abort();
/// assert!(task.await.is_err());
///
/// let drained = fence::drain(Duration::from_secs(1)).await;
/// assert_eq!(drained.left()[0].state(), LeftState::Stopping);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftState {
    /// Nothing has told it to end.
    Running,
    /// It has been told to, and has not: it is in its grace, in a shield, cleaning up, or a thread
    /// that does not [`check`](crate::check()).
    Stopping,
}

impl fmt::Display for LeftState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Stopping => "stopping",
        })
    }
}

/// What [`drain`](crate::drain) returns: what has not ended.
///
/// It compares with a number, of how much that is. `Display` is a line for people: `drained`, or
/// `2 not drained`, with a line for each if it is alternate (`{:#}`).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Drained;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let drained: Drained = fence::drain(Duration::ZERO).await;
/// assert!(drained.is_drained());
/// assert_eq!(drained, 0);
/// assert_eq!(drained.to_string(), "drained");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Drained {
    left: Vec<Left>,
}

impl Drained {
    pub(crate) fn new(left: Vec<Left>) -> Self {
        Self { left }
    }

    /// Whether everything has ended.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.left.is_empty()
    }

    /// What has not, the oldest first.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// for left in fence::drain(Duration::from_secs(1)).await.left() {
    ///     eprintln!("not drained: {left}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn left(&self) -> &[Left] {
        &self.left
    }
}

impl PartialEq<usize> for Drained {
    fn eq(&self, left: &usize) -> bool {
        self.left.len() == *left
    }
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.left.len() {
            0 => f.write_str("drained")?,
            left => write!(f, "{left} not drained")?,
        }
        if f.alternate() {
            self.left
                .iter()
                .try_for_each(|left| write!(f, "\n  {left}"))?;
        }
        Ok(())
    }
}
