use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fence::{Overlap, cancel_and_wait, every, gather, race_ok};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let start = Instant::now();
    let work = fence::spawn(async {
        fence::on_cancel(async { sleep(Duration::from_secs(4)).await }); // the cleanup
        std::future::pending::<()>().await;
    });
    tokio::task::yield_now().await;
    assert!(cancel_and_wait(work).await.is_cancelled());
    assert_eq!(start.elapsed().as_secs(), 4);

    let job = |secs: u64| async move {
        sleep(Duration::from_secs(secs)).await;
        if secs == 1 { Err("boom") } else { Ok(secs) }
    };
    assert_eq!(race_ok([job(1), job(2)]).await, Ok((2, vec!["boom"])));
    let all = gather([job(3), job(1)]).await; // in the order of the list
    assert_eq!(
        all.into_iter()
            .map(|ended| ended.unwrap())
            .collect::<Vec<_>>(),
        [Ok(3), Err("boom")]
    );

    static TICKS: AtomicU32 = AtomicU32::new(0);
    let timer = every(Duration::from_secs(1))
        .overlap(Overlap::Cancel)
        .start(|| {
            TICKS.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_secs(100)) // cancelled when the next tick is due
        });
    sleep(Duration::from_millis(3500)).await;
    assert!(cancel_and_wait(timer.unwrap()).await.is_cancelled());
    assert_eq!(TICKS.load(Ordering::Relaxed), 4);
}
