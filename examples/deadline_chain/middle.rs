//! The second service: HTTP on one side, gRPC on the other.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use fence::service::FenceLayer;
use tonic::transport::Channel;

use crate::WAY_BACK;
use crate::call;
use crate::log::Log;
use crate::problem::Problem;
use crate::store;

#[derive(Clone)]
struct Middle {
    store: Channel,
    log: Log,
}

pub fn router(store: Channel, log: Log) -> Router {
    Router::new()
        .route("/rows/{rows}", get(rows))
        .with_state(Middle { store, log })
        .layer(
            FenceLayer::new()
                .deadlines(call::deadlines())
                .margin(WAY_BACK),
        )
}

async fn rows(State(middle): State<Middle>, Path(rows): Path<u32>) -> Result<String, Problem> {
    middle.log.arrived("middle");
    let answer = ask_store(middle.store, rows).await;
    let failure = answer.as_ref().err().map(Problem::to_string);
    middle.log.ended("middle", failure);
    answer
}

/// Cut, it resets the stream, and the store is told `"disconnect"`.
#[fence::fenced(try)]
async fn ask_store(store: Channel, rows: u32) -> Result<String, Problem> {
    Ok(store::read(store, rows.to_string()).await?)
}
