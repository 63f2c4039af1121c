//! Three services with one budget: each tells the next one what is left of it.
//!
//! ```sh
//! cargo run --example deadline_chain              # three requests, and what becomes of them
//! cargo run --example deadline_chain -- --serve   # listens, and prints its address
//! curl -i -H 'connect-timeout-ms: 600' "$ADDRESS/report?rows=10"
//! curl -i -H 'connect-timeout-ms: 600' "$ADDRESS/report?rows=1000"  # 504, and not after 600 ms
//! curl -i -H 'connect-timeout-ms: 190' "$ADDRESS/report?rows=10"    # nothing left for the store
//! curl -m 1 "$ADDRESS/report?rows=1000"                             # leaves after a second
//! ```
//!
//! ```text
//! client ──HTTP──▶ front ──HTTP──▶ middle ──gRPC──▶ store
//!   connect-timeout-ms   connect-timeout-ms   grpc-timeout
//! ```
//!
//! A `FenceLayer` around each service reads how much time a request has; an `OutgoingDeadline` in
//! each call tells the rest of it. So the store is the first to stop, under the code `"deadline"`,
//! which comes back through `middle` and `front` as the client's answer. When the client leaves,
//! all three are told `"disconnect"`, one after the other, by what the one before drops.
//!
//! Exit status: 0 if the demonstration has run, 2 for bad input.

mod call;
mod client;
mod front;
mod log;
mod middle;
mod problem;
mod store;
mod text;

use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use client::Client;
use log::Log;
use tokio::net::TcpListener;
use tonic::transport::{Channel, Endpoint};

const USAGE: &str = "usage: deadline_chain [--serve]";

/// What each service keeps of the time that it is given, so that its answer is there before the one
/// that has called gives up. Far more than a network takes: for busy machines.
const WAY_BACK: Duration = Duration::from_millis(100);

/// One thread, so that the lines come in one order.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::args_os().any(|argument| argument == "--help") {
        let _ = writeln!(io::stdout(), "{USAGE}");
        return ExitCode::SUCCESS;
    }
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let ended = match given[..] {
        [] => demonstrate().await,
        ["--serve"] => serve().await,
        ["--serve", other, ..] | [other, ..] => {
            Err(io::Error::other(format!("unknown argument `{other}`")))
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

async fn demonstrate() -> io::Result<()> {
    let (log, lines) = log::new();
    let front = start(&log).await?;
    let mut client = Client::new(&front, log, lines);
    client.with_enough_time().await;
    client.with_too_little_time().await;
    client.that_leaves().await;
    Ok(())
}

async fn serve() -> io::Result<()> {
    let (log, mut lines) = log::new();
    let front = start(&log).await?;
    log::say(&format!("listening on {front}"));
    lines.show_all().await;
    Ok(())
}

/// Starts all three, from the last to the first, and returns the URL of the first.
async fn start(log: &Log) -> io::Result<String> {
    let (listener, url) = bind().await?;
    tokio::spawn(store::serve(listener, log.clone()));
    let middle = middle::router(channel(url)?, log.clone());
    let front = front::router(serve_http(middle).await?, log.clone());
    serve_http(front).await
}

async fn serve_http(service: Router) -> io::Result<String> {
    let (listener, url) = bind().await?;
    tokio::spawn(async { axum::serve(listener, service).await });
    Ok(url)
}

async fn bind() -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Connects with the first call.
fn channel(url: String) -> io::Result<Channel> {
    let endpoint = Endpoint::from_shared(url).map_err(io::Error::other)?;
    Ok(endpoint.connect_lazy())
}
