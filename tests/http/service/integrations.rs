//! What the layer does for axum, tonic and tracing.

use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use fence::service::{BodyError, FenceLayer, MissingLayer, RequestFence};
use fence::{Fenced, Fencing, fenced};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use support::ms;
use tokio::time::sleep;
use tower::ServiceExt;

use super::client::{Sent, body, call, reset, start, take};

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn ask(router: Router, request: Request<Body>) -> Response<Body> {
    router.oneshot(request).await.unwrap()
}

fn page() -> Request<Body> {
    Request::get("/page").body(Body::empty()).unwrap()
}

#[fenced]
async fn answer() -> &'static str {
    sleep(ms(1000)).await;
    "answered"
}

/// A fenced function is a handler as it is; the deadline of the layer is answered with 504.
#[tokio::test(start_paused = true)]
async fn a_cancellation_is_an_answer_of_axum() {
    let router = Router::new().route("/page", get(answer));
    for (limit, status) in [(2000, StatusCode::OK), (500, StatusCode::GATEWAY_TIMEOUT)] {
        let layer = FenceLayer::new().max_deadline(ms(limit));
        let response = ask(router.clone().layer(layer), page()).await;
        assert_eq!(response.status(), status);
        let text = text(response).await;
        assert!(
            text == "answered" || text.contains(r#""code":"deadline""#),
            "{text}"
        );
    }
}

/// What the client asks for comes through its headers, a little earlier.
#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_client_is_bound() {
    let left = || async { format!("{:?}", fence::remaining().unwrap()) };
    let router = Router::new()
        .route("/page", get(left))
        .layer(FenceLayer::new());
    let mut request = page();
    request
        .headers_mut()
        .insert("connect-timeout-ms", "250".parse().unwrap());
    let connect = "1".parse().unwrap();
    request
        .headers_mut()
        .insert("connect-protocol-version", connect);
    assert_eq!(text(ask(router, request).await).await, "237.5ms");
}

/// A stranger who sends it with a plain request, and the query that makes it one of Connect.
#[tokio::test(start_paused = true)]
async fn a_plain_request_has_as_much_time_as_it_takes() {
    let router = Router::new()
        .route("/page", get(answer))
        .layer(FenceLayer::new());
    for (target, status) in [
        ("/page", StatusCode::OK),
        ("/page?connect=v10&q=connect=v1", StatusCode::OK),
        (
            "/page?message=%7B%7D&connect=v1",
            StatusCode::GATEWAY_TIMEOUT,
        ),
    ] {
        let request = Request::get(target).header("connect-timeout-ms", "0");
        let request = request.body(Body::empty()).unwrap();
        let response = ask(router.clone(), request).await;
        assert_eq!(response.status(), status, "{target}");
        let is_kept = !response.headers().contains_key("cache-control");
        assert_eq!(is_kept, status.is_success());
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_gets_its_fence_or_learns_what_is_missing() {
    async fn handler(fence: RequestFence) -> String {
        format!("{}", fence.disconnect().is_set())
    }
    async fn lenient(fence: Option<RequestFence>) -> String {
        format!("{}", fence.is_some())
    }
    let router = Router::new()
        .route("/page", get(handler))
        .route("/lenient", get(lenient));
    let missing = ask(router.clone(), page()).await;
    assert_eq!(missing.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(text(missing).await, "", "clients are no developers");
    assert!(MissingLayer.to_string().contains("FenceLayer"));
    let request = || Request::get("/lenient").body(Body::empty()).unwrap();
    assert_eq!(text(ask(router.clone(), request()).await).await, "false");

    let router = router.layer(FenceLayer::new());
    assert_eq!(text(ask(router.clone(), page()).await).await, "false");
    assert_eq!(text(ask(router, request()).await).await, "true");
}

/// tonic takes a stream that was reset for a complete one; not so behind the layer.
#[tokio::test(start_paused = true)]
async fn tonic_sees_that_a_client_stream_is_truncated() {
    let (send, stream) = body();
    send.send(Err(reset())).unwrap();
    let request = Request::post("/pkg.Service/Upload").body(stream).unwrap();
    let answer = call(&FenceLayer::new(), request, |mut request| async move {
        let error: BodyError = request.body_mut().frame().await.unwrap().unwrap_err();
        let status = tonic::Status::from_error(error.into());
        assert_eq!(status.code(), tonic::Code::Aborted);
        Response::new(body().1)
    });
    take::<Sent>(answer).await;
}

/// The names of the spans that are entered when a thread asks.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<u64>>>, Arc<OnceLock<Metadata>>);

type Metadata = &'static tracing::Metadata<'static>;

impl tracing::Subscriber for Spans {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn current_span(&self) -> tracing_core::span::Current {
        match (self.0.lock().unwrap().last(), self.1.get()) {
            (Some(id), Some(metadata)) => {
                tracing_core::span::Current::new(tracing::span::Id::from_u64(*id), metadata)
            }
            _ => tracing_core::span::Current::none(),
        }
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.1.get_or_init(|| span.metadata());
        tracing::span::Id::from_u64(7)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}
    fn enter(&self, span: &tracing::span::Id) {
        self.0.lock().unwrap().push(span.into_u64());
    }
    fn exit(&self, _: &tracing::span::Id) {
        self.0.lock().unwrap().pop();
    }
}

/// The span of a request is entered whenever its handler runs, also without the client.
#[tokio::test(start_paused = true)]
async fn the_span_of_a_request_goes_along() {
    let spans = Spans::default();
    let _default = tracing::subscriber::set_default(spans.clone());
    for isolated in [false, true] {
        let (send, seen) = tokio::sync::oneshot::channel();
        let entered = spans.clone();
        let span = tracing::info_span!("request");
        let layer = FenceLayer::new().isolate(isolated);
        let mut answer = span.in_scope(|| {
            let (client, stream) = body();
            drop(client);
            let request = Request::get("/page").body(stream).unwrap();
            call(&layer, request, |_| async move {
                let cut = Fencing::current().run(std::future::pending::<()>()).await;
                assert!(matches!(cut, Fenced::Cancelled(_)));
                sleep(ms(10)).await;
                send.send(entered.0.lock().unwrap().clone()).unwrap();
                Response::new(body().1)
            })
        });
        start::<Sent>(&mut answer).await;
        tokio::task::yield_now().await;
        drop(answer);
        assert_eq!(seen.await.unwrap(), [7]);
        assert!(spans.0.lock().unwrap().is_empty());
    }
}
