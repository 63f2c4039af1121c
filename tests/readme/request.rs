use std::time::Duration;

use fence::{Event, Fencing, fenced};

struct Config {
    request_time: Duration,
}

#[fenced]
async fn query() -> u32 {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn the_budget_cuts_it() {
    let disconnect = Event::new();
    let config = Config {
        request_time: Duration::from_secs(3),
    };
    let request = Fencing::new()
        .budget(config.request_time)
        .on("disconnect", &disconnect);
    let outcome = request.bind(query()).await; // `#[fenced] async fn query()` names no source, and obeys both

    for reason in outcome.reasons() {
        // in the order in which they fired
        println!("{}: {reason}, at {:?}", reason.code(), reason.location());
    }
    assert!(outcome.cancelled_by("budget"));
    disconnect.set();
    assert!(request.bind(query()).await.cancelled_by("disconnect"));
}
