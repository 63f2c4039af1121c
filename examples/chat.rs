//! A service that asks a slow model, stops asking when it must, and saves the conversation anyway.
//!
//! ```sh
//! cargo run --example chat -- --port 3000
//! curl -d 'tell me a story' 'http://127.0.0.1:3000/chat'
//! curl -d 'tell me a story' 'http://127.0.0.1:3000/chat?timeout_ms=100'
//! curl http://127.0.0.1:3000/saved
//! ```
//!
//! Only the block in `answer` may be interrupted: by the time that the client gives it, by a client
//! that hangs up, or by the event `"shutdown"`, which Ctrl-C and SIGTERM set. What the model said
//! until then is kept, saved and sent: 200 if it finished, 504 if time was up, 503 if the service is
//! going down.

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use fence::block::fenced;
use fence::{Event, Fenced};
use futures::stream::{self, Stream, StreamExt};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

/// Like `println!`, but for output that nobody may read any more: a broken pipe is no panic.
macro_rules! say {
    ($($text:tt)*) => {
        drop(writeln!(io::stdout(), $($text)*))
    };
}

const USAGE: &str = "usage: chat [--port PORT]";

#[derive(Clone, Default)]
struct Service {
    /// The conversations, one line each. A database, elsewhere.
    saved: Arc<Mutex<Vec<String>>>,
    answering: TaskTracker,
}

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args_os().any(|argument| argument == "--help") {
        say!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

async fn serve() -> io::Result<()> {
    let service = Service::default();
    // Before the address is announced, so that no signal finds the default action in place.
    let signals = signals()?;
    let given: Vec<String> = std::env::args().skip(1).collect();
    let port = port(&given.iter().map(String::as_str).collect::<Vec<_>>())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    say!("listening on http://{}", listener.local_addr()?);
    tokio::spawn(stop_on(signals));
    let router = Router::new()
        .route("/chat", post(chat))
        .route("/saved", get(show));
    axum::serve(listener, router.with_state(service.clone()))
        .with_graceful_shutdown(Event::named("shutdown").wait())
        .await?;
    // The server has no connection left; an answer whose client hung up may still be on its way.
    service.answering.close();
    service.answering.wait().await;
    Ok(())
}

/// The server drops this future when the client hangs up. No fence can outlive that, so what has to
/// end is a task of its own, and the drop is one more reason to cut the block in it.
async fn chat(
    State(service): State<Service>,
    limit: Query<Limit>,
    prompt: String,
) -> Result<(StatusCode, String), StatusCode> {
    let gone = Event::new();
    let _guard = HungUp(gone.clone());
    let answer = answer(service.clone(), limit.duration(), prompt, gone);
    let task = service.answering.spawn(answer);
    task.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sets its event when dropped. After a request that was answered, nobody is left to see it.
struct HungUp(Event);

impl Drop for HungUp {
    fn drop(&mut self) {
        self.0.set_because("the client hung up");
    }
}

async fn answer(
    service: Service,
    limit: Duration,
    prompt: String,
    gone: Event,
) -> (StatusCode, String) {
    say!(
        "asking the model, {} words",
        prompt.split_whitespace().count()
    );
    let mut answer = Vec::new();
    let outcome = fenced!(timeout = limit, on = "shutdown", on("disconnect", gone), {
        let mut words = std::pin::pin!(model(&prompt));
        while let Some(word) = words.next().await {
            answer.push(word);
        }
    });
    // From here on nothing interrupts: whatever came of it is saved.
    let answer = answer.join(" ");
    let (status, ending) = ending(outcome);
    save(&service, format!("{prompt:?} -> {answer:?} ({ending})")).await;
    (status, format!("{answer}\n{ending}\n"))
}

fn ending(outcome: Fenced<()>) -> (StatusCode, String) {
    match outcome {
        Fenced::Completed(()) => (StatusCode::OK, "complete".to_owned()),
        Fenced::Cancelled(why) if why.by("shutdown") => {
            (StatusCode::SERVICE_UNAVAILABLE, why.to_string())
        }
        Fenced::Cancelled(why) => (StatusCode::GATEWAY_TIMEOUT, why.to_string()),
    }
}

/// Says the prompt back, word by word, and thinks before each.
fn model(prompt: &str) -> impl Stream<Item = String> {
    stream::iter(prompt.split_whitespace()).then(|word| async move {
        tokio::time::sleep(Duration::from_millis(30)).await;
        word.to_uppercase()
    })
}

/// Takes two steps, between which nobody may stop it.
async fn save(service: &Service, line: String) {
    tokio::task::yield_now().await;
    lock(service).push(line.clone());
    say!("saved: {line}");
}

async fn show(State(service): State<Service>) -> String {
    lock(&service).join("\n")
}

fn lock(service: &Service) -> MutexGuard<'_, Vec<String>> {
    service.saved.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(serde::Deserialize)]
struct Limit {
    timeout_ms: Option<u64>,
}

impl Limit {
    fn duration(&self) -> Duration {
        self.timeout_ms
            .map_or(Duration::from_secs(10), Duration::from_millis)
    }
}

async fn stop_on(signal: impl Future<Output = &'static str>) {
    Event::named("shutdown").set_because(signal.await);
}

/// Listens from the call on, not from the first poll as `tokio::signal::ctrl_c` does.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = &'static str>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "Ctrl-C",
        }
    })
}

#[cfg(windows)]
fn signals() -> io::Result<impl Future<Output = &'static str>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
        "Ctrl-C"
    })
}

fn port(given: &[&str]) -> io::Result<u16> {
    let problem = match given {
        [] => return Ok(3000),
        ["--port", port] => match port.parse() {
            Ok(port) => return Ok(port),
            Err(why) => format!("`--port {port}`: {why}; write `--port 3000`"),
        },
        ["--port"] => "`--port` needs a number: write `--port 3000`".to_owned(),
        ["--port", _, other, ..] | [other, ..] => format!("unknown argument `{other}`"),
    };
    Err(io::Error::other(problem))
}
