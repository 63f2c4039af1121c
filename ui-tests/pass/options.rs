//! Every option in every form, without a warning.

#![deny(warnings, clippy::pedantic)]

use fence::Event;
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
    on = "shutdown",
    on = SHUTDOWN,
    on = ["disconnect", SHUTDOWN],
    on("stop", &SHUTDOWN),
    unless("disconnect", || SHUTDOWN.is_set()),
    unless("stop", {
        let done = done.clone();
        move || done.is_set()
    }),
    grace = "2s",
    cleanup = limit,
    linked,
    name = "all",
    inherit = false
)]
async fn all(limit: Option<Duration>, at: Option<Instant>, done: Event) {
    wait().await;
}

#[fence::fenced(cooperative)]
async fn cooperative() {
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
    drop((none(), all(None, None, Event::new()), cooperative(), fallible(), path_as_text()));
}
