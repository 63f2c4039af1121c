//! The tracing span of a request, which goes along when the request is detached.

use std::pin::Pin;

/// What was entered where the request arrived; nothing without the feature `tracing`.
#[derive(Clone, Debug)]
pub(crate) struct Span(#[cfg(feature = "tracing")] tracing::Span);

impl Span {
    pub(crate) fn current() -> Self {
        Self(
            #[cfg(feature = "tracing")]
            tracing::Span::current(),
        )
    }

    /// Runs `f` inside of the span.
    pub(crate) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tracing")]
        let _entered = self.0.enter();
        f()
    }
}

impl Span {
    /// Polls a future inside of the span.
    pub(crate) fn follow<F: ?Sized + Future>(
        &self,
        mut future: Pin<Box<F>>,
    ) -> impl Future<Output = F::Output> + use<F> {
        let span = self.clone();
        std::future::poll_fn(move |cx| span.within(|| future.as_mut().poll(cx)))
    }
}
