//! A service for clients and proxies that nobody here wrote: `.ci/strangers` runs them against it.
//!
//! `GET /work` is fenced and takes as long as it is let; `POST /upload` commits what it has read to
//! the end; `/probe.Probe/Upload` and `/probe.Probe/Wait` do the same over gRPC. `GET /counts` says
//! what became of all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get, post};
use bytes::{Buf, BufMut, Bytes};
use fence::Fencing;
use fence::service::{Detached, FenceLayer};
use futures::StreamExt;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::{Status, Streaming};
use tower::service_fn;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let layer = FenceLayer::new().respond_by(|request| {
        let time = request.headers.get("x-time-ms")?.to_str().ok()?;
        Some(Duration::from_millis(time.parse().ok()?))
    });
    let seen = Seen {
        counts: Arc::default(),
        detached: layer.detached(),
    };
    let app = Router::new()
        .route("/ping", get(|| async { "pong" }))
        .route("/work", any(work))
        .route("/upload", post(upload))
        .route("/probe.Probe/Upload", post(grpc_upload))
        .route("/probe.Probe/Wait", post(grpc_wait))
        .route("/counts", get(counts))
        .layer(layer)
        .with_state(seen);
    axum::serve(listener, app).await
}

/// What became of requests.
#[derive(Clone)]
struct Seen {
    counts: Arc<Mutex<BTreeMap<String, usize>>>,
    detached: Detached,
}

impl Seen {
    fn count(&self, what: impl Into<String>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what.into()).or_default() += 1;
    }
}

async fn counts(State(seen): State<Seen>) -> String {
    let counts = seen.counts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut pairs: Vec<_> = counts
        .iter()
        .map(|(what, n)| format!("{what:?}: {n}"))
        .collect();
    pairs.push(format!("\"active\": {}", seen.detached.active()));
    format!("{{{}}}", pairs.join(", "))
}

async fn work(State(seen): State<Seen>) -> String {
    seen.count("work begun");
    let work = tokio::time::sleep(Duration::from_secs(20));
    let outcome = Fencing::current().run(work).await;
    let Some(why) = outcome.cancelled() else {
        return "done".to_owned();
    };
    // Saved whoever has left, a moment later.
    tokio::time::sleep(Duration::from_millis(20)).await;
    seen.count(format!("work saved: {}", why.primary().code()));
    "saved".to_owned()
}

async fn upload(State(seen): State<Seen>, request: Request) -> Response {
    seen.count("upload begun");
    let mut chunks = request.into_body().into_data_stream();
    let mut length = 0;
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            seen.count("upload failed");
            return Response::builder()
                .status(400)
                .body(Body::empty())
                .unwrap_or_default();
        };
        length += chunk.len();
    }
    seen.count("upload committed");
    Response::new(Body::from(length.to_string()))
}

async fn grpc_upload(State(seen): State<Seen>, request: Request) -> Response {
    let service = service_fn(move |request: tonic::Request<Streaming<Bytes>>| {
        let (seen, mut messages) = (seen.clone(), request.into_inner());
        async move {
            seen.count("stream begun");
            loop {
                match messages.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => {
                        seen.count("stream committed");
                        return Ok(tonic::Response::new(Bytes::from("thanks")));
                    }
                    Err(status) => {
                        seen.count("stream failed");
                        return Err(status);
                    }
                }
            }
        }
    });
    let response = Grpc::new(Plain).client_streaming(service, request).await;
    response.map(Body::new)
}

async fn grpc_wait(State(seen): State<Seen>, request: Request) -> Response {
    let service = service_fn(move |_: tonic::Request<Bytes>| {
        let seen = seen.clone();
        async move {
            let never = std::future::pending::<()>();
            let why = Fencing::current().run(never).await.cancelled();
            let why = why.ok_or_else(|| Status::internal("it ended"))?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            seen.count(format!("call saved: {}", why.primary().code()));
            Err::<tonic::Response<Bytes>, _>(Status::from(why))
        }
    });
    Grpc::new(Plain)
        .unary(service, request)
        .await
        .map(Body::new)
}

/// Messages are bytes.
#[derive(Clone, Copy)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
