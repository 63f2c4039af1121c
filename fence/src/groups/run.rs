//! Running the host of a group, and waiting for its children.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::engine::Fence;
use crate::groups::group::Group;
use crate::groups::join_guard::JoinGuard;
use crate::groups::options::Options;
use crate::outcome::Fenced;
use crate::tasks::SpawnContext;
use crate::util::caught;

/// The host, its value taken by `settle`, then the joining, all in the fence of the group: what
/// cancels that fence does so until the last child has ended. Without a value, the host has failed
/// or panicked, and the group knows.
pub(crate) async fn run_host<E, H, F, V>(
    options: &Options,
    group: &Group<E>,
    host: H,
    settle: impl FnOnce(F::Output) -> Option<V>,
) -> Fenced<Option<V>>
where
    H: FnOnce(Group<E>) -> F,
    F: Future,
{
    let fencing = &options.fencing;
    let body = async {
        let context = SpawnContext::here().cleaning_like(fencing.policy());
        let _join_guard = JoinGuard::open(group.tasks(), context, None);
        let future = Some(async { host(group.clone()).await });
        let host = caught(Host { future, group }).await;
        let value = match host {
            Ok(value) => settle(value),
            Err(panic) => {
                group.host_panicked(panic);
                None
            }
        };
        group.tasks().join().await;
        value
    };
    let mut fence = if options.is_transparent {
        Fence::root(fencing.clone(), body)
    } else {
        fencing.run(body)
    };
    group.set_handle(fence.handle());
    fence.await
}

pin_project! {
    /// A host whose destructors may panic when it is cut: that waits for the children, too.
    struct Host<'a, F, E> {
        #[pin]
        future: Option<F>,
        group: &'a Group<E>,
    }

    impl<F, E> PinnedDrop for Host<'_, F, E> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| this.future.set(None))) {
                this.group.host_panicked(panic);
            }
        }
    }
}

impl<F: Future, E> Future for Host<'_, F, E> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        }
    }
}
