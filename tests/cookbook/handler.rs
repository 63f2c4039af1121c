use axum::{Router, extract::State, routing::post};
use fence::service::FenceLayer;
use fence::{Fenced, fenced};

#[fenced(timeout("model", "20s"))] // obeys the client that leaves, as well: the layer binds it
async fn generate(prompt: String) -> String {
    model(prompt).await
}

async fn chat(State(log): State<Log>, prompt: String) -> Fenced<String> {
    let answer = generate(prompt).await;
    log.write(&answer).await; // runs, whether the client is there or not
    answer
}

fn app(log: Log) -> Router {
    Router::new()
        .route("/chat", post(chat))
        .with_state(log)
        .layer(FenceLayer::new())
}

use support::secs;

#[derive(Clone)]
struct Log(tokio::sync::mpsc::UnboundedSender<String>);

impl Log {
    async fn write(&self, answer: &Fenced<String>) {
        tokio::time::sleep(secs(1)).await;
        let codes = fence::testing::codes(answer.reasons()).join(", ");
        self.0.send(codes).unwrap();
    }
}

async fn model(prompt: String) -> String {
    tokio::time::sleep(secs(10)).await;
    prompt
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_fence_runs_without_the_client() {
    let (send, mut log) = tokio::sync::mpsc::unbounded_channel();
    let request = axum::http::Request::post("/chat")
        .body(axum::body::Body::from("hi"))
        .unwrap();
    let answering = tower::ServiceExt::oneshot(app(Log(send)), request);
    assert!(tokio::time::timeout(secs(2), answering).await.is_err()); // the client leaves
    assert_eq!(log.recv().await.unwrap(), "disconnect");
}
