use std::time::Duration;

use axum::{Router, routing::get};
use fence::service::FenceLayer;

fn app() -> Router {
    let pages = FenceLayer::new().respond_by(|_| Some(Duration::from_secs(5)));
    let reports = FenceLayer::new().max_deadline(Duration::from_secs(2)); // tighter, for one route
    Router::new()
        .route("/report", get(report).layer(reports))
        .route("/page", get(slow))
        .layer(pages)
}

use support::secs;

async fn slow() {
    tokio::time::sleep(secs(60)).await; // fences nothing
}

#[fence::fenced]
async fn report() {
    slow().await;
}

#[tokio::test(start_paused = true)]
async fn who_fences_nothing_is_answered_for() {
    for (path, seconds) in [("/page", 5), ("/report", 2)] {
        let start = tokio::time::Instant::now();
        let request = axum::http::Request::get(path).body(axum::body::Body::empty());
        let answer = tower::ServiceExt::oneshot(app(), request.unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), 504, "{path}");
        assert_eq!(start.elapsed(), secs(seconds), "{path}");
    }
}
