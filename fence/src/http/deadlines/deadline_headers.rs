//! The headers that a request's deadline is read from.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

#[cfg(feature = "tower")]
use crate::http::answers::asks_for_connect;
use crate::http::answers::{is_connect, is_grpc};
use crate::http::deadlines::deadline_format::{DeadlineFormat, DeadlineHeader};
use crate::http::deadlines::time_unit::TimeUnit;

/// Up to how many headers are looked at one by one.
const FEW: usize = 12;

/// Which headers of a request say how much time it has.
///
/// The default reads the two that a specification defines, and each of them where it says so:
/// `grpc-timeout` of gRPC requests, `connect-timeout-ms` of Connect requests. In any other request
/// they mean nothing, to caches in particular, which would keep the answer to one that had no time.
/// The others are opt-in, since anybody may send them: a client can shorten its own request with
/// them, and make it longer only where nothing caps it.
///
/// | method | header | written by |
/// | --- | --- | --- |
/// | [`grpc`](Self::grpc) | `grpc-timeout` | gRPC clients |
/// | [`connect`](Self::connect) | `connect-timeout-ms` | Connect clients |
/// | [`envoy`](Self::envoy) | `x-envoy-expected-rq-timeout-ms` | Envoy, for the service behind it |
/// | [`google`](Self::google) | `x-server-timeout`, in seconds | clients of Google's APIs |
/// | [`custom`](Self::custom) | any | your own |
///
/// All are relative, so that the clocks of two machines need not agree; a header with a point in
/// time cannot be read. [`OutgoingDeadline`](crate::OutgoingDeadline) is the other direction.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{DeadlineHeaders, TimeUnit};
/// use http::{HeaderMap, HeaderName, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("connect-protocol-version", HeaderValue::from_static("1"));
/// headers.insert("connect-timeout-ms", HeaderValue::from_static("3000"));
/// headers.insert("x-patience", HeaderValue::from_static("2"));
/// assert_eq!(DeadlineHeaders::default().read(&headers), Some(Duration::from_secs(3)));
///
/// let patience = HeaderName::from_static("x-patience");
/// let ours = DeadlineHeaders::default().envoy().custom(patience, TimeUnit::Seconds);
/// assert_eq!(ours.read(&headers), Some(Duration::from_secs(2)));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct DeadlineHeaders {
    headers: Vec<DeadlineHeader>,
}

impl DeadlineHeaders {
    /// Reads nothing: to start from, or to leave deadlines out.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::DeadlineHeaders;
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("connect-protocol-version", HeaderValue::from_static("1"));
    /// headers.insert("connect-timeout-ms", HeaderValue::from_static("3000"));
    /// assert_eq!(DeadlineHeaders::none().read(&headers), None);
    /// ```
    pub const fn none() -> Self {
        Self {
            headers: Vec::new(),
        }
    }

    /// Reads `grpc-timeout` where the `content-type` begins with `application/grpc`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::DeadlineHeaders;
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("grpc-timeout", HeaderValue::from_static("5S"));
    /// let grpc = DeadlineHeaders::none().grpc();
    /// assert_eq!(grpc.read(&headers), None);
    ///
    /// headers.insert("content-type", HeaderValue::from_static("application/grpc+proto"));
    /// assert_eq!(grpc.read(&headers), Some(Duration::from_secs(5)));
    /// ```
    pub fn grpc(self) -> Self {
        self.and(DeadlineHeader::grpc())
    }

    /// Reads `connect-timeout-ms` where the request is one of Connect: a whole number of at most
    /// ten digits.
    ///
    /// It is if it has a `connect-protocol-version`, or a `content-type` that begins with
    /// `application/connect+`; for a [`FenceLayer`](crate::service::FenceLayer) also if its query
    /// says `connect=v1`. To read it from any request, as services of your own may send it, use
    /// [`custom`](Self::custom).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::DeadlineHeaders;
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("connect-timeout-ms", HeaderValue::from_static("250"));
    /// let connect = DeadlineHeaders::none().connect();
    /// assert_eq!(connect.read(&headers), None);
    ///
    /// headers.insert("connect-protocol-version", HeaderValue::from_static("1"));
    /// assert_eq!(connect.read(&headers), Some(Duration::from_millis(250)));
    /// ```
    pub fn connect(self) -> Self {
        self.and(DeadlineHeader::connect())
    }

    /// Reads `x-envoy-expected-rq-timeout-ms`, with which Envoy tells how long it will wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::DeadlineHeaders;
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-envoy-expected-rq-timeout-ms", HeaderValue::from_static("15000"));
    /// let behind_envoy = DeadlineHeaders::default().envoy();
    /// assert_eq!(behind_envoy.read(&headers), Some(Duration::from_secs(15)));
    /// ```
    pub fn envoy(self) -> Self {
        let name = HeaderName::from_static("x-envoy-expected-rq-timeout-ms");
        self.custom(name, TimeUnit::Millis)
    }

    /// Reads `x-server-timeout`: seconds, maybe with decimals.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::DeadlineHeaders;
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("x-server-timeout", HeaderValue::from_static("0.5"));
    /// let google = DeadlineHeaders::default().google();
    /// assert_eq!(google.read(&headers), Some(Duration::from_millis(500)));
    /// ```
    pub fn google(self) -> Self {
        let name = HeaderName::from_static("x-server-timeout");
        self.custom(name, TimeUnit::Seconds)
    }

    /// Reads a number from a header of your own.
    ///
    /// Names such as `request-timeout` say nothing of their unit, so this does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{DeadlineHeaders, TimeUnit};
    /// use http::{HeaderMap, HeaderName, HeaderValue};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("request-timeout", HeaderValue::from_static("30"));
    /// let name = HeaderName::from_static("request-timeout");
    /// let ours = DeadlineHeaders::default().custom(name, TimeUnit::Seconds);
    /// assert_eq!(ours.read(&headers), Some(Duration::from_secs(30)));
    /// ```
    pub fn custom(self, name: HeaderName, unit: TimeUnit) -> Self {
        self.and(DeadlineHeader::number(name, unit))
    }

    /// How long the request has: the shortest that any of the headers says.
    ///
    /// A header that occurs several times counts each time. What cannot be read is passed over, as
    /// if it were not there; zero is a deadline that has passed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::DeadlineHeaders;
    /// use http::{HeaderMap, HeaderValue};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert("connect-protocol-version", HeaderValue::from_static("1"));
    /// for value in ["3000", "soon", "1000"] {
    ///     headers.append("connect-timeout-ms", HeaderValue::from_static(value));
    /// }
    /// assert_eq!(DeadlineHeaders::default().read(&headers), Some(Duration::from_secs(1)));
    /// assert_eq!(DeadlineHeaders::default().read(&HeaderMap::new()), None);
    /// ```
    #[must_use]
    pub fn read(&self, headers: &HeaderMap) -> Option<Duration> {
        self.read_if(headers, || is_connect(headers))
    }

    /// Reads how much time a request has, whose target may say that it is one of Connect.
    #[cfg(feature = "tower")]
    pub(crate) fn read_of<B>(&self, request: &http::Request<B>) -> Option<Duration> {
        let headers = request.headers();
        self.read_if(headers, || {
            is_connect(headers) || asks_for_connect(request.uri())
        })
    }

    fn read_if(&self, headers: &HeaderMap, is_connect: impl Fn() -> bool) -> Option<Duration> {
        // To look at a few names takes less than to hash one.
        if headers.len() <= FEW && !headers.keys().any(|name| self.has(name)) {
            return None;
        }
        let counts = |header: &DeadlineHeader| match header.format {
            DeadlineFormat::Grpc => is_grpc(headers),
            DeadlineFormat::Connect => is_connect(),
            DeadlineFormat::Number(_) => true,
        };
        // The time is there more rarely than what says whether it counts.
        let read = |header: &DeadlineHeader| header.read(headers).filter(|_| counts(header));
        self.headers.iter().filter_map(read).min()
    }

    fn has(&self, name: &HeaderName) -> bool {
        self.headers.iter().any(|header| header.name == *name)
    }

    fn and(mut self, header: DeadlineHeader) -> Self {
        self.headers.push(header);
        self
    }
}

/// `grpc-timeout` and `connect-timeout-ms`.
impl Default for DeadlineHeaders {
    fn default() -> Self {
        Self::none().grpc().connect()
    }
}
