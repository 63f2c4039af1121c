//! How one header says how much time there is.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::deadlines::grpc_timeout;
use crate::http::deadlines::time_unit::TimeUnit;

static GRPC: HeaderName = HeaderName::from_static("grpc-timeout");
static CONNECT: HeaderName = HeaderName::from_static("connect-timeout-ms");

/// What `connect-timeout-ms` has room for.
const CONNECT_DIGITS: usize = 10;
const CONNECT_MAX: u128 = 9_999_999_999;

/// A header with a relative deadline.
#[derive(Clone, Debug)]
pub(crate) struct DeadlineHeader {
    pub(crate) name: HeaderName,
    pub(crate) format: DeadlineFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeadlineFormat {
    Grpc,
    Connect,
    Number(TimeUnit),
}

impl DeadlineHeader {
    pub(crate) fn grpc() -> Self {
        Self {
            name: GRPC.clone(),
            format: DeadlineFormat::Grpc,
        }
    }

    pub(crate) fn connect() -> Self {
        Self {
            name: CONNECT.clone(),
            format: DeadlineFormat::Connect,
        }
    }

    pub(crate) fn number(name: HeaderName, unit: TimeUnit) -> Self {
        Self {
            name,
            format: DeadlineFormat::Number(unit),
        }
    }

    /// The shortest of all that can be read.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<Duration> {
        let values = headers.get_all(&self.name).into_iter();
        values.filter_map(|value| self.parse(value)).min()
    }
}

impl DeadlineHeader {
    fn parse(&self, value: &HeaderValue) -> Option<Duration> {
        let parsed = self.format.parse(value.as_bytes());
        #[cfg(feature = "tracing")]
        if parsed.is_none() {
            let name = self.name.as_str();
            tracing::debug!(fence.header = name, "a deadline that cannot be read");
        }
        parsed
    }
}

impl DeadlineFormat {
    fn parse(self, value: &[u8]) -> Option<Duration> {
        match self {
            Self::Grpc => grpc_timeout::parse(value),
            Self::Connect if value.len() > CONNECT_DIGITS || value.contains(&b'.') => None,
            Self::Connect => TimeUnit::Millis.parse(value),
            Self::Number(unit) => unit.parse(value),
        }
    }

    /// The value, rounded down; `None` if that makes nothing of it, which some take for no limit.
    pub(crate) fn format(self, duration: Duration) -> Option<HeaderValue> {
        let text = match self {
            Self::Grpc if duration.is_zero() => return None,
            Self::Grpc => grpc_timeout::format(duration),
            Self::Connect => whole(TimeUnit::Millis.count(duration).min(CONNECT_MAX))?,
            Self::Number(unit) => whole(unit.count(duration))?,
        };
        HeaderValue::try_from(text).ok()
    }
}

fn whole(count: u128) -> Option<String> {
    (count > 0).then(|| count.to_string())
}
