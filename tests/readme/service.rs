use axum::{Router, routing::get};
use fence::{Fenced, fenced, service::FenceLayer};

#[fenced(timeout = "30s")] // and also when the client leaves, or its deadline passes: the layer binds both
async fn generate() -> String {
    model::complete().await
}

async fn handler() -> Fenced<String> {
    // a cancellation is a response: 504, 503 or 499
    let text = generate().await;
    audit::log(text.reasons()).await; // runs even after the client has left
    text
}

mod model {
    pub(super) async fn complete() -> String {
        std::future::pending().await
    }
}

mod audit {
    pub(super) async fn log(_: &[fence::Reason]) {}
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_a_504() {
    let app = Router::new()
        .route("/generate", get(handler))
        .layer(FenceLayer::new());
    let request = http::Request::get("/generate")
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(
        tower::ServiceExt::oneshot(app, request)
            .await
            .unwrap()
            .status(),
        504
    );
}
