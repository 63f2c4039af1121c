//! One fence, and what is known after it.

use std::time::Duration;

use fence::block::fenced;
use fence::{Cancelled, Event, Fenced, Fencing, try_group};
use tokio::time::{Instant, sleep, timeout};

use crate::{NEVER, event_after, millis, secs, since};

async fn fetch_and_transform() -> &'static str {
    sleep(secs(60)).await;
    "result"
}

/// README, "Motivation". There the handler cannot tell a shutdown from a client that left, and the
/// chunk at hand holds both up. Here both cut it, and it knows.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn motivation() {
    handle(NEVER, NEVER).await;
    handle(millis(380), NEVER).await;
    handle(NEVER, millis(280)).await;
}

async fn handle(shutdown: Duration, disconnect: Duration) {
    let (start, mut chunks) = (Instant::now(), 0);
    let (shutdown, disconnect) = (event_after(shutdown), event_after(disconnect));
    let outcome = fenced!(timeout = "550ms", on = [shutdown, disconnect], {
        loop {
            sleep(millis(100)).await;
            chunks += 1;
        }
    });
    let Fenced::<()>::Cancelled(why) = outcome else {
        unreachable!("the loop has no end");
    };
    println!("{}, {chunks} chunks, {}s", why.primary(), since(start));
}

/// README, "Inspect", and the quick start and "multiple sources" of its docs.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn inspect() {
    inspected(NEVER, async { "result" }).await;
    inspected(NEVER, fetch_and_transform()).await;
    inspected(millis(100), fetch_and_transform()).await;
}

async fn inspected(shutdown: Duration, work: impl Future<Output = &'static str>) {
    let shutdown = event_after(shutdown);
    match fenced!(timeout = "30s", on = shutdown, work) {
        Fenced::Completed(result) => println!("saved {result}"),
        Fenced::Cancelled(why) => {
            println!("{}", why.primary());
            println!("{}", why.by("shutdown"));
        }
    }
}

/// README, "Raise".
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn raise_on_cancel() {
    #[fence::fenced(timeout = "30s", try)]
    async fn limited() -> Result<&'static str, Cancelled> {
        Ok(fetch_and_transform().await)
    }
    let why = limited().await.expect_err("it takes longer");
    println!("{why}");
}

/// README, "Instead of `asyncio.shield()`": what follows the fence always runs.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn instead_of_shield() {
    let (start, disconnect) = (Instant::now(), event_after(millis(200)));
    let result = fenced!(timeout = "5s", on = disconnect, fetch_and_transform());
    let result = result.unwrap_or_else(|why| {
        println!("{}", why.primary());
        "fallback"
    });
    println!("saved {result}, {}s", since(start));
}

/// Docs, "early exit": the body has no step of its own to take, since it never starts.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn early_exit() {
    let shutdown = Event::new();
    shutdown.set();
    let outcome = fenced!(on = shutdown, fetch_and_transform());
    println!("{}", outcome.unwrap_or("fallback"));
}

/// Docs, "raise in a task group": the error of one child cuts the others.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn task_group() {
    let mut sibling = None;
    let failed = try_group::<Cancelled>()
        .run(async |group| {
            sibling = Some(group.spawn(async { Ok(fetch_and_transform().await) }));
            let work = Fencing::new()
                .timeout(millis(100))
                .run(fetch_and_transform());
            work.await.into_result()
        })
        .await
        .expect_err("its host is cancelled");
    println!("{failed}");
    let sibling = sibling.expect("it was spawned").await;
    println!("sibling cancelled: {}", sibling.is_cancelled());
}

/// Docs, "why suppress": a fence that has fired leaves nothing behind that could confuse a timeout
/// around it.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn outer_timeout() {
    async fn worker() -> &'static str {
        fenced!(timeout = "1s", fetch_and_transform()).unwrap_or("fallback")
    }
    let outer = timeout(secs(5), async {
        println!("{}", worker().await);
        fetch_and_transform().await
    });
    match outer.await {
        Ok(result) => println!("{result}"),
        Err(_) => println!("timed out"),
    }
}
