//! Clients that leave.

use std::io;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use fence::block::fenced;
use fence::{Event, Fenced, Fencing, check};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::{event_after, millis, since};

/// README, the event in a deep helper, and docs, `DisconnectEvent`: a fence that is cooperative
/// cuts nothing, and the loop asks. It need not be given the event for that.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn search() {
    let (start, disconnect) = (Instant::now(), event_after(millis(500)));
    let request = Fencing::new().on("disconnect", &disconnect).cooperative();
    let hits = request.run(search_shards()).await;
    println!("{:?}, {}s", hits.unwrap(), since(start));
}

async fn search_shards() -> Vec<u32> {
    let mut hits = Vec::new();
    for shard in 0..10 {
        if check().is_err() {
            break;
        }
        sleep(millis(200)).await;
        hits.push(shard);
    }
    hits
}

/// Docs, a fence in a `def` handler: an error there, since there is no loop to cancel it. Here the
/// plain code asks.
pub fn plain_handler() {
    let disconnect = Event::new();
    let request = Fencing::new().on("disconnect", &disconnect);
    let outcome = request.run_blocking(|| {
        for chunk in 0.. {
            check()?;
            if chunk == 1000 {
                disconnect.set();
            }
        }
        Ok(())
    });
    let why: fence::Cancelled = outcome.flatten().expect_err("it counts forever");
    println!("{}", why.primary());
}

/// README, "Client disconnects" and the service layer without a request: a handler answers, runs
/// out of its budget, and loses its client.
#[tokio::main(flavor = "current_thread")]
pub async fn service() {
    if let Err(error) = serve().await {
        println!("no service: {error}");
    }
}

async fn serve() -> io::Result<()> {
    let (log, mut lines) = mpsc::unbounded_channel();
    let router = Router::new()
        .route("/generate/{budget}/{prompt}", get(generate))
        .layer(from_fn(bind_disconnect))
        .with_state(log);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async { axum::serve(listener, router).await });
    let mut line = async || println!("{}", lines.recv().await.unwrap_or_default());
    for path in ["60000/hi", "100/forever"] {
        let mut client = request(TcpStream::connect(address).await?, path).await?;
        client.read_to_string(&mut String::new()).await?;
        line().await;
        line().await;
    }
    let client = request(TcpStream::connect(address).await?, "60000/forever").await?;
    line().await;
    drop(client);
    line().await;
    Ok(())
}

async fn request(mut client: TcpStream, path: &str) -> io::Result<TcpStream> {
    let head = format!("GET /generate/{path} HTTP/1.1\r\nHost: twins\r\nConnection: close");
    let head = format!("{head}\r\n\r\n");
    client.write_all(head.as_bytes()).await?;
    Ok(client)
}

/// The middleware. The server drops this future with the connection, so the handler is a task of
/// its own, and the drop is a source that is bound in it.
async fn bind_disconnect(request: Request, next: Next) -> Result<Response, StatusCode> {
    let gone = Event::new();
    let _guard = HungUp(gone.clone());
    let fencing = Fencing::new().on("disconnect", &gone);
    let handler = tokio::spawn(fencing.bind(next.run(request)));
    handler.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// Sets its event when dropped. After an answer nobody is left to see it.
struct HungUp(Event);

impl Drop for HungUp {
    fn drop(&mut self) {
        self.0.set_because("the client hung up");
    }
}

type Log = mpsc::UnboundedSender<String>;

async fn generate(
    State(log): State<Log>,
    Path((budget, prompt)): Path<(u64, String)>,
) -> (StatusCode, String) {
    // Nobody reads it any more if that fails.
    let _ = log.send(format!("asked for {prompt}"));
    let (status, text) = match generate_response(&prompt, budget).await {
        Some(text) => (StatusCode::OK, text),
        None => (
            client_closed_request(),
            "client disconnected, skipping".to_owned(),
        ),
    };
    let _ = log.send(format!("{} {text}", status.as_u16()));
    (status, text)
}

/// What nginx logs for a client that did not wait.
fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(499).expect("it has three digits")
}

/// The service layer: no request, no event and no fencing among its arguments.
async fn generate_response(prompt: &str, budget: u64) -> Option<String> {
    match fenced!(budget = millis(budget), call_model(prompt)) {
        Fenced::Completed(answer) => Some(answer),
        Fenced::Cancelled(why) if why.by("disconnect") => None,
        Fenced::Cancelled(_) => Some("cached".to_owned()),
    }
}

async fn call_model(prompt: &str) -> String {
    if prompt == "forever" {
        std::future::pending::<()>().await;
    }
    prompt.to_uppercase()
}
