//! What may cancel a fence: the trait, and the sources of tokio that have it.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::outcome::{Firing, ReasonKind};
use crate::trigger::event::Event;
use crate::trigger::source::Source;

/// A wait for a trigger, as [`Trigger::wait`] returns it.
///
/// # Examples
///
/// ```
/// use fence::{Event, FiringFuture, Trigger};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let stop = Event::new();
/// let mut waiting: FiringFuture = Trigger::wait(&stop);
/// assert!(futures::poll!(&mut waiting).is_pending());
/// stop.set();
/// let _firing = waiting.await;
/// # }
/// ```
pub type FiringFuture = Pin<Box<dyn Future<Output = Firing> + Send>>;

/// Something that may fire once, and then stays fired.
///
/// Implemented by [`Event`](crate::Event), `watch::Receiver<bool>` (fires on `true`) and, with the
/// feature `tokio-util`, `CancellationToken`; implement it for a source of your own. References
/// and `Arc`s pass it on, and so does an `Option`, of which `None` never fires.
///
/// A fence asks [`fired`](Self::fired) before the body's first step. It calls [`wait`](Self::wait)
/// only once the body was pending, polls the future no more after it resolved, and drops it when
/// the fence ends, whichever way it ends. No lock of this library is held meanwhile.
///
/// A panic in one of these goes on from the poll of the fence, which is then over. Where somebody
/// else asks, as [`check`](crate::check) does, a trigger that panics is taken for one that has not
/// fired.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use fence::{Fencing, Firing, FiringFuture, ReasonKind, Trigger};
/// use tokio::sync::Semaphore;
///
/// /// Fires when the quota is used up.
/// #[derive(Clone)]
/// struct Quota(Arc<Semaphore>);
///
/// impl Trigger for Quota {
///     fn fired(&self) -> Option<Firing> {
///         let kind = ReasonKind::Custom("quota");
///         self.0.is_closed().then(|| Firing::new(kind).because("no calls left"))
///     }
///
///     fn wait(&self) -> FiringFuture {
///         let this = self.clone();
///         Box::pin(async move {
///             // An acquisition that can never succeed ends when the semaphore is closed.
///             let _ = this.0.acquire_many(u32::MAX >> 4).await;
///             this.fired().expect("closed")
///         })
///     }
///
///     fn share(&self) -> Arc<dyn Trigger> {
///         Arc::new(self.clone())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let quota = Quota(Arc::new(Semaphore::new(80)));
/// let call = Fencing::new().on("quota", &quota).run(std::future::pending::<()>());
/// let closing = async { quota.0.close() };
///
/// let (outcome, ()) = tokio::join!(call, closing);
/// assert_eq!(outcome.reasons()[0].to_string(), "quota: no calls left");
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cancel a fence",
    label = "expected a trigger",
    note = "write the name of an event (`on = \"shutdown\"`), or an `Event`, a `CancellationToken` \
            (feature `tokio-util`), a `watch::Receiver<bool>` or a type that implements `Trigger`"
)]
pub trait Trigger: Send + Sync {
    /// Whether it has fired. Cheap: it is asked often, and registers nothing.
    ///
    /// It is asked when code asks what is around it, so it must not ask that itself, nor poll a
    /// fence: that would not end.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Trigger};
    ///
    /// let stop = Event::new();
    /// assert!(stop.fired().is_none());
    /// stop.set();
    /// assert!(stop.fired().is_some());
    /// ```
    fn fired(&self) -> Option<Firing>;

    /// A future that resolves when it fires, at once if it has. Dropping it ends the wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Trigger;
    /// use tokio::sync::watch;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let (send, stop) = watch::channel(false);
    /// let waiting = stop.wait();
    /// send.send(true).unwrap();
    /// let firing = waiting.await;
    /// assert!(format!("{firing:?}").contains("watch"));
    /// # }
    /// ```
    fn wait(&self) -> FiringFuture;

    /// A handle on the same source for the fence to keep: as a rule `Arc::new(self.clone())`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use fence::{Event, Trigger};
    ///
    /// /// What a service is stopped by, whatever that is.
    /// struct Service {
    ///     stop: Arc<dyn Trigger>,
    /// }
    ///
    /// impl Service {
    ///     fn new(stop: &impl Trigger) -> Self {
    ///         Self { stop: stop.share() }
    ///     }
    /// }
    ///
    /// let stop = Event::new();
    /// let service = Service::new(&stop);
    /// stop.set();
    /// assert!(service.stop.fired().is_some());
    /// ```
    fn share(&self) -> Arc<dyn Trigger>;

    /// How a fence holds it. Only this library overrides it.
    #[doc(hidden)]
    fn source(&self) -> Source {
        Source::custom(self.share())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Trigger + ?Sized> Trigger for &T {
    fn fired(&self) -> Option<Firing> {
        T::fired(self)
    }

    fn wait(&self) -> FiringFuture {
        T::wait(self)
    }

    fn share(&self) -> Arc<dyn Trigger> {
        T::share(self)
    }

    fn source(&self) -> Source {
        T::source(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Trigger + ?Sized> Trigger for Arc<T> {
    fn fired(&self) -> Option<Firing> {
        T::fired(self)
    }

    fn wait(&self) -> FiringFuture {
        T::wait(self)
    }

    fn share(&self) -> Arc<dyn Trigger> {
        T::share(self)
    }

    fn source(&self) -> Source {
        T::source(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Trigger> Trigger for Option<T> {
    fn fired(&self) -> Option<Firing> {
        self.as_ref().and_then(T::fired)
    }

    fn wait(&self) -> FiringFuture {
        self.as_ref()
            .map_or_else(|| Box::pin(std::future::pending()), T::wait)
    }

    fn share(&self) -> Arc<dyn Trigger> {
        self.as_ref()
            .map_or_else(|| Arc::new(Event::new()), T::share)
    }

    fn source(&self) -> Source {
        self.as_ref()
            .map_or_else(|| Event::new().source(), T::source)
    }
}

/// Fires once the value is `true`. A sender that is dropped before is not a firing.
impl Trigger for watch::Receiver<bool> {
    fn fired(&self) -> Option<Firing> {
        self.borrow()
            .then(|| Firing::new(ReasonKind::Custom("watch")))
    }

    fn wait(&self) -> FiringFuture {
        let mut receiver = self.clone();
        Box::pin(async move {
            if receiver.wait_for(|fired| *fired).await.is_err() {
                std::future::pending::<()>().await;
            }
            Firing::new(ReasonKind::Custom("watch"))
        })
    }

    fn share(&self) -> Arc<dyn Trigger> {
        Arc::new(self.clone())
    }
}
