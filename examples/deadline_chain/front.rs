//! The first service: HTTP, for clients.

use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use fence::service::FenceLayer;

use crate::WAY_BACK;
use crate::call::{self, Http};
use crate::log::Log;
use crate::problem::Problem;

/// For clients that say nothing, or too much.
const MAX: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Front {
    http: Http,
    /// The URL of the next service.
    middle: String,
    log: Log,
}

#[derive(serde::Deserialize)]
struct Wanted {
    rows: u32,
}

pub fn router(middle: String, log: Log) -> Router {
    let http = call::http();
    Router::new()
        .route("/report", get(report))
        .with_state(Front { http, middle, log })
        .layer(
            FenceLayer::new()
                .deadlines(call::deadlines())
                .margin(WAY_BACK)
                .max_deadline(MAX),
        )
}

/// Only the call is fenced, so the last line is always told, whoever has left by then.
async fn report(
    State(front): State<Front>,
    Query(wanted): Query<Wanted>,
) -> Result<String, Problem> {
    front.log.arrived("front");
    let url = format!("{}/rows/{}", front.middle, wanted.rows);
    let answer = call::get(&front.http, &url).await;
    let failure = answer.as_ref().err().map(Problem::to_string);
    front.log.ended("front", failure);
    answer
}
