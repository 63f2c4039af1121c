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
    const GRPC: &[u8] = b"application/grpc";
    let is =
        |kind: &[u8]| kind.len() >= GRPC.len() && kind[..GRPC.len()].eq_ignore_ascii_case(GRPC);
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| is(kind.as_bytes()))
}
