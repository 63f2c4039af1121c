use std::time::Duration;

use fence::{Fencing, group, testing::codes};

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let outcome = group()
        .fenced(&Fencing::new().timeout(Duration::from_secs(1)))
        .run(async |group| {
            group.spawn(async {
                fence::on_cancel(async { println!("connection closed") });
                std::future::pending::<()>().await;
            });
        })
        .await;
    let why = outcome.cancelled().unwrap();
    assert_eq!(codes(why.reasons()), ["timeout"]);
    assert_eq!(why.cleanup().ran(), 1);
}
