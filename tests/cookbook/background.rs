use axum::http::StatusCode;
use fence::Shutdown;

async fn order(shutdown: &Shutdown, mail: String) -> StatusCode {
    shutdown.spawn(send(mail)); // no fence of the request cuts it, and a deploy waits for it
    StatusCode::ACCEPTED
}

use support::secs;

static SENT: fence::Event = fence::Event::new();

async fn send(mail: String) {
    tokio::time::sleep(secs(3)).await;
    assert_eq!(mail, "thanks");
    SENT.set();
}

#[tokio::test(start_paused = true)]
async fn the_mail_is_sent() {
    let shutdown = fence::ShutdownPlan::new().isolated().unwrap();
    let request = fence::Fencing::new().budget(secs(1));
    let status = request.run(order(&shutdown, "thanks".to_owned())).await;
    assert_eq!(status.unwrap(), StatusCode::ACCEPTED);
    shutdown.begin("a new version");
    assert!(shutdown.run(async {}).await.is_drained());
    assert!(SENT.is_set());
}
