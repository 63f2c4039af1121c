//! The header that tells the next service how much time is left.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use crate::context::{check, remaining};
use crate::http::deadlines::deadline_format::DeadlineHeader;
use crate::http::deadlines::time_unit::TimeUnit;
use crate::outcome::{Cancelled, Firing, Reason};

const MARGIN: Duration = Duration::from_millis(2);

/// Tells the service that is called how much time is left: [`remaining`](crate::remaining), in a
/// header.
///
/// What is written is relative, rounded down, and [2 ms less](Self::margin), which is what the
/// answer needs to come back. Where nothing is left, or not one unit of the header, the call is not
/// worth making: all methods fail then, with the reason. Without a deadline they write nothing.
///
/// Reads nothing but its surroundings, so one value serves all calls, and can be shared.
///
/// With `reqwest`:
///
/// ```text
/// let deadline = OutgoingDeadline::connect();
/// let mut call = client.get(url).headers(deadline.headers()?);
/// if let Some(left) = deadline.left()? {
///     call = call.timeout(left);
/// }
/// ```
///
/// With the feature `tonic` it is an interceptor: `Client::with_interceptor(channel,
/// OutgoingDeadline::grpc())`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{Fencing, OutgoingDeadline};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let request = Fencing::new().budget(Duration::from_secs(3));
/// let call = async {
///     tokio::time::sleep(Duration::from_secs(1)).await;
///     let mut call = http::Request::new("hello");
///     OutgoingDeadline::grpc().write(call.headers_mut())?;
///     Ok(call)
/// };
/// let call: Result<_, fence::Cancelled> = request.bind(call).await;
/// assert_eq!(call.unwrap().headers()["grpc-timeout"], "1998000u");
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct OutgoingDeadline {
    header: DeadlineHeader,
    margin: Duration,
}

impl OutgoingDeadline {
    /// As `grpc-timeout`, for gRPC.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, OutgoingDeadline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let headers = request.bind_sync(|| OutgoingDeadline::grpc().headers()).unwrap();
    /// assert_eq!(headers["grpc-timeout"], "2998000u");
    /// # }
    /// ```
    pub fn grpc() -> Self {
        Self::of(DeadlineHeader::grpc())
    }

    /// As `connect-timeout-ms`, for Connect, and for services of your own that read it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, OutgoingDeadline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let headers = request.bind_sync(|| OutgoingDeadline::connect().headers()).unwrap();
    /// assert_eq!(headers["connect-timeout-ms"], "2998");
    /// # }
    /// ```
    pub fn connect() -> Self {
        Self::of(DeadlineHeader::connect())
    }

    /// As `x-envoy-upstream-rq-timeout-ms`, with which a client bounds what Envoy does for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, OutgoingDeadline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let headers = request.bind_sync(|| OutgoingDeadline::envoy().headers()).unwrap();
    /// assert_eq!(headers["x-envoy-upstream-rq-timeout-ms"], "2998");
    /// # }
    /// ```
    pub fn envoy() -> Self {
        let name = HeaderName::from_static("x-envoy-upstream-rq-timeout-ms");
        Self::custom(name, TimeUnit::Millis)
    }

    /// As a whole number in a header of your own.
    ///
    /// Less than one unit counts as nothing, so seconds make a call of less than one impossible.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, OutgoingDeadline, TimeUnit};
    /// use http::HeaderName;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let name = HeaderName::from_static("x-patience");
    /// let patience = OutgoingDeadline::custom(name, TimeUnit::Seconds);
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let headers = request.bind_sync(|| patience.headers()).unwrap();
    /// assert_eq!(headers["x-patience"], "2");
    /// # }
    /// ```
    pub fn custom(name: HeaderName, unit: TimeUnit) -> Self {
        Self::of(DeadlineHeader::number(name, unit))
    }

    /// Keeps that much for the way back, instead of 2 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, OutgoingDeadline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let overseas = OutgoingDeadline::connect().margin(Duration::from_millis(200));
    /// let request = Fencing::new().budget(Duration::from_secs(3));
    /// let headers = request.bind_sync(|| overseas.headers()).unwrap();
    /// assert_eq!(headers["connect-timeout-ms"], "2800");
    /// # }
    /// ```
    pub fn margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// What is left for a call, the margin taken off: for the client's own timeout.
    ///
    /// `None` without a deadline; never zero. It is the same time that is written, before it is
    /// rounded to the header's unit.
    ///
    /// # Errors
    ///
    /// Why nothing is left: the reasons of the fence that has fired, or else one under the code
    /// `"deadline"`, whose kind is a timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use fence::{Fencing, OutgoingDeadline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let deadline = OutgoingDeadline::grpc();
    /// assert_eq!(deadline.left().unwrap(), None);
    ///
    /// let soon = Fencing::new().budget(Duration::from_millis(10));
    /// let left = soon.bind_sync(|| deadline.left());
    /// assert_eq!(left.unwrap(), Some(Duration::from_millis(8)));
    ///
    /// let too_soon = Fencing::new().budget(Duration::from_millis(2));
    /// let why = too_soon.bind_sync(|| deadline.left()).unwrap_err();
    /// assert!(why.by("deadline") && why.is_timeout());
    /// # }
    /// ```
    pub fn left(&self) -> Result<Option<Duration>, Cancelled> {
        // Zero once a fence has fired, so one question is enough while there is time.
        let Some(remaining) = remaining() else {
            return Ok(None);
        };
        match remaining.checked_sub(self.margin) {
            Some(left) if !left.is_zero() => Ok(Some(left)),
            _ => Err(why_nothing_is_left()),
        }
    }

    /// Writes what is left.
    ///
    /// It replaces what the header said before, unless that is less. Without a deadline nothing is
    /// changed.
    ///
    /// # Errors
    ///
    /// As [`left`](Self::left), and where less than one unit of the header is left; nothing is
    /// changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::{Event, Fencing, OutgoingDeadline};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let stop = Event::new();
    /// let outcome = Fencing::new().on("stop", &stop).run(async {
    ///     stop.set();
    ///     let mut call = http::Request::new("hello");
    ///     OutgoingDeadline::grpc().write(call.headers_mut())?;
    ///     Ok::<_, fence::Cancelled>(call)
    /// });
    /// assert!(outcome.await.flatten().unwrap_err().by("stop"));
    /// # }
    /// ```
    pub fn write(&self, headers: &mut HeaderMap) -> Result<(), Cancelled> {
        let Some(left) = self.left()? else {
            return Ok(());
        };
        let value = self.header.format.format(left);
        let value = value.ok_or_else(why_nothing_is_left)?;
        if self.header.read(headers).is_none_or(|there| there > left) {
            headers.insert(&self.header.name, value);
        }
        Ok(())
    }

    /// Makes a map with the header alone, for clients that take one: empty without a deadline.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// # Examples
    ///
    /// ```
    /// use fence::OutgoingDeadline;
    ///
    /// assert!(OutgoingDeadline::connect().headers().unwrap().is_empty());
    /// ```
    pub fn headers(&self) -> Result<HeaderMap, Cancelled> {
        let mut headers = HeaderMap::new();
        self.write(&mut headers)?;
        Ok(headers)
    }

    fn of(header: DeadlineHeader) -> Self {
        Self {
            header,
            margin: MARGIN,
        }
    }
}

fn why_nothing_is_left() -> Cancelled {
    check().err().unwrap_or_else(|| {
        // No fence has to be around: a deadline that is bound only, or one that is too close.
        let firing = Firing::of_time(tokio::time::Instant::now(), Duration::ZERO);
        let firing = firing.because("too little time is left for a call");
        Cancelled::of_drop(vec![Reason::new("deadline".into(), firing)])
    })
}
