//! A request that is answered at once, under hyper, on a connection in memory: what a layer costs.
//!
//! Server and client share a thread; what the client and the runtime take is the same for all.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use fence::Fencing;
use fence::service::FenceLayer;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service, service_fn};
use tower_http::timeout::TimeoutLayer;

use crate::program::{Meter, Program, Side};
use crate::workload::Workload;
use crate::workloads::LONG;

const NONE: &str = "no layer";
const EMPTY: &str = "an empty layer";
const SPAWN: &str = "spawn per request";
const TIMEOUT: &str = "tower-http `TimeoutLayer`";

const GET: &[u8] =
    b"GET /page HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\nuser-agent: bench\r\n\r\n";
const HELLO: &[u8] = b"Hello, World!";

pub(crate) fn all() -> Vec<Workload> {
    let programs = vec![
        program(NONE, Side::Peer, handler),
        program(EMPTY, Side::Peer, || Empty(handler())),
        program("`FenceLayer`", Side::Ours, || {
            FenceLayer::new().layer(handler())
        }),
        program(SPAWN, Side::Peer, || Spawn(handler())),
        program(TIMEOUT, Side::Peer, || {
            let layer = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, LONG);
            layer.layer(handler())
        }),
    ];
    let others = vec![
        program(NONE, Side::Peer, handler),
        program("`isolate`", Side::Ours, || {
            FenceLayer::new().isolate(true).layer(handler())
        }),
        program("`max_deadline`", Side::Ours, || {
            FenceLayer::new().max_deadline(LONG).layer(handler())
        }),
        program("`respond_by`", Side::Ours, || {
            FenceLayer::new()
                .respond_by(|_| Some(LONG))
                .layer(handler())
        }),
        program("a fence in the handler", Side::Ours, || {
            FenceLayer::new().layer(fenced_handler())
        }),
    ];
    vec![
        // Of the empty layer the goal is 2100 instructions more.
        Workload::new("GET under hyper", NONE, programs)
            .goal(SPAWN, 1.0, 1.0)
            .goal(EMPTY, 1.22, 1.05)
            .held_at(1.29),
        Workload::new("GET under hyper, otherwise", NONE, others).untimed(),
    ]
}

type Answer = Result<Response<Full<Bytes>>, Infallible>;

fn hello() -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(HELLO)))
}

fn handler<B: 'static>() -> impl Service<
    Request<B>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future = impl Future<Output = Answer> + Send + 'static,
> + Clone
+ Send
+ 'static {
    service_fn(|request: Request<B>| {
        drop(request);
        async { Ok(hello()) }
    })
}

fn fenced_handler<B: 'static>() -> impl Service<
    Request<B>,
    Response = Response<Full<Bytes>>,
    Error = Infallible,
    Future = impl Future<Output = Answer> + Send + 'static,
> + Clone
+ Send
+ 'static {
    service_fn(|request: Request<B>| {
        drop(request);
        async {
            let answer = Fencing::current().run(async { hello() }).await;
            Ok(answer.unwrap_or_else(|_| Response::default()))
        }
    })
}

/// Serves a connection, and asks for one page after the other.
fn program<S, B>(name: &'static str, side: Side, service: impl Fn() -> S + 'static) -> Program
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    Program::new(name, side, move |meter| measure(meter, service()))
}

fn measure<S, B>(meter: Meter, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime: Runtime = runtime.unwrap_or_else(|error| panic!("there is no runtime: {error}"));
    let (mut client, server) = duplex(64 * 1024);
    let service = TowerToHyperService::new(service);
    let mut http = http1::Builder::new();
    // No clock, and no timer for the head of a request.
    let connection = http
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(server), service);
    runtime.spawn(async move { drop(connection.await) });
    meter(&mut |operations| {
        runtime.block_on(async {
            for _ in 0..operations {
                get(&mut client).await;
            }
        });
    });
}

async fn get(client: &mut DuplexStream) {
    let mut buffer = [0; 512];
    let mut read = 0;
    let written = client.write_all(GET).await;
    assert!(written.is_ok(), "the server is there");
    while !buffer[..read].ends_with(HELLO) {
        read += match client.read(&mut buffer[read..]).await {
            Ok(more) if more > 0 => more,
            other => panic!("it is answered: {other:?}"),
        };
    }
}

/// A layer that does nothing.
#[derive(Clone)]
struct Empty<S>(S);

impl<S, R> Service<R> for Empty<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}

/// What is done so that a handler runs on without its client.
#[derive(Clone)]
struct Spawn<S>(S);

impl<S, R> Service<R> for Spawn<S>
where
    S: Service<R, Error = Infallible>,
    S::Response: Send + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let task = tokio::spawn(self.0.call(request));
        Box::pin(async {
            match task.await {
                Ok(answer) => answer,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        })
    }
}
