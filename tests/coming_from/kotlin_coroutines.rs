use std::time::Duration;

use fence::block::fenced;
use fence::{Cancelled, cancel_and_wait, group};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() -> Result<(), Cancelled> {
    let fast = fenced!(timeout = "5s", async {
        sleep(Duration::from_secs(1)).await;
        7
    });
    assert_eq!(fast.into_result()?, 7); // `withTimeout`
    let slow = fenced!(timeout = "5s", std::future::pending::<u32>());
    assert_eq!(slow.completed(), None); // `withTimeoutOrNull`

    let supervised = group()
        .on_error(|error: &str| assert_eq!(error, "boom"))
        .run(async |scope| {
            scope.spawn(async { Err::<(), _>("boom") });
            let sibling = scope.spawn(async {
                sleep(Duration::from_secs(1)).await;
                Ok(42)
            });
            cancel_and_wait(scope.spawn(async { Ok(std::future::pending::<()>().await) }))
                .await
                .cancelled()
                .unwrap();
            sibling.await.unwrap()
        });
    assert_eq!(supervised.await.into_result()?, 42);
    Ok(())
}
