use std::time::Duration;

use fence::{Event, Fencing, fenced, testing::codes};

#[fenced(timeout = "5s", on = "shutdown")]
async fn serve() {
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let shutdown = Event::new();
    let world = Fencing::new().offer("shutdown", &shutdown);

    let (outcome, ()) = tokio::join!(world.bind(serve()), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        shutdown.set();
    });

    let why = outcome.cancelled().unwrap();
    assert_eq!(codes(why.reasons()), ["shutdown"]);
    assert_eq!(why.elapsed(), Duration::from_secs(2));
}
