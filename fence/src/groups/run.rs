//! Running the host of a group, and waiting for its children.
//!
//! Written by hand, as each future of an `async` block is a dozen steps to the compiler, and it
//! takes 128 of them: groups are nested in one task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::engine::Fence;
use crate::fencing::Fencing;
use crate::groups::group::Group;
use crate::groups::join_guard::JoinGuard;
use crate::groups::options::Options;
use crate::outcome::Fenced;
use crate::tasks::SpawnContext;
use crate::util::Caught;

/// The host, its value taken by `settle`, then the joining, all in the fence of the group: what
/// cancels that fence does so until the last child has ended. Without a value, the host has failed
/// or panicked, and the group knows. `finish` is told how it ended, or dropped.
pub(crate) fn run_host<E, H, F, S, V, T>(
    options: Options,
    group: Group<E>,
    host: H,
    settle: S,
    finish: impl FnOnce(Fenced<Option<V>>) -> T,
) -> impl Future<Output = T>
where
    H: FnOnce(Group<E>) -> F,
    F: Future,
    S: FnOnce(F::Output) -> Option<V>,
{
    let (tasks, own) = (group.tasks().clone(), group.clone());
    let body = Hosting {
        host: Host {
            future: None,
            group,
        },
        join: async move { tasks.join().await },
        guard: None,
        start: Some(host),
        settle: Some(settle),
        value: None,
        fencing: options.fencing.clone(),
    };
    let mut fence = if options.is_transparent {
        Fence::root(options.fencing, body)
    } else {
        Fence::of(options.fencing, body)
    };
    own.set_handle(fence.handle());
    Finishing {
        fence,
        finish: Some(finish),
    }
}

pin_project! {
    /// A fence, and what is made of its outcome.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    struct Finishing<B, G> {
        #[pin]
        fence: Fence<B>,
        finish: Option<G>,
    }
}

impl<B: Future, G: FnOnce(Fenced<B::Output>) -> T, T> Future for Finishing<B, G> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        let outcome = ready!(this.fence.poll(cx));
        match this.finish.take() {
            Some(finish) => Poll::Ready(finish(outcome)),
            None => unreachable!("a fence that is polled again panics"),
        }
    }
}

pin_project! {
    /// Dropped midway, the host goes first, and leaves the children to the guard.
    struct Hosting<E, H, F, J, S, V> {
        #[pin]
        host: Host<F, E>,
        #[pin]
        join: J,
        guard: Option<JoinGuard>,
        start: Option<H>,
        // Until the host has ended.
        settle: Option<S>,
        value: Option<V>,
        fencing: Fencing,
    }
}

impl<E, H, F, J, S, V> Future for Hosting<E, H, F, J, S, V>
where
    H: FnOnce(Group<E>) -> F,
    F: Future,
    J: Future<Output = ()>,
    S: FnOnce(F::Output) -> Option<V>,
{
    type Output = Option<V>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<V>> {
        let mut this = self.project();
        if this.guard.is_none() {
            let context = SpawnContext::here().cleaning_like(this.fencing.policy());
            *this.guard = Some(JoinGuard::open(this.host.group.tasks(), context, None));
        }
        if this.settle.is_some() {
            let ended = ready!(this.host.as_mut().poll(this.start, cx));
            this.host.as_mut().end();
            let settle = this.settle.take();
            match ended {
                Ok(value) => *this.value = settle.and_then(|settle| settle(value)),
                Err(panic) => this.host.group.host_panicked(panic),
            }
        }
        ready!(this.join.poll(cx));
        *this.guard = None;
        Poll::Ready(this.value.take())
    }
}

pin_project! {
    /// A host whose destructors may panic when it is cut: that waits for the children, too.
    struct Host<F, E> {
        #[pin]
        future: Option<F>,
        group: Group<E>,
    }

    impl<F, E> PinnedDrop for Host<F, E> {
        fn drop(this: Pin<&mut Self>) {
            this.end();
        }
    }
}

impl<F: Future, E> Host<F, E> {
    /// Polls the host, and starts it first; catches a panic in either.
    fn poll<H>(
        self: Pin<&mut Self>,
        start: &mut Option<H>,
        cx: &mut Context<'_>,
    ) -> Poll<Caught<F::Output>>
    where
        H: FnOnce(Group<E>) -> F,
    {
        let mut this = self.project();
        let step = AssertUnwindSafe(|| {
            if let Some(start) = start.take() {
                this.future.set(Some(start(this.group.clone())));
            }
            match this.future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx),
                None => Poll::Pending,
            }
        });
        match catch_unwind(step) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl<F, E> Host<F, E> {
    /// Drops the host.
    fn end(self: Pin<&mut Self>) {
        let mut this = self.project();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| this.future.set(None))) {
            this.group.host_panicked(panic);
        }
    }
}
