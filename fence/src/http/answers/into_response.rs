//! Answers for axum (feature `axum`).

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};

use crate::http::answers::Answers;
use crate::http::answers::answer::Answer;
use crate::http::answers::protocol::Protocol;
use crate::outcome::{Cancelled, Fenced};

/// A problem, as [`Answer::response`] writes it. A handler knows no version, so it is that of
/// HTTP/2, which HTTP/1 understands.
impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.response(Protocol::Http2).map(Body::from)
    }
}

/// Answers by the default table: see [`Answers`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use axum_core::response::IntoResponse;
/// use fence::{Cancelled, fenced};
///
/// #[fenced(timeout = "5s", try)]
/// async fn report() -> Result<String, Cancelled> {
///     tokio::time::sleep(Duration::from_secs(60)).await;
///     Ok("all is well".to_owned())
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let response = report().await.into_response();
/// assert_eq!(response.status(), 504);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// # }
/// ```
impl IntoResponse for Cancelled {
    fn into_response(self) -> Response {
        Answers::new().answer(&self).into_response()
    }
}

/// So that a handler may be `#[fenced]` as it is.
///
/// # Examples
///
/// ```
/// use axum_core::response::IntoResponse;
/// use fence::fenced;
///
/// #[fenced(timeout = "5s", on = "shutdown")]
/// async fn hello() -> String {
///     greeting().await
/// }
/// # async fn greeting() -> String { "hello".to_owned() }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(hello().await.into_response().status(), 200);
/// # }
/// ```
impl<T: IntoResponse> IntoResponse for Fenced<T> {
    fn into_response(self) -> Response {
        match self {
            Self::Completed(value) => value.into_response(),
            Self::Cancelled(why) => why.into_response(),
        }
    }
}
