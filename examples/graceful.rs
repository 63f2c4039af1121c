//! A service that goes down in order: an open stream does not hold it up, a request is answered.
//!
//! ```sh
//! cargo run --example graceful -- --port 3000
//! curl -N http://127.0.0.1:3000/events &       # server-sent events, without end
//! curl 'http://127.0.0.1:3000/slow?ms=3000' &  # a request that takes a while
//! curl 'http://127.0.0.1:3000/batch' &         # one that takes longer than there is time
//! kill -TERM $(pgrep graceful)                 # or Ctrl-C; a second one exits at once
//! ```
//!
//! On the first signal `/ready` answers 503, so that no more clients are sent here, and everything
//! runs on for the `--pre-drain`. Then the event `"shutdown"` ends the streams, which name it, while
//! requests have the time of the `--drain`, fenced or not: `FenceLayer` offers that event, and what
//! it puts on every request is `"shutdown-hard"`. This cuts what is still running then, such as
//! `/batch`, which saves what it has. `/report` starts a thread that nothing can end: then the
//! process gives up, `--hard` later, and says so. `/block` blocks the runtime.
//!
//! Exit status: 0 if everything was drained, 1 if something was left, 2 for bad input, 130 or 143
//! after a second signal.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::process::{ExitCode, Termination};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse;
use axum::routing::get;
use fence::service::FenceLayer;
use fence::{Cancelled, Fenced, Shutdown, ShutdownPlan, ShutdownReport};
use futures::stream::{self, Stream};
use tokio::net::TcpListener;
use tokio::time::{Interval, interval, sleep};

const USAGE: &str = "usage: graceful [--port PORT] [--pre-drain DURATION] [--drain DURATION] \
                     [--hard DURATION] [--grace DURATION]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::args_os().any(|argument| argument == "--help") {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    let given: Vec<String> = std::env::args().skip(1).collect();
    let ended = match options(&given) {
        Ok((port, plan)) => serve(port, plan).await.map_err(|why| why.to_string()),
        Err(problem) => Err(problem),
    };
    match ended {
        Ok(report) => report.report(),
        Err(problem) => {
            eprintln!("error: {problem}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

async fn serve(port: u16, plan: ShutdownPlan) -> io::Result<ShutdownReport> {
    // Before the address is announced, so that no signal finds the default action in place.
    let shutdown = plan.install()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    tokio::spawn(announce(shutdown.clone()));
    let router = Router::new()
        .route("/ready", get(ready))
        .route("/events", get(events))
        .route("/slow", get(slow))
        .route("/batch", get(batch))
        .route("/report", get(report))
        .route("/block", get(block))
        .layer(FenceLayer::new())
        .with_state(shutdown.clone());
    let server = axum::serve(listener, router).with_graceful_shutdown(shutdown.fired());
    let report = shutdown.run(async { server.await }).await;
    say(&report.to_string());
    Ok(report)
}

/// For the probe of the load balancer.
async fn ready(State(shutdown): State<Shutdown>) -> StatusCode {
    if shutdown.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// A stream that would go on forever, and keep the server from going down.
async fn events() -> sse::Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    say("events: opened");
    let ticks = interval(Duration::from_millis(100));
    sse::Sse::new(stream::unfold(
        (ticks, 0),
        async |(mut ticks, count)| match next(&mut ticks).await {
            Fenced::Completed(()) => {
                let event = sse::Event::default().data(format!("tick {count}"));
                Some((Ok(event), (ticks, count + 1)))
            }
            Fenced::Cancelled(why) => {
                say(&format!("events: ended by {}", why.primary()));
                None
            }
        },
    ))
}

/// The part that may be interrupted.
#[fence::fenced(on = "shutdown")]
async fn next(ticks: &mut Interval) {
    ticks.tick().await;
}

/// A request that takes a while. Its fence does not name the shutdown, so it is answered.
async fn slow(Query(length): Query<Length>) -> Result<&'static str, Cancelled> {
    say("slow: started");
    work(Duration::from_millis(length.ms)).await.into_result()?;
    say("slow: answered");
    Ok("done\n")
}

/// May be interrupted when the client leaves.
#[fence::fenced(timeout = "1h")]
async fn work(time: Duration) {
    sleep(time).await;
}

/// Work without end, of which every part counts.
async fn batch() -> Result<(), Cancelled> {
    say("batch: started");
    let mut parts = 0;
    let outcome = all_of_it(&mut parts).await;
    // Outside of the fence, so it always runs.
    if let Fenced::Cancelled(why) = &outcome {
        say(&format!("batch: saved {parts} parts, {}", why.primary()));
    }
    outcome.into_result()
}

#[fence::fenced]
async fn all_of_it(parts: &mut u32) {
    loop {
        sleep(Duration::from_millis(10)).await;
        *parts += 1;
    }
}

#[derive(serde::Deserialize)]
struct Length {
    ms: u64,
}

/// Starts work that does not end, on a thread, which nothing can cut.
async fn report() -> &'static str {
    drop(fence::spawn_blocking(|| {
        say("report: started");
        loop {
            std::thread::park();
        }
    }));
    "started\n"
}

/// What nobody should do: no task of this runtime runs any more.
async fn block() {
    say("block: started");
    loop {
        std::thread::park();
    }
}

/// Says what happens while the server runs on.
async fn announce(shutdown: Shutdown) {
    shutdown.begun().await;
    if let Some(signal) = shutdown.cause() {
        say(&format!("{signal}: not ready; once more to exit at once"));
    }
    shutdown.fired().await;
    say("draining");
    shutdown.hard_event().wait().await;
    say("giving up soon");
}

/// Does not panic where nobody reads any more.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The port, and how long things may take: short, for people who try it.
fn options(given: &[String]) -> Result<(u16, ShutdownPlan), String> {
    let mut port = 3000;
    let mut plan = ShutdownPlan::new().pre_drain(Duration::from_secs(1));
    for option in given.chunks(2) {
        let name = option[0].as_str();
        let value = option.get(1).map(String::as_str);
        plan = match name {
            "--port" => {
                port = parsed(name, value, "3000", str::parse)?;
                plan
            }
            "--pre-drain" => plan.pre_drain(duration(name, value)?),
            "--drain" => plan.drain(duration(name, value)?),
            "--hard" => plan.hard(duration(name, value)?),
            "--grace" => plan.termination_grace(duration(name, value)?),
            _ => return Err(format!("unknown argument `{name}`")),
        };
    }
    Ok((port, plan))
}

fn duration(name: &str, value: Option<&str>) -> Result<Duration, String> {
    parsed(name, value, "2s", humantime::parse_duration)
}

fn parsed<T, E: std::fmt::Display>(
    name: &str,
    value: Option<&str>,
    sample: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("`{name}` needs a value: write `{name} {sample}`"))?;
    parse(value).map_err(|why| format!("`{name} {value}`: {why}; write `{name} {sample}`"))
}
