//! The value of `grpc-timeout`: one to eight digits and a unit.

use std::time::Duration;

/// The units with their lengths in nanoseconds, finest first. Case matters: `m` and `M`.
const UNITS: [(u8, u64); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];

const MAX_DIGITS: usize = 8;
const MAX_COUNT: u32 = 99_999_999;

/// Reads a value; `None` if it is anything else than the specification allows.
pub(crate) fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let &(_, nanos) = UNITS.iter().find(|(name, _)| name == unit)?;
    let count = digits
        .iter()
        .fold(0, |count, digit| count * 10 + u32::from(digit - b'0'));
    // At most 99 999 999 hours, which a `Duration` holds.
    Some(Duration::from_nanos(nanos) * count)
}

/// Writes a duration in the finest unit that has room for it, rounded down. What is longer than
/// the longest value becomes that one, which is 11 000 years.
pub(crate) fn format(duration: Duration) -> String {
    let (count, unit) = UNITS
        .iter()
        .find_map(|&(unit, nanos)| {
            let count = u32::try_from(duration.as_nanos() / u128::from(nanos)).ok()?;
            (count <= MAX_COUNT).then_some((count, unit))
        })
        .unwrap_or((MAX_COUNT, b'H'));
    format!("{count}{}", char::from(unit))
}
