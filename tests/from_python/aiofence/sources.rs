//! Where the sources of a fence come from.

use std::time::Duration;

use fence::block::fenced;
use fence::{Event, Fenced, Fencing, Reason};
use tokio::time::{Instant, sleep};

use crate::{NEVER, event_after, millis, secs, since};

fn codes<T>(outcome: &Fenced<T>) -> Vec<&str> {
    outcome.reasons().iter().map(Reason::code).collect()
}

/// README, "Composable sources". The budget stays a source of its own when the limit of the
/// operation joins it.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn composable() {
    for shutdown in [NEVER, secs(1)] {
        let shutdown = event_after(shutdown);
        let fencing = Fencing::new().budget(secs(30)).on("shutdown", &shutdown);
        let query = fencing.timeout_as("db", secs(5)).run(sleep(secs(10)));
        let outcome = query.await;
        println!("{}, {:?}", outcome.reasons()[0], codes(&outcome));
    }
}

/// Docs, "merging". There one code is left of two limits; here each reports, in firing order.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn merging() {
    let tightest = fenced!(
        timeout = "30s",
        timeout("db", "5s"),
        std::future::pending::<()>()
    );
    println!("{:?}", codes(&tightest));
    let at = Instant::now() + secs(20);
    let tightest = fenced!(
        deadline("sla", at),
        timeout("db", "5s"),
        std::future::pending::<()>()
    );
    println!("{:?}", codes(&tightest));
    let tie = fenced!(
        timeout("one", "5s"),
        timeout("other", "5s"),
        std::future::pending::<()>()
    );
    println!("{:?}", codes(&tie));
}

/// README, "Context propagation" and "Typed reasons"; docs, "bind and extend".
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn bound_context() {
    for disconnect in [millis(100), NEVER] {
        let disconnect = event_after(disconnect);
        let request = Fencing::new()
            .budget(secs(30))
            .on("disconnect", &disconnect);
        request.bind(handle_request()).await;
    }
    let other = event_after(millis(100));
    let request = Fencing::new().on("disconnect", &event_after(NEVER));
    let extended = request.bind(async { fenced!(on = other, std::future::pending::<()>()) });
    println!("{:?}", codes(&extended.await));
}

async fn handle_request() {
    println!("{}", process().await);
    println!("the handler goes on");
}

/// Deep inside: no arguments needed.
async fn process() -> &'static str {
    match do_work().await {
        Fenced::Completed(result) => result,
        Fenced::Cancelled(why) if why.by("disconnect") => "client left",
        Fenced::Cancelled(_) => "cached result",
    }
}

#[fence::fenced]
async fn do_work() -> &'static str {
    sleep(secs(60)).await;
    "result"
}

/// Docs, "incremental accumulation": the middleware adds a budget, the handler an event, and the
/// call a timeout.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn layers() {
    for (budget, shutdown) in [(secs(30), NEVER), (secs(30), secs(1)), (secs(3), NEVER)] {
        let start = Instant::now();
        let middleware = Fencing::new().budget_as("request", budget);
        println!(
            "{}, {}s",
            middleware.bind(handler(shutdown)).await,
            since(start)
        );
    }
}

async fn handler(shutdown: Duration) -> String {
    let handler = Fencing::current().on("shutdown", &event_after(shutdown));
    let query = async { fenced!(timeout("db", "5s"), std::future::pending::<()>()) };
    match handler.bind(query).await {
        Fenced::Completed(()) => "done".to_owned(),
        Fenced::Cancelled(why) if why.by("db") => "db: cached".to_owned(),
        Fenced::Cancelled(why) => why.primary().code().to_owned(),
    }
}

/// Docs, "reuse" and the fence as an object. A set is used as often as one likes, each fence of it
/// once.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn reuse() {
    let start = Instant::now();
    let until = Fencing::new().deadline(start + millis(200));
    let first = until.run(sleep(millis(100))).await;
    println!("{}, {}s", first.is_cancelled(), since(start));
    let second = until.run(sleep(millis(300))).await;
    println!("{}, {}s", second.is_cancelled(), since(start));
}

/// Docs, "layering codes": an event that two layers bind under codes of their own.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn two_codes() {
    let gone = event_after(millis(100));
    let request = Fencing::new().on("disconnect", &gone);
    let router = async {
        let router = Fencing::current().on("client_gone", &gone);
        router.run(std::future::pending::<()>()).await
    };
    let outcome = request.bind(router).await;
    let by = |code| outcome.cancelled_by(code);
    println!(
        "{} {} {:?}",
        by("disconnect"),
        by("client_gone"),
        codes(&outcome)
    );
}

/// Docs, a fresh set for a flush: whoever leaves does not concern it.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn fresh() {
    let (start, gone) = (Instant::now(), Event::new());
    gone.set();
    let request = Fencing::new().on("disconnect", &gone);
    let flush = async { fenced!(inherit = false, timeout("flush", "60s"), sleep(millis(600))) };
    let outcome = request.bind(flush).await;
    println!("cancelled: {}, {}s", outcome.is_cancelled(), since(start));
}
