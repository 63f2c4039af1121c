use std::time::Duration;

use fence::block::fenced;
use fence::{Event, as_completed, group};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    // `timeout`, `select!` and `run_until_cancelled` in one:
    static STOP: Event = Event::new();
    let token = CancellationToken::new();
    tokio::spawn(async {
        sleep(Duration::from_secs(1)).await;
        STOP.set()
    });
    let cut = fenced!(
        timeout = "5s",
        on = [STOP, token],
        std::future::pending::<()>()
    );
    assert!(cut.cancelled_by("stop"));

    // For code that knows tokens only:
    STOP.cancels(token.clone()).await;
    assert!(token.is_cancelled());

    // `JoinSet`:
    let job = |secs: u64| async move {
        sleep(Duration::from_secs(secs)).await;
        secs
    };
    let mut answers = as_completed([3, 1, 2].map(job));
    assert_eq!(answers.next().await.unwrap().unwrap(), 1); // `join_next`
    let rest = answers.close().await; // `shutdown`, and the cleanups
    assert!(rest.iter().all(|ended| ended.cancelled_by("closed")));

    // `TaskTracker`, which closes by itself:
    let outcome = group()
        .run(async |tasks| {
            tasks.spawn(async { sleep(Duration::from_secs(9)).await });
        })
        .await;
    assert!(outcome.is_completed());
}
