//! The verbs of `Fencing`, as methods of futures.

use crate::context::bound::Bound;
use crate::context::shield::{Shield, shield};
use crate::engine::Fence;
use crate::fencing::Fencing;

/// Fences and binds, with the future written first.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, FutureExt};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let request = Fencing::new().budget(Duration::from_secs(3));
/// let outcome = async { std::future::pending::<()>().fenced(&Fencing::current()).await }
///     .bound(&request)
///     .await;
/// assert!(outcome.cancelled_by("budget"));
/// # }
/// ```
pub trait FutureExt: Future + Sized {
    /// The same as [`Fencing::run`].
    fn fenced(self, fencing: &Fencing) -> Fence<Self> {
        fencing.run(self)
    }

    /// The same as [`Fencing::bind`].
    fn bound(self, fencing: &Fencing) -> Bound<Self> {
        fencing.bind(self)
    }

    /// Binds what is bound at the call, for a task of its own: `tokio::spawn(f.in_context())`.
    ///
    /// The fences around the call are left behind; [`spawn`](crate::spawn) takes those along too.
    fn in_context(self) -> Bound<Self> {
        Fencing::current().bind(self)
    }

    /// The same as [`shield`](crate::shield).
    fn shielded(self) -> Shield<Self> {
        shield(self)
    }
}

impl<F: Future> FutureExt for F {}
