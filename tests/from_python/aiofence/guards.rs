//! Firings that are declined.

use fence::block::fenced;
use fence::{Event, Fenced, Fencing, ReasonKind, shield};
use tokio::time::{Instant, sleep};

use crate::{NEVER, event_after, millis, since};

/// Five chunks, and the answer is complete with the third.
async fn consume(chunks: &mut Vec<u32>, done: &Event) {
    for chunk in 0..5 {
        sleep(millis(100)).await;
        chunks.push(chunk);
        if chunk == 2 {
            done.set();
        }
    }
}

/// Whether the answer is complete, for a guard to own.
fn is_done(done: &Event) -> impl Fn() -> bool + Send + Sync + 'static {
    let done = done.clone();
    move || done.is_set()
}

/// README, "Guarded cancellation": once the answer is complete, the rest is read in any case.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn unless() {
    for leaves in [millis(180), millis(380)] {
        let request = Fencing::new().on("disconnect", &event_after(leaves));
        request.bind(drain()).await;
    }
}

async fn drain() {
    let (start, done, mut chunks) = (Instant::now(), Event::new(), Vec::new());
    let fencing = Fencing::current().unless("disconnect", is_done(&done));
    let mut fence = fencing.run(consume(&mut chunks, &done));
    let handle = fence.handle();
    let cancelled = fence.await.cancelled_by("disconnect");
    let declined = handle
        .declined()
        .iter()
        .any(|reason| reason.code() == "disconnect");
    println!(
        "{chunks:?}, cancelled: {cancelled}, declined: {declined}, {}s",
        since(start)
    );
}

/// README, `run_streaming`: what is closed in any case follows the fence, and a shield holds off
/// the fences around.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn streaming() {
    for leaves in [millis(180), millis(380), NEVER] {
        let start = Instant::now();
        let gone = event_after(leaves);
        let request = Fencing::new().on("disconnect", &gone);
        let phase = request.bind(run_streaming(&gone)).await;
        println!("{}, {}s", phase.unwrap_or("none"), since(start));
    }
}

async fn run_streaming(gone: &Event) -> Option<&'static str> {
    let (done, mut chunks) = (Event::new(), Vec::new());
    let outcome = fenced!(
        unless("disconnect", is_done(&done)),
        consume(&mut chunks, &done)
    );
    let phase = match outcome {
        Fenced::Cancelled(_) => Some("left while generating"),
        Fenced::Completed(()) if gone.is_set() => Some("left after the finish reason"),
        Fenced::Completed(()) => None,
    };
    shield(close_upstream()).await;
    phase
}

async fn close_upstream() {
    sleep(millis(100)).await;
}

/// Docs, a guard that spans codes: time always counts, anything else only until the answer is
/// complete.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn guard() {
    let (disconnect, done) = (Event::new(), Event::new());
    disconnect.set();
    done.set();
    let is_done = is_done(&done);
    let fencing = Fencing::new()
        .on("disconnect", &disconnect)
        .timeout(millis(200))
        .guard(move |reason| reason.kind() == ReasonKind::Timeout || !is_done());
    let outcome = fencing.run(std::future::pending::<()>()).await;
    let why = outcome.cancelled().expect("it is never ready");
    println!("cancelled by {}", why.primary());
    println!("declined {}", why.declined()[0]);
}
