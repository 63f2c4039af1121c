//! How the body of a request ends: once, never too early, and with the error that it failed with.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body as AxumBody;
use axum::routing::post;
use bytes::Bytes;
use fence::service::{BodyError, ClientLeft, FenceLayer, RequestBody};
use fence::{Event, Fencing};
use http::{Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full, Limited};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::service::client::{Error, Told, reset};

/// Frames, then an error, for ever; or, without an error, the end.
#[derive(Default)]
struct Scripted {
    frames: Vec<&'static str>,
    error: Option<fn() -> Error>,
    stated: Option<u64>,
}

impl Body for Scripted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.frames.is_empty() {
            let next = self.frames.remove(0);
            return Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(next.as_bytes())))));
        }
        Poll::Ready(self.error.map(|error| Err(error())))
    }

    fn size_hint(&self) -> SizeHint {
        self.stated
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

fn upload<B>(version: Version, body: B) -> Request<B> {
    let request = Request::post("/upload").version(version);
    request.body(body).unwrap()
}

/// Calls a handler that gets the body, and returns what it made of it.
async fn read<B, F, T>(
    layer: FenceLayer,
    request: Request<B>,
    handler: impl FnOnce(RequestBody<B>) -> F,
) -> T
where
    B: Body<Data: Send, Error: Into<Error>> + Send + 'static,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let (send, result) = tokio::sync::oneshot::channel();
    let mut parts = Some((handler, send));
    let mut service = layer.layer(service_fn(move |request: Request<RequestBody<B>>| {
        let (handler, send) = parts.take().expect("it is called once");
        let reading = handler(request.into_body());
        async move {
            assert!(send.send(reading.await).is_ok(), "the test waits");
            Ok::<_, Error>(Response::new(Empty::<Bytes>::new()))
        }
    }));
    service.call(request).await.unwrap();
    result.await.unwrap()
}

/// What a reader sees that passes over errors: at most so many items.
async fn items<B: Body<Data = Bytes, Error = BodyError>>(mut body: Pin<Box<B>>) -> Vec<String> {
    let mut seen = Vec::new();
    while seen.len() < 1000 {
        seen.push(match body.frame().await {
            Some(Ok(frame)) => String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap(),
            Some(Err(error)) => format!("error: {error}"),
            None => return seen,
        });
    }
    seen
}

const LEFT: &str = "error: the client left before its request was complete";

/// Whatever the transport does after that: read ahead or not, watched or left alone.
#[tokio::test(start_paused = true)]
async fn an_error_is_told_once() {
    for version in VERSIONS {
        for layer in [
            FenceLayer::new(),
            FenceLayer::new().read_ahead(0),
            FenceLayer::new().isolate(true),
            FenceLayer::new().watch(|_| false),
        ] {
            for (error, told) in [
                (reset as fn() -> Error, LEFT),
                (|| "invalid chunk".into(), "error: invalid chunk"),
            ] {
                let body = Scripted {
                    frames: vec!["one"],
                    error: Some(error),
                    ..Scripted::default()
                };
                let request = upload(version, body);
                let seen = read(layer.clone(), request, |body| items(Box::pin(body))).await;
                assert_eq!(seen, ["one", told], "{version:?} {layer:?}");
            }
        }
    }
}

/// A reader that goes on after the end lets its thread do other things, and its fence cut it.
#[tokio::test(start_paused = true)]
async fn who_reads_on_after_the_end_can_be_cut() {
    for error in [None, Some(reset as fn() -> Error)] {
        let body = Scripted {
            error,
            ..Scripted::default()
        };
        let request = upload(Version::HTTP_11, body);
        let is_cut = read(FenceLayer::new(), request, |mut body| async move {
            let stop = Event::new();
            let later = stop.clone();
            tokio::spawn(async move { later.set() });
            let endless = async {
                loop {
                    let _ = body.frame().await;
                }
            };
            let outcome: fence::Fenced<()> = Fencing::new().on("stop", &stop).run(endless).await;
            outcome.cancelled_by("stop")
        });
        assert!(is_cut.await);
    }
}

/// Also where nobody reads ahead, and nobody could be asked.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_shorter_than_stated_is_no_whole_one() {
    for version in VERSIONS {
        for (stated, is_whole) in [(None, true), (Some(6), true), (Some(7), false)] {
            let told = Told::default();
            let body = Scripted {
                frames: vec!["one", "two"],
                stated,
                ..Scripted::default()
            };
            let layer = told.layer();
            // The reader is a task, and the handler has answered when it comes to the end.
            let request = upload(version, body);
            let (send, seen) = tokio::sync::oneshot::channel();
            let read = read(layer.clone(), request, |body| async {
                tokio::spawn(async { send.send(items(Box::pin(body)).await) });
            });
            read.await;
            let seen = seen.await.unwrap();
            let expected: &[&str] = if is_whole {
                &["one", "two"]
            } else {
                &["one", "two", LEFT]
            };
            assert_eq!(seen, expected, "{version:?} {stated:?}");
            assert_eq!(layer.detached().departed(), u64::from(!is_whole));
        }
    }
}

/// An empty HTTP/2 body may be all that is left of one that was reset.
#[tokio::test(start_paused = true)]
async fn an_end_that_is_not_confirmed_is_not_shown() {
    let whole = Full::new(Bytes::from_static(b"all"));
    let ends = read(
        FenceLayer::new(),
        upload(Version::HTTP_2, whole),
        |mut body| async move {
            let mut ends = vec![body.is_end_stream()];
            while body.frame().await.is_some() {
                ends.push(body.is_end_stream());
            }
            ends.push(body.is_end_stream());
            ends
        },
    );
    assert_eq!(ends.await, [false, false, true]);
}

/// Each as the transport, or a layer outside, fails with it; the same behind axum's box.
#[tokio::test(start_paused = true)]
async fn only_the_errors_of_a_transport_are_departures() {
    #[derive(Debug)]
    struct Decoding(io::Error);
    impl std::fmt::Display for Decoding {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "corrupt stream: {}", self.0)
        }
    }
    impl std::error::Error for Decoding {}
    let cases: [(fn() -> Error, bool); 9] = [
        (|| io::Error::from(ErrorKind::ConnectionReset).into(), true),
        (|| io::Error::from(ErrorKind::BrokenPipe).into(), true),
        (|| Box::new(h2_reset()), true),
        (|| io::Error::other(axum::Error::new(reset())).into(), false),
        (|| io::Error::from(ErrorKind::UnexpectedEof).into(), false),
        (
            || io::Error::new(ErrorKind::UnexpectedEof, "unexpected end of file").into(),
            false,
        ),
        (
            || "corrupt deflate stream: unexpected end of file".into(),
            false,
        ),
        (|| "a connection error of somebody else".into(), false),
        (
            || Box::new(Decoding(io::Error::from(ErrorKind::UnexpectedEof))),
            false,
        ),
    ];
    for (error, is_departure) in cases {
        for version in VERSIONS {
            let (plain, boxed) = (failing(error), AxumBody::new(failing(error)));
            assert_eq!(departs(upload(version, plain)).await, is_departure);
            assert_eq!(departs(upload(version, boxed)).await, is_departure);
        }
    }
}

fn failing(error: fn() -> Error) -> Scripted {
    Scripted {
        error: Some(error),
        ..Scripted::default()
    }
}

/// Whether the client is said to have left, by everybody who says it.
async fn departs<B>(request: Request<B>) -> bool
where
    B: Body<Data: Send, Error: Into<Error>> + Send + Unpin + 'static,
{
    let layer = FenceLayer::new();
    let read = read(layer.clone(), request, |mut body| async move {
        let error: BodyError = body.frame().await.unwrap().map(drop).unwrap_err();
        let has_left = error.has_left();
        assert_eq!(Error::from(error).is::<ClientLeft>(), has_left);
        has_left
    });
    let has_left = read.await;
    assert_eq!(layer.detached().departed(), u64::from(has_left));
    has_left
}

/// What `h2` says when the client resets a stream, which nobody but it can make.
fn h2_reset() -> impl std::error::Error + Send + Sync {
    #[derive(Debug)]
    struct Reset;
    impl std::fmt::Display for Reset {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("stream error received: stream no longer needed")
        }
    }
    impl std::error::Error for Reset {}
    Reset
}

/// A limit outside of the layer, under axum's own, which looks for the error no deeper than that.
#[tokio::test(start_paused = true)]
async fn a_limit_outside_of_the_layer_is_answered_with_413() {
    async fn handler(body: Bytes) -> String {
        body.len().to_string()
    }
    let app = Router::new()
        .route("/upload", post(handler))
        .layer(FenceLayer::new());
    for version in VERSIONS {
        for (sent, status) in [(20, StatusCode::OK), (21, StatusCode::PAYLOAD_TOO_LARGE)] {
            let body = Full::new(Bytes::from(vec![0; sent]));
            let limited = AxumBody::new(Limited::new(body, 20));
            let response = app.clone().oneshot(upload(version, limited)).await.unwrap();
            assert_eq!(response.status(), status, "{version:?}");
        }
    }
}

/// What it stands for is what is found in it, under every name that it goes by.
#[tokio::test(start_paused = true)]
async fn an_error_stands_for_the_one_that_it_holds() {
    let body = Scripted {
        error: Some(|| io::Error::other("line 7").into()),
        ..Scripted::default()
    };
    let request = upload(Version::HTTP_11, body);
    let error = read(FenceLayer::new(), request, |mut body| async move {
        body.frame().await.unwrap().unwrap_err()
    });
    let error = error.await;
    assert_eq!(error.to_string(), "line 7");
    assert!(error.source().is_none());
    assert!(error.downcast_ref::<io::Error>().is_some());
    let boxed: Box<dyn std::error::Error> = error.into();
    assert!(boxed.is::<io::Error>());
}
