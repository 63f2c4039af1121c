//! A service that asks a slow model, stops asking when it must, and saves the conversation anyway.
//!
//! ```sh
//! cargo run --example chat -- --port 3000
//! curl -d 'tell me a story' 'http://127.0.0.1:3000/chat'
//! curl -d 'tell me a story' 'http://127.0.0.1:3000/chat?timeout_ms=100'
//! curl http://127.0.0.1:3000/saved
//! ```
//!
//! Only the block in `chat` may be interrupted: by the time that the client gives it, or by the
//! event `"shutdown"`, which Ctrl-C and SIGTERM set. What the model said until then is kept, saved
//! and sent: 200 if it finished, 504 if time was up, 503 if the service is going down.

use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use fence::block::fenced;
use fence::{Event, Fenced};
use futures::stream::{self, Stream, StreamExt};
use tokio::net::TcpListener;

/// The conversations, one line each. A database, elsewhere.
type Saved = Arc<Mutex<Vec<String>>>;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}\nusage: chat [--port PORT]");
            ExitCode::from(2)
        }
    }
}

async fn serve() -> io::Result<()> {
    let saved = Saved::default();
    // Before the address is announced, so that no signal finds the default action in place.
    let signals = signals()?;
    let given: Vec<String> = std::env::args().skip(1).collect();
    let port = port(&given.iter().map(String::as_str).collect::<Vec<_>>())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    tokio::spawn(stop_on(signals));
    let service = Router::new()
        .route("/chat", post(chat))
        .route("/saved", get(show));
    axum::serve(listener, service.with_state(saved.clone()))
        .with_graceful_shutdown(Event::named("shutdown").wait())
        .await?;
    for line in lock(&saved).iter() {
        println!("saved: {line}");
    }
    Ok(())
}

async fn chat(
    State(saved): State<Saved>,
    limit: Query<Limit>,
    prompt: String,
) -> (StatusCode, String) {
    println!(
        "asking the model, {} words",
        prompt.split_whitespace().count()
    );
    let mut answer = Vec::new();
    let outcome = fenced!(timeout = limit.duration(), on = "shutdown", {
        let mut words = std::pin::pin!(model(&prompt));
        while let Some(word) = words.next().await {
            answer.push(word);
        }
    });
    // No fence cuts from here on: whatever came of it is saved. A client that hangs up is another
    // matter: hyper then drops the handler, this part included.
    let answer = answer.join(" ");
    let (status, ending) = ending(outcome);
    save(&saved, format!("{prompt:?} -> {answer:?} ({ending})")).await;
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
async fn save(saved: &Saved, line: String) {
    tokio::task::yield_now().await;
    lock(saved).push(line);
}

async fn show(State(saved): State<Saved>) -> String {
    lock(&saved).join("\n")
}

fn lock(saved: &Saved) -> std::sync::MutexGuard<'_, Vec<String>> {
    saved.lock().unwrap_or_else(PoisonError::into_inner)
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
