use std::time::Duration;

use fence::{Event, Fencing, fenced};
use tokio::time::sleep;

#[fenced] // no `ctx`, and no `select`
async fn fetch(secs: u64) -> Option<Duration> {
    sleep(Duration::from_secs(secs)).await;
    fence::remaining()
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let stop = Event::new();
    let ctx = Fencing::new()
        .budget(Duration::from_secs(10))
        .on("stop", &stop);
    ctx.bind(async {
        assert_eq!(fetch(3).await.unwrap(), Some(Duration::from_secs(7)));
        assert!(fetch(60).await.cancelled_by("budget")); // 7 s later
        stop.set_because(std::io::Error::other("quota"));
        let why = fetch(1).await.cancelled().unwrap(); // never starts
        assert!(why.is_timeout(), "the budget was spent first");
        assert_eq!(why.reasons()[1].cause().unwrap().to_string(), "quota");
    })
    .await;
}
