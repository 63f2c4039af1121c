//! Binding a set for the time of a future or a call.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::engine::Binding;
use crate::engine::frames::current;
use crate::fencing::Fencing;

pin_project! {
    /// A future with a set bound; made by [`Fencing::bind`] and [`detached`].
    ///
    /// The set is bound while the future is polled and while it is dropped, so that its destructors
    /// see it too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Bound, Fencing};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let body: Bound<_> = request.bind(async { fence::remaining() });
    /// assert_eq!(body.await, Some(Duration::from_secs(3)));
    /// # }
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Bound<F> {
        #[pin]
        body: Option<F>,
        binding: Binding,
        started: bool,
        detached: bool,
        // It adds its offers to what is bound around, instead of replacing it.
        extends: bool,
    }

    impl<F> PinnedDrop for Bound<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if *this.started && this.body.is_some() {
                current::within_bound(this.binding, *this.detached, || this.body.set(None));
            }
        }
    }
}

impl<F> Bound<F> {
    pub(crate) fn new(fencing: Fencing, detached: bool, body: F) -> Self {
        Self {
            body: Some(body),
            binding: Binding::new(fencing),
            started: false,
            detached,
            extends: false,
        }
    }

    /// Binds what is bound where it is first polled, with these offers.
    #[cfg(feature = "signal")]
    pub(crate) fn offering(offers: Fencing, body: F) -> Self {
        let mut bound = Self::new(offers, false, body);
        bound.extends = true;
        bound
    }
}

/// Runs a future as if nothing were bound and no fence were around it.
///
/// Inside, [`current`](crate::current) is empty, there is no deadline, and fences obey only their
/// own triggers. For what has to be done however the request ends, such as an audit entry after a
/// fence has fired. Values of other task-locals stay visible.
///
/// It is no protection: an enclosing fence that fires still drops the future along with the rest
/// of its body.
///
/// # Panics
///
/// If it is polled after it resolved.
///
/// # Cancel safety
///
/// That of the future.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::Fencing;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let spent = Fencing::new().budget(Duration::ZERO);
/// let audit = async { Fencing::current().run(async { "written" }).await };
/// let (inside, outside) = spent.bind(async { (fence::detached(audit).await, audit2().await) }).await;
///
/// assert_eq!(inside.unwrap(), "written");
/// assert!(outside.cancelled_by("budget"));
/// # }
/// # async fn audit2() -> fence::Fenced<()> { Fencing::current().run(async {}).await }
/// ```
pub fn detached<F: Future>(body: F) -> Bound<F> {
    Bound::new(Fencing::new(), true, body)
}

/// Binds a set for the time of a call.
pub(crate) fn bind_sync<R>(fencing: &Fencing, f: impl FnOnce() -> R) -> R {
    let mut binding = Binding::new(fencing.clone());
    binding.start(current::current);
    current::within_bound(&binding, false, f)
}

impl<F: Future> Future for Bound<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if !*this.started {
            *this.started = true;
            if *this.extends {
                this.binding.extend(current::current());
            }
            this.binding.start(current::current);
        }
        current::within_bound(this.binding, *this.detached, || {
            let Some(body) = this.body.as_mut().as_pin_mut() else {
                panic!("a `Bound` was polled after it had resolved")
            };
            let value = ready!(body.poll(cx));
            this.body.set(None);
            Poll::Ready(value)
        })
    }
}

impl<F> fmt::Debug for Bound<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound")
            .field("fencing", self.binding.set())
            .finish_non_exhaustive()
    }
}

impl Fencing {
    /// Binds it for the time of a future: the context that everything awaited inside sees.
    ///
    /// It replaces what was bound before, and is itself replaced by binds inside. Tasks that are
    /// spawned inside do not see it. Binding cancels nothing: only fences do.
    ///
    /// # Cancel safety
    ///
    /// That of the future: the binding adds nothing to lose.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing, fenced};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// #[fenced(on = "disconnect")]
    /// async fn answer() {
    ///     std::future::pending().await
    /// }
    ///
    /// let left = Event::new();
    /// let request = Fencing::new().on("disconnect", &left);
    /// let handler = request.bind(async {
    ///     let outcome = answer().await; // is cut
    ///     outcome.cancelled_by("disconnect") // always runs
    /// });
    /// left.set();
    /// assert!(handler.await);
    /// # }
    /// ```
    pub fn bind<F: Future>(&self, body: F) -> Bound<F> {
        Bound::new(self.clone(), false, body)
    }

    /// Binds it for the time of a function call.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let header = request.bind_sync(|| fence::remaining());
    /// assert_eq!(header, Some(Duration::from_secs(3)));
    /// # }
    /// ```
    pub fn bind_sync<R>(&self, f: impl FnOnce() -> R) -> R {
        bind_sync(self, f)
    }
}
