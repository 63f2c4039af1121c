use axum::{Router, http::StatusCode, routing::get};
use fence::service::FenceLayer;
use fence::{Shutdown, ShutdownReport};
use tokio::net::TcpListener;

async fn serve(shutdown: Shutdown, listener: TcpListener) -> ShutdownReport {
    let probe = shutdown.clone();
    let ready = async move || {
        if probe.is_ready() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE // from the signal on: no new clients, please
        }
    };
    let app = Router::new()
        .route("/ready", get(ready))
        .layer(FenceLayer::new());
    let stop = shutdown.fired(); // after the `pre_drain`: those that still come are served
    let server = axum::serve(listener, app).with_graceful_shutdown(stop);
    shutdown.run(server.into_future()).await // `main` returns it: it makes the exit status
}

#[tokio::test(start_paused = true)]
async fn it_ends_in_order() {
    let shutdown = fence::ShutdownPlan::new().isolated().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let start = tokio::time::Instant::now();
    shutdown.begin("a new version");
    let report = serve(shutdown, listener).await;
    assert_eq!(report.to_string(), "shutdown: a new version, drained");
    assert_eq!(start.elapsed().as_secs(), 5);
}
