use std::time::Duration;

use fence::block::fenced;
use fence::{Fencing, shield};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let start = Instant::now();
    let outer = Fencing::new().timeout(Duration::from_secs(1)).run(async {
        let goodbye = shield(async { fenced!(timeout = "5s", sleep(Duration::from_secs(9))) });
        assert!(goodbye.await.cancelled_by("timeout")); // the one inside, at 5 s
        sleep(Duration::from_secs(1)).await; // here the outer one cuts
        unreachable!()
    });
    assert!(outer.await.is_cancelled());
    assert_eq!(start.elapsed().as_secs(), 5);

    let failed = fence::try_group()
        .run(async |nursery| {
            nursery.spawn(async { Err::<(), _>("no such host") });
            sleep(Duration::from_secs(60)).await;
            Ok(())
        })
        .await;
    assert_eq!(failed.unwrap_err().errors(), ["no such host"]);
}
