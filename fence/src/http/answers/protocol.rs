//! What a request expects its answer to look like.

use http::{HeaderMap, Request, Version, header};

/// How a request is answered.
///
/// # Examples
///
/// ```
/// use fence::Protocol;
/// use http::Request;
///
/// assert_eq!(Protocol::of(&Request::new(())), Protocol::Http1);
///
/// let call = Request::builder().header("content-type", "application/grpc").body(()).unwrap();
/// assert_eq!(Protocol::of(&call), Protocol::Grpc);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP/1: a status, a problem, and a connection that may be closed.
    Http1,
    /// HTTP/2 and later: a status and a problem.
    Http2,
    /// gRPC: a code, with the status 200.
    Grpc,
}

impl Protocol {
    /// What this request speaks: gRPC if its `content-type` begins with `application/grpc`.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::Protocol;
    /// use http::{Request, Version};
    ///
    /// let request = Request::builder().version(Version::HTTP_2).body(()).unwrap();
    /// assert_eq!(Protocol::of(&request), Protocol::Http2);
    /// ```
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Self {
        if is_grpc(request.headers()) {
            Self::Grpc
        } else if request.version() < Version::HTTP_2 {
            Self::Http1
        } else {
            Self::Http2
        }
    }
}

pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    has_type(headers, b"application/grpc")
}

/// Whether the headers are those of a Connect request.
pub(crate) fn is_connect(headers: &HeaderMap) -> bool {
    headers.contains_key("connect-protocol-version") || has_type(headers, b"application/connect+")
}

/// Whether the query is that of a Connect request, which a GET has instead of the headers.
#[cfg(feature = "tower")]
pub(crate) fn asks_for_connect(uri: &http::Uri) -> bool {
    let pairs = uri.query().unwrap_or_default().split('&');
    pairs.into_iter().any(|pair| pair == "connect=v1")
}

/// Whether the type of the content begins so.
fn has_type(headers: &HeaderMap, start: &[u8]) -> bool {
    let content = headers.get(header::CONTENT_TYPE);
    let content = content.and_then(|content| content.as_bytes().get(..start.len()));
    content.is_some_and(|content| content.eq_ignore_ascii_case(start))
}
