//! What a handler of axum asks for.

use std::convert::Infallible;
use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::request::RequestFence;

impl<S: Sync> FromRequestParts<S> for RequestFence {
    type Rejection = MissingLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, MissingLayer> {
        of(parts).ok_or(MissingLayer)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for RequestFence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(of(parts))
    }
}

/// That of the handler that is called here, or of the request if it came through a task.
fn of(parts: &Parts) -> Option<RequestFence> {
    RequestFence::current().or_else(|| parts.extensions.get().cloned())
}

/// A handler asks for a [`RequestFence`], and there is none.
///
/// It says what to do about that. The client is told nothing of it: it gets the status 500.
///
/// # Examples
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use fence::service::{FenceLayer, MissingLayer, RequestFence};
/// use tower::ServiceExt;
///
/// async fn page(fence: Result<RequestFence, MissingLayer>) -> String {
///     fence.map_or_else(|missing| missing.to_string(), |_| "fenced".to_owned())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let bare = Router::new().route("/", get(page));
/// for (service, text) in [
///     (bare.clone(), "this handler asks for a `RequestFence`"),
///     (bare.layer(FenceLayer::new()), "fenced"),
/// ] {
///     let answer = service.oneshot(Request::new(Body::empty())).await.unwrap();
///     let body = axum::body::to_bytes(answer.into_body(), 1000).await.unwrap();
///     assert!(body.starts_with(text.as_bytes()));
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingLayer;

impl fmt::Display for MissingLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this handler asks for a `RequestFence`, which only a `FenceLayer` provides: add \
             `.layer(FenceLayer::new())` to the router after this route, or ask for an \
             `Option<RequestFence>` if the layer does not watch this request",
        )
    }
}

impl std::error::Error for MissingLayer {}

impl IntoResponse for MissingLayer {
    fn into_response(self) -> Response {
        #[cfg(feature = "tracing")]
        tracing::error!("{self}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}
