//! What the number in a header counts.

use std::time::Duration;

/// The unit of a header that holds a plain number.
///
/// Reading takes decimals too (`1.5`), exactly, and drops what is finer than a nanosecond. Writing
/// gives whole numbers, rounded down.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fence::{DeadlineHeaders, TimeUnit};
/// use http::{HeaderMap, HeaderName, HeaderValue};
///
/// let name = HeaderName::from_static("x-request-timeout");
/// let mut headers = HeaderMap::new();
/// headers.insert(&name, HeaderValue::from_static("1.5"));
///
/// let seconds = DeadlineHeaders::none().custom(name.clone(), TimeUnit::Seconds);
/// assert_eq!(seconds.read(&headers), Some(Duration::from_millis(1500)));
/// let millis = DeadlineHeaders::none().custom(name, TimeUnit::Millis);
/// assert_eq!(millis.read(&headers), Some(Duration::from_micros(1500)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Millis,
    /// Millionths of a second.
    Micros,
    /// Billionths of a second.
    Nanos,
}

impl TimeUnit {
    fn nanos(self) -> u128 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }

    /// How many whole ones are in it.
    pub(crate) fn count(self, duration: Duration) -> u128 {
        duration.as_nanos() / self.nanos()
    }

    /// Reads a number of them; `None` if it is none, or more than a `Duration` holds.
    pub(crate) fn parse(self, number: &[u8]) -> Option<Duration> {
        let point = number.iter().position(|byte| *byte == b'.');
        let (whole, fraction) = match point {
            Some(point) => (&number[..point], &number[point + 1..]),
            None => (number, &b"0"[..]),
        };
        let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        // Nine digits of a second are nanoseconds; more say nothing.
        let fraction = &fraction[..fraction.len().min(9)];
        let scale = fraction.iter().fold(1, |scale, _| scale * 10);
        let whole = value(whole)?.checked_mul(self.nanos())?;
        from_nanos(whole.checked_add(value(fraction)? * self.nanos() / scale)?)
    }
}

/// The value of digits; `None` if they are too many.
fn value(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0_u128, |value, digit| {
        let digit = u128::from(digit - b'0');
        value.checked_mul(10)?.checked_add(digit)
    })
}

fn from_nanos(nanos: u128) -> Option<Duration> {
    let secs = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(secs, rest))
}
