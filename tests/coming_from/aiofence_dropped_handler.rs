use fence::{Event, Fencing};

use std::time::Duration;

static SAVED: Event = Event::new();

struct HungUp(Event);

impl Drop for HungUp {
    fn drop(&mut self) {
        self.0.set_because("the client hung up");
    }
}

async fn handler() -> String {
    let gone = HungUp(Event::new());
    let request = Fencing::new().on("disconnect", &gone.0);
    tokio::spawn(request.bind(service())).await.unwrap()
}

async fn service() -> String {
    let outcome = Fencing::current().run(slow_model()).await;
    save(outcome.reasons()).await; // always runs
    outcome.unwrap_or_default()
}
async fn slow_model() -> String {
    std::future::pending().await
}
async fn save(why: &[fence::Reason]) {
    assert_eq!(why[0].to_string(), "disconnect: the client hung up");
    SAVED.set();
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    tokio::time::timeout(Duration::from_secs(1), handler())
        .await
        .unwrap_err(); // what the server does
    SAVED.wait().await;
}
