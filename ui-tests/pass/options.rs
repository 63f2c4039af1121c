//! Every option in every form, without a warning.

#![deny(warnings, clippy::pedantic)]

use fence::Event;
use std::sync::Arc;
use std::time::{Duration, Instant};

static SHUTDOWN: Event = Event::new();

async fn wait() {}

#[fence::fenced]
async fn none() {
    wait().await;
}

#[fence::fenced(
    timeout = "1m 30s",
    timeout("db", "5s"),
    budget = Duration::from_secs(5),
    budget("b", limit),
    deadline = at,
    deadline("d", Instant::now()),
    idle = "60s",
    idle("silence", limit),
    on = "shutdown",
    on = SHUTDOWN,
    on = ["disconnect", SHUTDOWN],
    on("stop", &SHUTDOWN),
    name = "all",
    inherit = false
)]
async fn all(limit: Option<Duration>, at: Option<Instant>) {
    wait().await;
}

#[fence::fenced(
    grace = "2s",
    cleanup = "1m 30s",
    linked,
    unless("shutdown", || SHUTDOWN.is_set()),
    unless("timeout", {
        let busy = Arc::clone(&busy);
        move || busy.is_set()
    })
)]
async fn policies(busy: Arc<Event>) -> bool {
    wait().await;
    busy.is_set()
}

#[fence::fenced(cooperative, cleanup = limit)]
async fn never_dropped(limit: Duration) {
    wait().await;
}

#[fence::fenced(grace = limit)]
async fn perhaps_a_grace(limit: Option<Duration>) {
    wait().await;
}

#[fence::fenced(crate = fence, timeout = "5s", try)]
async fn fallible() -> Result<u8, fence::Cancelled> {
    wait().await;
    Ok(5)
}

#[fence::fenced(crate = "fence")]
async fn path_as_text() {
    wait().await;
}

fn main() {
    drop((none(), all(None, None), fallible(), path_as_text()));
    drop(policies(Arc::new(Event::new())));
    drop((never_dropped(Duration::ZERO), perhaps_a_grace(None)));
}
