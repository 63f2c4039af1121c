//! The future that is a fence.

use std::fmt;
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::engine::engine::{Body, Core};
use crate::engine::handle::Handle;
use crate::engine::state::inline_sources::InlineSources;
use crate::engine::state::phase::FenceKind;
use crate::engine::state::timer::Timer;
use crate::fencing::Fencing;
use crate::outcome::{Cancelled, Fenced};
use crate::util::contained;

pin_project! {
    /// A running body under a fencing: the only thing that cancels.
    ///
    /// Made by [`Fencing::run`], and by the macros. It does nothing until it is polled, polls the
    /// body in place, is `Send` exactly if the body is, and adds the same number of bytes to any
    /// body.
    ///
    /// A fence is used once; its [`Fencing`] makes as many as you like:
    ///
    /// ```compile_fail,E0382
    /// # async fn twice() {
    /// let fence = fence::Fencing::new().run(async {});
    /// let _ = fence.await;
    /// let _ = fence.await;
    /// # }
    /// ```
    ///
    /// # Nesting
    ///
    /// Fences nest as deep as the machine stack allows. In an optimized program a level of boxed
    /// recursion takes about 700 bytes of it, and one of a [`group`](crate::group()) about 2.2 kB: a
    /// thread of 2 MiB holds some 3000 fences inside of each other, or 900 groups.
    ///
    /// # Panics
    ///
    /// If it is polled after it resolved, and where [`Fencing::run`] says.
    ///
    /// If the body, one of its destructors or a [trigger](crate::Trigger) of the fence panics, that
    /// goes on from the poll or drop in which it happened. The fence is then over: its handles say
    /// [`Dropped`](crate::State::Dropped), nothing stays registered, and its cleanups are handed to
    /// the runtime. What panics in passing, such as a guard, a waker of somebody else, the
    /// destructor of a cleanup or of a body that has its value, takes nothing along.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the body, with its context set, and takes back every waiter and timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let fencing = Fencing::new().timeout(Duration::from_secs(1));
    /// let fence = fencing.run(tokio::time::sleep(Duration::from_millis(10)));
    /// assert!(fence.await.is_completed());
    /// # }
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Fence<F, S = (), M = Plain>
    where
        S: InlineSources,
    {
        // Auto traits are proven field by field. Behind the body these would be proven at the
        // innermost of nested fences, and soon beyond the compiler's recursion limit.
        parts: PhantomData<(Timer, Core<S>)>,
        // `None` once it has ended. Dropped before the rest, as any body is before its scope.
        #[pin]
        body: Option<F>,
        #[pin]
        timer: Timer,
        core: Core<S>,
        mode: PhantomData<M>,
    }

    impl<F, S, M> PinnedDrop for Fence<F, S, M>
    where
        S: InlineSources,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if this.core.state.is_begun() {
                this.core.engine(this.timer).abandon(&mut DropBody(this.body));
            }
        }
    }
}

impl<F> Fence<F> {
    #[inline]
    pub(crate) fn of(fencing: Fencing, body: F) -> Self {
        Self::from_core(Core::new(fencing, ()), body)
    }

    /// The fence around a spawned task.
    pub(crate) fn root(lineage: Fencing, body: F) -> Self {
        let mut core = Core::new(lineage, ());
        core.state.set_kind(FenceKind::Task);
        Self::from_core(core, body)
    }
}

impl<F, S: InlineSources, M> Fence<F, S, M> {
    #[inline]
    pub(crate) fn from_core(core: Core<S>, body: F) -> Self {
        Self {
            parts: PhantomData,
            body: Some(body),
            timer: Timer::default(),
            core,
            mode: PhantomData,
        }
    }

    /// A handle on this fence, to cancel it from elsewhere. Allocates with the first one.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Fencing;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let mut fence = Fencing::new().run(std::future::pending::<()>());
    /// let handle = fence.handle();
    /// let task = tokio::spawn(fence);
    /// handle.cancel();
    /// assert!(task.await.unwrap().cancelled_by("handle"));
    /// # }
    /// ```
    pub fn handle(&mut self) -> Handle {
        self.core.handle()
    }
}

impl<F: Future, S: InlineSources, M: Mode<F::Output>> Future for Fence<F, S, M> {
    type Output = M::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<M::Output> {
        let this = self.project();
        let mut running = PollBody {
            body: this.body,
            value: None,
        };
        match this.core.engine(this.timer).poll(&mut running, cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(why)) => Poll::Ready(M::cancelled(why)),
            Poll::Ready(Ok(())) => match running.value {
                Some(value) => Poll::Ready(M::completed(value)),
                None => unreachable!("a body that has ended left its value"),
            },
        }
    }
}

/// A body, and its value once it has ended.
struct PollBody<'a, F: Future> {
    body: Pin<&'a mut Option<F>>,
    value: Option<F::Output>,
}

impl<F: Future> Body for PollBody<'_, F> {
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(body) = self.body.as_mut().as_pin_mut() else {
            unreachable!("a fence has its body until it ends")
        };
        let Poll::Ready(value) = body.poll(cx) else {
            return false;
        };
        self.value = Some(value);
        if needs_drop::<F>() {
            // A value is not lost because what it was made with panics when it is dropped.
            contained(|| self.body.set(None));
        }
        true
    }

    fn cut(&mut self) {
        self.body.set(None);
    }
}

/// A body that is dropped with its fence.
struct DropBody<'a, F>(Pin<&'a mut Option<F>>);

impl<F> Body for DropBody<'_, F> {
    fn poll(&mut self, _: &mut Context<'_>) -> bool {
        false
    }

    fn cut(&mut self) {
        self.0.set(None);
    }
}

/// How the outcome is handed on.
pub trait Mode<T> {
    /// What awaiting the fence gives.
    type Output;
    /// Hands on a value.
    fn completed(value: T) -> Self::Output;
    /// Hands on a cancellation.
    fn cancelled(why: Cancelled) -> Self::Output;
}

/// As a [`Fenced`].
#[derive(Debug)]
pub struct Plain;

/// As an error of the body's own `Result`.
#[derive(Debug)]
pub struct Try;

impl<T> Mode<T> for Plain {
    type Output = Fenced<T>;

    fn completed(value: T) -> Fenced<T> {
        Fenced::Completed(value)
    }

    fn cancelled(why: Cancelled) -> Fenced<T> {
        Fenced::Cancelled(why)
    }
}

impl<T, E: From<Cancelled>> Mode<Result<T, E>> for Try {
    type Output = Result<T, E>;

    fn completed(value: Result<T, E>) -> Result<T, E> {
        value
    }

    fn cancelled(why: Cancelled) -> Result<T, E> {
        Err(why.into())
    }
}

impl<F, S: InlineSources, M> fmt::Debug for Fence<F, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence")
            .field("phase", &self.core.state.phase())
            .field("fencing", &self.core.state.fencing)
            .finish_non_exhaustive()
    }
}

impl Fencing {
    /// Fences a future with exactly this set, whatever is bound.
    ///
    /// It encloses the future and binds nothing; [`bind`](Self::bind) binds and cuts nothing.
    ///
    /// What is awaited in a fence has to be polled by the fences around it. A bare `block_on`
    /// keeps them from it: once one of them has fired, or if one is polled by a `block_on` of the
    /// same thread, what is fenced under it stays pending for good.
    /// [`run_blocking`](Self::run_blocking) around the `block_on` is the bridge. In a
    /// destructor none is needed: to what it starts, the fence that drops the body is a shield.
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::Fencing;
    /// use tokio::{runtime::Handle, task::block_in_place};
    ///
    /// # #[tokio::main(flavor = "multi_thread")]
    /// # async fn main() {
    /// /// Plain code over async code, called by async code.
    /// fn load() -> u32 {
    ///     let limit = Fencing::new().timeout(Duration::from_secs(5));
    ///     let loading = || Handle::current().block_on(limit.run(async { 7 }));
    ///     let loaded = block_in_place(|| Fencing::new().run_blocking(loading));
    ///     loaded.unwrap().unwrap()
    /// }
    /// let outcome = Fencing::new().timeout(Duration::from_secs(30)).run(async { load() });
    /// assert_eq!(outcome.await.unwrap(), 7);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// The fence panics, as `tokio::time::timeout` does, if it has a time trigger or a grace, its body
    /// stays pending, and there is no tokio runtime with its time enabled: at the first poll that is
    /// pending. Without them it needs no runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the fence drops the body, like dropping the body itself. Nobody learns of it but
    /// the fence's [`Handle`](crate::Handle).
    ///
    /// A value that is on its way to the body when the fence cuts, but that the body was not polled
    /// for, is dropped with it, as by `tokio::time::timeout`: on several threads it may have become
    /// ready in that very moment. What must not be lost is read in a [`shield`](crate::shield).
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
    /// let names = vec!["one", "two"]; // the body may borrow
    /// let outcome = Fencing::new()
    ///     .timeout(Duration::from_secs(5))
    ///     .run(async {
    ///         sleep(Duration::from_secs(1)).await;
    ///         names.len()
    ///     })
    ///     .await;
    /// assert_eq!(outcome.unwrap(), 2);
    /// # }
    /// ```
    #[inline]
    pub fn run<F: Future>(&self, body: F) -> Fence<F> {
        Fence::of(self.clone(), body)
    }
}
