//! The handler of a request, in the box that it is polled in, and detached in.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::departure::Phase;
use super::exchange::{self, Exchange};
use super::response_body::ResponseBody;
use crate::engine::{Binding, within_bound};

pin_project! {
    /// A handler with the sources of its request bound, which the body of its answer takes over.
    pub(super) struct Handling<F> {
        #[pin]
        handler: Option<F>,
        binding: Option<Binding>,
    }

    impl<F> PinnedDrop for Handling<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(binding) = this.binding.as_ref().filter(|_| this.handler.is_some()) {
                within_bound(binding, false, || this.handler.set(None));
            }
        }
    }
}

/// A handler that runs, whatever its type is, with its answer as the server gets it.
pub(super) trait Handle<R: Body + Send + 'static, E>: Send {
    fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<ResponseBody<R>>, E>>;

    /// Its request; `None` once it has answered.
    fn exchange(&self) -> Option<Arc<Exchange>>;
}

impl<F> Handling<F> {
    /// Calls the handler where it is to stay, with the sources of the request bound.
    #[inline]
    pub(super) fn start(exchange: Arc<Exchange>, call: impl FnOnce() -> F) -> Pin<Box<Self>> {
        let mut this = Box::pin(Self {
            handler: None,
            binding: Some(Binding::owned(exchange)),
        });
        let mut parts = this.as_mut().project();
        let (mut call, handler) = (Some(call), &mut parts.handler);
        if let Some(binding) = &parts.binding {
            within_bound(binding, false, || {
                handler.set(call.take().map(|call| call()));
            });
        }
        this
    }
}

impl<F, R, E> Handle<R, E> for Handling<F>
where
    F: Future<Output = Result<Response<R>, E>> + Send,
    R: Body + Send + 'static,
{
    fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Response<ResponseBody<R>>, E>> {
        let mut this = self.project();
        let Some(binding) = this.binding.as_ref() else {
            unreachable!("a handler is not polled after its end")
        };
        let mut answer = Poll::Pending;
        within_bound(binding, false, || {
            if let Some(handler) = this.handler.as_mut().as_pin_mut() {
                answer = handler.poll(cx);
            }
            if answer.is_ready() {
                this.handler.set(None);
            }
        });
        let answer = ready!(answer);
        if let Some(exchange) = exchange::of(binding) {
            exchange.answer();
            exchange.end(Phase::Handler);
        }
        let binding = this.binding.take();
        Poll::Ready(answer.map(|response| ResponseBody::wrap(response, binding)))
    }

    fn exchange(&self) -> Option<Arc<Exchange>> {
        exchange::shared(self.binding.as_ref()?)
    }
}
