//! A call over HTTP that takes its share of the time along.

use axum::Json;
use axum::http::{HeaderName, Request, StatusCode};
use bytes::Bytes;
use fence::{DeadlineHeaders, OutgoingDeadline, TimeUnit};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::problem::Problem;

pub type Http = Client<HttpConnector, Empty<Bytes>>;

pub fn http() -> Http {
    Client::builder(TokioExecutor::new()).build_http()
}

/// How the services here tell each other the time that is left: as Connect does, in any request.
pub fn deadlines() -> DeadlineHeaders {
    let name = HeaderName::from_static("connect-timeout-ms");
    DeadlineHeaders::none().custom(name, TimeUnit::Millis)
}

/// The part that may be interrupted, by whatever is bound where it is called. Cut, it drops the
/// connection, and the service at the other end is told `"disconnect"`.
#[fence::fenced(try)]
pub async fn get(http: &Http, url: &str) -> Result<String, Problem> {
    let request = Request::get(url).body(Empty::new());
    let mut request = request.map_err(|_| Problem::bad_gateway())?;
    // Fails where nothing is left: then nothing is sent.
    OutgoingDeadline::connect().write(request.headers_mut())?;
    let (head, body) = http.request(request).await?.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|_| Problem::bad_gateway())?.to_bytes();
    if head.status == StatusCode::OK {
        return Ok(String::from_utf8_lossy(&body).into_owned());
    }
    let problem = Json::from_bytes(&body);
    Err(problem.map_or_else(|_| Problem::bad_gateway(), |Json(problem)| problem))
}
