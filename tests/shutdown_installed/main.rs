//! The shutdown of the process. Alone, and one test, as what it sets stays set.

use std::future::pending;
use std::io;
use std::time::Duration;

use fence::{Event, Fencing, Shutdown, fenced, on_cancel};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

#[fenced(on = "shutdown")]
async fn stream() {
    pending::<()>().await;
}

#[fenced(on = "shutdown-hard")]
async fn stubborn() {
    pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn it_sets_the_events_of_the_process_and_waits_for_what_runs_in_the_background() {
    let shutdown = Shutdown::install().unwrap();
    let again = Shutdown::install().unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert!(shutdown.is_ready());
    let (stream, stubborn) = (shutdown.spawn(stream()), shutdown.spawn(stubborn()));

    shutdown.begin("deploy");
    let start = Instant::now();
    assert!(stream.await.unwrap().cancelled_by("shutdown"));
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert!(Event::named("shutdown").is_set());
    assert!(!Event::named("shutdown-hard").is_set());
    assert_eq!(shutdown.drain(Duration::ZERO).await, 1);

    // Not tracked; its cleanup is the runtime's.
    let aborted = tokio::spawn(Fencing::new().run(async {
        on_cancel(sleep(Duration::from_secs(2)));
        pending::<()>().await;
    }));
    yield_now().await;
    aborted.abort();
    assert!(aborted.await.is_err());
    assert_eq!(shutdown.drain(Duration::ZERO).await, 2);
    assert_eq!(shutdown.drain(Duration::from_secs(3)).await, 1);

    let report = shutdown.run(async {}).await;
    assert!(stubborn.await.unwrap().cancelled_by("shutdown-hard"));
    assert!(report.is_drained());
    assert_eq!(start.elapsed(), Duration::from_secs(25));
}
