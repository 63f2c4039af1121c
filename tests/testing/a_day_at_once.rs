use std::time::Duration;

use fence::{Overlap, every};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() -> Result<(), fence::ZeroInterval> {
    let start = Instant::now();
    let report = every(Duration::from_secs(3600))
        .overlap(Overlap::Skip)
        .start(move || async move { println!("hour {}", start.elapsed().as_secs() / 3600) })?;
    sleep(Duration::from_secs(86_400)).await; // a day, at once
    fence::cancel_and_wait(report).await.cancelled().unwrap();
    assert_eq!(start.elapsed().as_secs(), 86_400);
    Ok(())
}
