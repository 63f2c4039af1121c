//! A client and a server in one: calls a handler through the layer.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use fence::service::{Departure, FenceLayer, RequestBody, ResponseBody, ResponseFuture};
use http::{Request, Response};
use http_body::{Body, Frame};
use tokio::sync::mpsc;
use tower::{Layer, Service, service_fn};

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Answer<R> = Pin<Box<ResponseFuture<R, Infallible>>>;

/// A body whose frames the test sends.
pub struct Sent {
    frames: mpsc::UnboundedReceiver<Result<Frame<Bytes>, Error>>,
    /// How often it was polled after its end.
    pub polled_late: Arc<Mutex<u32>>,
    /// How many frames were taken.
    pub taken: Arc<Mutex<u32>>,
    has_ended: bool,
}

pub type Sender = mpsc::UnboundedSender<Result<Frame<Bytes>, Error>>;

pub fn body() -> (Sender, Sent) {
    let (send, frames) = mpsc::unbounded_channel();
    let stream = Sent {
        frames,
        polled_late: Arc::default(),
        taken: Arc::default(),
        has_ended: false,
    };
    (send, stream)
}

#[expect(clippy::unnecessary_wraps, reason = "what the body gives")]
pub fn data(text: &'static str) -> Result<Frame<Bytes>, Error> {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

pub fn reset() -> Error {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        *self.polled_late.lock().unwrap() += u32::from(self.has_ended);
        let next = self.frames.poll_recv(cx);
        *self.taken.lock().unwrap() += u32::from(matches!(next, Poll::Ready(Some(_))));
        self.has_ended |= matches!(next, Poll::Ready(None | Some(Err(_))));
        next
    }
}

/// Calls a handler once.
pub fn call<F, R>(
    layer: &FenceLayer,
    request: Request<Sent>,
    handler: impl FnOnce(Request<RequestBody<Sent>>) -> F,
) -> Answer<R>
where
    F: Future<Output = Response<R>> + Send + 'static,
    R: Body + Send + 'static,
{
    let mut handler = Some(handler);
    let handler = service_fn(move |request| {
        let handler = handler.take().expect("it is called once");
        let answer = handler(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    Box::pin(layer.layer(handler).call(request))
}

/// A request without a body.
pub fn get() -> Request<Sent> {
    let (send, body) = body();
    drop(send);
    Request::get("/page").body(body).unwrap()
}

/// Polls it until it waits.
pub async fn start<R: Body + Send + 'static>(answer: &mut Answer<R>) {
    assert!(futures::poll!(answer).is_pending());
}

pub async fn take<R: Body + Send + 'static>(answer: Answer<R>) -> Response<ResponseBody<R>> {
    answer.await.unwrap_or_else(|never| match never {})
}

/// What the layer tells of departures.
#[derive(Clone, Default)]
pub struct Told(Arc<Mutex<Vec<Departure>>>);

impl Told {
    pub fn layer(&self) -> FenceLayer {
        let told = self.0.clone();
        FenceLayer::new().on_disconnect(move |left| told.lock().unwrap().push(left.clone()))
    }

    pub fn all(&self) -> Vec<Departure> {
        self.0.lock().unwrap().clone()
    }

    /// The only one.
    pub fn one(&self) -> Departure {
        let mut all = self.all();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}
