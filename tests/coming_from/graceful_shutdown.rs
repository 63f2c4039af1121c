use std::future::pending;
use std::time::Duration;

use fence::ShutdownPlan;
use fence::block::fenced;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let plan = ShutdownPlan::new()
        .pre_drain(Duration::ZERO)
        .drain(Duration::from_secs(5));
    let shutdown = plan.isolated().unwrap(); // for a test; in `main` it is `install`
    let (start, fired) = (Instant::now(), shutdown.fired());
    shutdown.spawn(async {
        fired.await; // `on_shutdown_requested`
        sleep(Duration::from_secs(1)).await; // says goodbye
    });
    let report = shutdown.run(async {
        sleep(Duration::from_secs(60)).await;
        shutdown.begin("enough"); // `request_shutdown`
        let polling = fenced!(on = "shutdown", pending::<()>()); // `cancel_on_shutdown`
        assert!(polling.cancelled_by("shutdown"));
    });
    assert_eq!(report.await.to_string(), "shutdown: enough, drained");
    assert_eq!(start.elapsed().as_secs(), 61);
}
