use fence::testing::codes;
use fence::{Event, Fencing, fenced};

#[fenced(timeout = "5s", on = "shutdown")]
async fn poll_queue() {
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn a_deploy_ends_the_polling() {
    let shutdown = Event::new();
    let world = Fencing::new().offer("shutdown", &shutdown); // only for those that name it

    let (outcome, _) = tokio::join!(world.bind(poll_queue()), async { shutdown.set() });

    assert_eq!(codes(outcome.reasons()), ["shutdown"]);
}
