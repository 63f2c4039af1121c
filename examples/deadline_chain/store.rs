//! The third service: gRPC, and the one that takes its time.
//!
//! What a code generator makes of a `.proto` file is written out here, in as far as it is needed.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http;
use fence::service::FenceLayer;
use fence::{Cancelled, OutgoingDeadline};
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tonic::body::Body;
use tonic::client;
use tonic::server::{self, NamedService};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{self, Channel, Server};
use tonic::{Request, Response, Status};
use tower::Service;

use crate::WAY_BACK;
use crate::log::Log;
use crate::text::Text;

const READ: &str = "/chain.Store/Read";

pub async fn serve(listener: TcpListener, log: Log) -> Result<(), transport::Error> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .layer(FenceLayer::new().margin(WAY_BACK))
        .add_service(Store { log })
        .serve_with_incoming(incoming)
        .await
}

/// What a generated client does, with a deadline in each call.
pub async fn read(channel: Channel, rows: String) -> Result<String, Status> {
    let channel = InterceptedService::new(channel, OutgoingDeadline::grpc());
    let mut store = client::Grpc::new(channel);
    let ready = store.ready().await;
    ready.map_err(|why| Status::unavailable(why.to_string()))?;
    let path = PathAndQuery::from_static(READ);
    let answer = store.unary(Request::new(rows), path, Text).await?;
    Ok(answer.into_inner())
}

#[derive(Clone)]
struct Store {
    log: Log,
}

impl Store {
    async fn read(self, wanted: Request<String>) -> Result<Response<String>, Status> {
        let rows = wanted.into_inner().parse();
        let rows = rows.map_err(|_| Status::invalid_argument("not a number"))?;
        self.log.arrived("store");
        let answer = read_rows(rows).await;
        let failure = answer.as_ref().err().map(|why: &Cancelled| {
            let code = why.primary().code();
            format!("{code} ({:?})", why.grpc_code())
        });
        self.log.ended("store", failure);
        Ok(Response::new(answer?))
    }
}

#[fence::fenced(try)]
async fn read_rows(rows: u32) -> Result<String, Cancelled> {
    for _ in 0..rows {
        sleep(Duration::from_millis(10)).await;
    }
    Ok(format!("{rows} rows"))
}

impl NamedService for Store {
    const NAME: &'static str = "chain.Store";
}

type Answering<T> = Pin<Box<dyn Future<Output = Result<T, Infallible>> + Send>>;

impl Service<http::Request<Body>> for Store {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: http::Request<Body>) -> Self::Future {
        let store = self.clone();
        Box::pin(async move {
            if call.uri().path() != READ {
                return Ok(Status::unimplemented("").into_http());
            }
            let read = tower::service_fn(move |wanted| store.clone().read(wanted));
            Ok(server::Grpc::new(Text).unary(read, call).await)
        })
    }
}
