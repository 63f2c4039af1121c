//! A service whose clients leave: the model stops, what it has cost is saved, the log says who left.
//!
//! ```sh
//! cargo run --example disconnect -- --port 3000 --max-deadline 2s
//!
//! curl 'http://127.0.0.1:3000/generate?user=ann&prompt=once+upon+a+time'
//! # ONCE UPON A TIME
//! curl -m 1 'http://127.0.0.1:3000/generate?user=ben&prompt=a+long+story&ms=400'
//! # curl gives up after 1 s, and the service prints:
//! # ended: "ben", /generate, disconnect, tokens: 2
//! # saved: "ben", /generate, disconnect, tokens: 2
//! # left: "ben", GET /generate, disconnect after 1.0s in Handler, ran on for 51ms, Finished
//! curl -N -m 1 'http://127.0.0.1:3000/stream?user=cat&prompt=a+long+story&ms=400'
//! # data: A
//! # data: LONG
//! # … and the service prints the same of "cat" and /stream, but `in Body`
//! curl 'http://127.0.0.1:3000/generate?user=dan&prompt=a+long+story&ms=4000'
//! # {"type":"about:blank","title":"Gateway Timeout","status":504,"code":"deadline"}
//! curl 'http://127.0.0.1:3000/saved'
//! # [{"user":"ann","path":"/generate","answer":"ONCE UPON A TIME","tokens":4,"ended":"complete"},…]
//! kill -TERM $(pgrep disconnect) # or Ctrl-C; a second one exits at once
//! # shutdown: SIGTERM, drained; clients that had left: 2
//! ```
//!
//! The model thinks for `ms` before each word. Only calls of it are fenced. They name the time and
//! the shutdown, at whose first stage they stop instead of thinking on; those of the request are
//! bound by `FenceLayer`. Saving is outside of the fences, so it happens whoever has left, and the process waits for it before it ends. The log knows a client by
//! the target of its request, so `user` is no more than what the client says of itself.

use std::convert::Infallible;
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::process::{ExitCode, Termination};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::sse;
use axum::routing::get;
use axum::{Json, Router};
use fence::service::{BodyDrop, Departure, Detached, FenceLayer};
use fence::{Cancelled, Fenced, Shutdown, ShutdownPlan, ShutdownReport, fenced};
use futures::stream::{self, Stream, StreamExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

const USAGE: &str = "usage: disconnect [--port PORT] [--max-deadline DURATION]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::args_os().any(|argument| argument == "--help") {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    let given: Vec<String> = std::env::args().skip(1).collect();
    let ended = match options(&given) {
        Ok((port, limit)) => serve(port, limit).await.map_err(|why| why.to_string()),
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

async fn serve(port: u16, max_deadline: Option<Duration>) -> io::Result<ShutdownReport> {
    // Before the address is announced, so that no signal finds the default action in place.
    let shutdown = ShutdownPlan::new().pre_drain(Duration::ZERO).install()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    let layer = FenceLayer::new()
        .max_deadline(max_deadline)
        .deadline_covers_body(true)
        .on_body_drop(BodyDrop::Drain) // a stream saves at its end, which it therefore has to reach
        .on_disconnect(log);
    let detached = layer.detached();
    tokio::spawn(announce(shutdown.clone(), detached.clone()));
    let server = axum::serve(listener, router(layer)).with_graceful_shutdown(shutdown.fired());
    // Waits for the calls without a client as well.
    let report = shutdown.run(async { server.await }).await;
    say(&format!(
        "{report}; clients that had left: {}",
        detached.departed()
    ));
    Ok(report)
}

fn router(layer: FenceLayer) -> Router {
    Router::new()
        .route("/generate", get(generate))
        .route("/stream", get(stream))
        .route("/saved", get(saved))
        .layer(layer)
        .with_state(Store::default())
}

/// The whole answer, or why there is none.
async fn generate(State(store): State<Store>, Query(ask): Query<Ask>) -> Result<String, Cancelled> {
    let mut call = Call::new("/generate", store, ask);
    let outcome = call.all().await;
    // From here on nothing interrupts, and whatever came of it is saved.
    let answer = call.save(ending(&outcome)).await;
    outcome.into_result().map(|()| answer + "\n")
}

/// A word at a time. The last event says how it ended, to a client that is still there.
async fn stream(
    State(store): State<Store>,
    Query(ask): Query<Ask>,
) -> sse::Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let call = Call::new("/stream", store, ask);
    let events = stream::unfold(Some(call), async |call| Some(event(call?).await));
    sse::Sse::new(events.map(Ok))
}

/// The next event, and the call if there are more to come.
async fn event(mut call: Call) -> (sse::Event, Option<Call>) {
    let outcome = call.next().await;
    if let Fenced::Completed(Some(word)) = outcome {
        return (sse::Event::default().data(word), Some(call));
    }
    let ending = ending(&outcome);
    let event = sse::Event::default().event("end").data(ending);
    call.save(ending).await;
    (event, None)
}

/// What goes into the record: the code of the reason, or that there is none.
fn ending<T>(outcome: &Fenced<T>) -> &str {
    match outcome {
        Fenced::Completed(_) => "complete",
        Fenced::Cancelled(why) => why.primary().code(),
    }
}

async fn saved(State(store): State<Store>) -> Json<Vec<Record>> {
    Json(store.lock().clone())
}

#[derive(serde::Deserialize)]
struct Ask {
    prompt: String,
    ms: Option<u64>,
    user: Option<String>,
}

impl Ask {
    fn user(self) -> String {
        self.user.unwrap_or_else(|| "anonymous".to_owned())
    }
}

/// A call of the model.
struct Call {
    path: &'static str,
    store: Store,
    ask: Ask,
    answer: Vec<String>,
}

impl Call {
    fn new(path: &'static str, store: Store, ask: Ask) -> Self {
        say(&format!("asked: {path}, {:?}", ask.prompt));
        let answer = Vec::new();
        Self {
            path,
            store,
            ask,
            answer,
        }
    }

    /// All of the answer. May be interrupted, and keeps the words that it has until then.
    #[fenced(timeout = "1m", on = "shutdown")]
    async fn all(&mut self) {
        while self.think().await.is_some() {}
    }

    /// The next word. May be interrupted.
    #[fenced(timeout = "10s", on = "shutdown")]
    async fn next(&mut self) -> Option<String> {
        self.think().await
    }

    /// The model: says the prompt back, louder, and knows nothing of clients.
    async fn think(&mut self) -> Option<String> {
        let word = self.ask.prompt.split_whitespace().nth(self.answer.len())?;
        sleep(Duration::from_millis(self.ask.ms.unwrap_or(10))).await;
        self.answer.push(word.to_uppercase());
        self.answer.last().cloned()
    }

    /// Takes its time, which nobody may cut short. Returns the answer.
    async fn save(self, ended: &str) -> String {
        let record = Record {
            path: self.path,
            user: self.ask.user(),
            answer: self.answer.join(" "),
            tokens: self.answer.len(),
            ended: ended.to_owned(),
        };
        say(&format!("ended: {record}"));
        sleep(Duration::from_millis(50)).await;
        say(&format!("saved: {record}"));
        let answer = record.answer.clone();
        self.store.lock().push(record);
        answer
    }
}

/// What is saved of a call.
#[derive(Clone, serde::Serialize)]
struct Record {
    user: String,
    path: &'static str,
    answer: String,
    tokens: usize,
    ended: String,
}

impl Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user,
            path,
            tokens,
            ended,
            ..
        } = self;
        write!(f, "{user:?}, {path}, {ended}, tokens: {tokens}")
    }
}

/// A database, elsewhere.
#[derive(Clone, Default)]
struct Store(Arc<Mutex<Vec<Record>>>);

impl Store {
    fn lock(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says who left, once everything of the request has ended.
fn log(left: &Departure) {
    let user = Query::<Ask>::try_from_uri(&left.uri).map(|Query(ask)| ask.user());
    say(&format!(
        "left: {:?}, {} {}, {} after {:.1?} in {:?}, ran on for {:.0?}, {:?}",
        user.as_deref().unwrap_or("unknown"), // escaped: it comes from outside
        left.method,
        left.uri.path(),
        left.code,
        left.after,
        left.phase,
        left.detached_for,
        left.fate,
    ));
}

async fn announce(shutdown: Shutdown, detached: Detached) {
    shutdown.begun().await;
    if let Some(signal) = shutdown.cause() {
        let left = detached.active();
        say(&format!(
            "{signal}: draining, {left} without a client; once more to exit at once"
        ));
    }
}

/// Does not panic where nobody reads any more.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The port, and how long a request may take at most.
fn options(given: &[String]) -> Result<(u16, Option<Duration>), String> {
    let (mut port, mut limit) = (3000, None);
    for option in given.chunks(2) {
        let (name, value) = (option[0].as_str(), option.get(1));
        match name {
            "--port" => port = parsed(name, value, "3000", str::parse)?,
            "--max-deadline" => {
                limit = Some(parsed(name, value, "2s", humantime::parse_duration)?);
            }
            _ => return Err(format!("unknown argument `{name}`")),
        }
    }
    Ok((port, limit))
}

fn parsed<T, E: Display>(
    name: &str,
    value: Option<&String>,
    sample: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("`{name}` needs a value: write `{name} {sample}`"))?;
    parse(value).map_err(|why| format!("`{name} {value}`: {why}; write `{name} {sample}`"))
}
