use std::time::Duration;

use fence::{Cancelled, Event, Fencing};

fn work() -> Result<&'static str, Cancelled> {
    for _ in 0..100 {
        fence::check()?;
    }
    Ok("done")
}

#[tokio::test(start_paused = true)]
async fn it_runs_as_the_page_says() {
    let stop = Event::new();
    let outer = Fencing::new()
        .timeout(Duration::from_secs(3))
        .on("stop", &stop);
    let outcome = outer.run_blocking(|| {
        let inner = Fencing::new()
            .timeout(Duration::from_secs(9))
            .run_blocking(|| {
                assert_eq!(fence::remaining(), Some(Duration::from_secs(3)));
                work()
            });
        assert_eq!(inner.flatten()?, "done");
        stop.set(); // `cs.cancel()`
        work()
    });
    assert!(outcome.flatten().unwrap_err().by("stop"));
}
