//! What deadlines look like on the wire, both ways.

use std::time::Duration;

use fence::{DeadlineHeaders, Fencing, OutgoingDeadline, TimeUnit};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use support::{ms, secs};

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let headers = headers.iter().map(|(name, value)| {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        (HeaderName::from_static(name), value)
    });
    headers.collect()
}

fn name() -> HeaderName {
    HeaderName::from_static("x-patience")
}

/// What one value of `x-patience` means.
fn custom(unit: TimeUnit, value: &str) -> Option<Duration> {
    DeadlineHeaders::none()
        .custom(name(), unit)
        .read(&map(&[("x-patience", value)]))
}

fn grpc(value: &str) -> Option<Duration> {
    let headers = map(&[
        ("content-type", "application/grpc"),
        ("grpc-timeout", value),
    ]);
    DeadlineHeaders::default().read(&headers)
}

fn connect(value: &str) -> Option<Duration> {
    let headers = map(&[
        ("connect-protocol-version", "1"),
        ("connect-timeout-ms", value),
    ]);
    DeadlineHeaders::default().read(&headers)
}

/// What is written with so much left, and no margin.
fn written(deadline: &OutgoingDeadline, left: Duration) -> Option<String> {
    let deadline = deadline.clone().margin(Duration::ZERO);
    let headers = Fencing::new()
        .budget(left)
        .bind_sync(|| deadline.headers())
        .ok()?;
    let value = headers.values().next()?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn grpc_values_as_specified() {
    let hour = secs(3600);
    for (value, expected) in [
        ("1n", Duration::from_nanos(1)),
        ("20u", Duration::from_micros(20)),
        ("300m", ms(300)),
        ("5S", secs(5)),
        ("6M", secs(360)),
        ("7H", hour * 7),
        ("0n", Duration::ZERO),
        ("00000001S", secs(1)),
        ("99999999H", hour * 99_999_999),
    ] {
        assert_eq!(grpc(value), Some(expected), "{value}");
    }
}

#[test]
fn malformed_values_are_passed_over() {
    let values = "|S|5|abc|-1S|+1S|1.5S|5s|5h|5 S| 5S|5S |5SS|5ms|123456789S|٣S|5é";
    for value in values.split('|') {
        assert_eq!(grpc(value), None, "{value:?}");
    }
    for value in "|-1|+1|1.5|1e3|5m|99999999999|0x10|soon".split('|') {
        assert_eq!(connect(value), None, "{value:?}");
    }
    for value in "|.|1.|.5|1.2.3|-1|1e3|inf|NaN|1,5|1s|1.5é".split('|') {
        assert_eq!(custom(TimeUnit::Seconds, value), None, "{value:?}");
    }
}

#[test]
fn no_number_is_too_long() {
    // One that ends in the middle of a character, where it would be cut, as well.
    let digits = "9".repeat(50);
    for value in [&digits, &digits[..20], &format!("1.12345678é{digits}")] {
        assert_eq!(custom(TimeUnit::Seconds, value), None, "{value:?}");
    }
    let fraction = custom(TimeUnit::Seconds, &format!("0.{digits}"));
    assert_eq!(fraction, Some(Duration::from_nanos(999_999_999)));
}

#[test]
fn numbers_are_read_exactly() {
    assert_eq!(connect("9999999999"), Some(ms(9_999_999_999)));
    for (unit, value, nanos) in [
        (TimeUnit::Seconds, "0.1", 100_000_000),
        (TimeUnit::Seconds, "2.000000001", 2_000_000_001),
        (
            TimeUnit::Seconds,
            "0.9999999999999999999999999",
            999_999_999,
        ),
        (TimeUnit::Millis, "1.5", 1_500_000),
        (TimeUnit::Millis, "0.0000019", 1),
        (TimeUnit::Micros, "7", 7_000),
        (TimeUnit::Nanos, "8.9", 8),
        (TimeUnit::Nanos, "0", 0),
    ] {
        let expected = Some(Duration::from_nanos(nanos));
        assert_eq!(custom(unit, value), expected, "{value} {unit:?}");
    }
    let longest = u64::MAX.to_string();
    assert_eq!(custom(TimeUnit::Seconds, &longest), Some(secs(u64::MAX)));
}

#[test]
fn the_default_reads_what_is_specified_and_no_more() {
    let grpc = ("grpc-timeout", "1S");
    for (kind, read) in [
        ("application/grpc", Some(secs(1))),
        ("Application/GRPC+proto", Some(secs(1))),
        ("application/grpc-web", Some(secs(1))),
        ("application/json", None),
        ("application/grp", None),
    ] {
        let headers = map(&[("content-type", kind), grpc]);
        assert_eq!(DeadlineHeaders::default().read(&headers), read, "{kind}");
    }
    assert_eq!(DeadlineHeaders::default().read(&map(&[grpc])), None);

    let others = map(&[
        ("x-envoy-expected-rq-timeout-ms", "1000"),
        ("x-server-timeout", "1"),
        ("x-patience", "1"),
    ]);
    assert_eq!(DeadlineHeaders::default().read(&others), None);
}

/// In plain HTTP it means nothing, and is in no cache's key: one who sends it would have others
/// wait for nothing.
#[test]
fn the_time_of_connect_is_read_from_its_requests_alone() {
    for (with, is_read) in [
        (None, false),
        (Some(("content-type", "application/json")), false),
        (Some(("content-type", "application/grpc")), false),
        (Some(("content-type", "application/connect")), false),
        (Some(("content-type", "application/connect+proto")), true),
        (Some(("content-type", "Application/Connect+JSON")), true),
        (Some(("connect-protocol-version", "1")), true),
    ] {
        let mut headers = map(&[("connect-timeout-ms", "0")]);
        headers.extend(map(with.as_slice()));
        let read = DeadlineHeaders::default().read(&headers);
        assert_eq!(read, is_read.then_some(Duration::ZERO), "{with:?}");
        let name = HeaderName::from_static("connect-timeout-ms");
        let custom = DeadlineHeaders::none().custom(name, TimeUnit::Millis);
        assert_eq!(custom.read(&headers), Some(Duration::ZERO));
    }
}

#[test]
fn the_shortest_of_all_counts() {
    let all = DeadlineHeaders::default()
        .envoy()
        .google()
        .custom(name(), TimeUnit::Micros);
    let mut headers = map(&[
        ("content-type", "application/grpc"),
        ("connect-protocol-version", "1"),
        ("grpc-timeout", "9S"),
    ]);
    for (name, value, shortest) in [
        ("grpc-timeout", "8S", 8000),
        ("grpc-timeout", "never", 8000),
        ("connect-timeout-ms", "7000", 7000),
        ("x-envoy-expected-rq-timeout-ms", "6000", 6000),
        ("x-server-timeout", "5.5", 5500),
        ("x-server-timeout", "50", 5500),
        ("x-patience", "4000000", 4000),
    ] {
        headers.append(name, HeaderValue::from_static(value));
        assert_eq!(all.read(&headers), Some(ms(shortest)), "{name}: {value}");
    }
    assert_eq!(DeadlineHeaders::none().read(&headers), None);
}

#[tokio::test(start_paused = true)]
async fn written_in_the_finest_unit_with_room_and_rounded_down() {
    let grpc = OutgoingDeadline::grpc();
    for (left, expected) in [
        (Duration::from_nanos(1), "1n"),
        (Duration::from_nanos(99_999_999), "99999999n"),
        (Duration::from_nanos(100_000_999), "100000u"),
        (Duration::from_nanos(99_999_999_999), "99999999u"),
        (secs(100), "100000m"),
        (secs(100_000), "100000S"),
        (secs(100_000_059), "1666667M"),
        (secs(99_999_999 * 60 + 59), "99999999M"),
        (secs(100_000_000 * 60), "1666666H"),
        (secs(1_000_000_000_000), "99999999H"),
    ] {
        assert_eq!(written(&grpc, left).as_deref(), Some(expected), "{left:?}");
    }
    let connect = OutgoingDeadline::connect();
    let almost = Duration::from_nanos(1_999_999);
    assert_eq!(written(&connect, almost).as_deref(), Some("1"));
    let years = secs(1_000_000_000);
    assert_eq!(written(&connect, years).as_deref(), Some("9999999999"));
    let envoy = OutgoingDeadline::envoy();
    assert_eq!(written(&envoy, years).as_deref(), Some("1000000000000"));
    assert_eq!(written(&grpc, Duration::MAX), None, "no deadline at all");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_as_zero() {
    let seconds = OutgoingDeadline::custom(name(), TimeUnit::Seconds);
    for deadline in [
        &OutgoingDeadline::connect(),
        &OutgoingDeadline::envoy(),
        &seconds,
    ] {
        assert_eq!(written(deadline, Duration::from_nanos(999_999)), None);
    }
    assert_eq!(written(&seconds, ms(1000)).as_deref(), Some("1"));
    assert_eq!(written(&OutgoingDeadline::grpc(), Duration::ZERO), None);
}

/// The length of the unit that a `grpc-timeout` was written in.
fn unit(value: &str) -> Duration {
    match value.as_bytes().last() {
        Some(b'n') => Duration::from_nanos(1),
        Some(b'u') => Duration::from_micros(1),
        Some(b'm') => ms(1),
        Some(b'S') => secs(1),
        Some(b'M') => secs(60),
        _ => secs(3600),
    }
}

/// Durations of all magnitudes.
fn durations() -> impl Strategy<Value = Duration> {
    (0..60_u32, any::<u64>(), 0..1_000_000_000_u32, 0..30_u32)
        .prop_map(|(coarse, secs, nanos, fine)| Duration::new((secs >> 5) >> coarse, nanos >> fine))
        .prop_filter("something is left", |left| !left.is_zero())
}

fn in_paused_time<R>(f: impl FnOnce() -> R) -> R {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.unwrap();
    runtime.block_on(async { f() })
}

proptest! {
    #[test]
    fn what_is_read_back_is_less_by_less_than_a_unit(left in durations()) {
        let value = in_paused_time(|| written(&OutgoingDeadline::grpc(), left)).unwrap();
        prop_assert!((2..=9).contains(&value.len()), "{value}");
        let back = grpc(&value).unwrap();
        prop_assert!(back <= left, "{value} for {left:?}");
        if value != "99999999H" {
            prop_assert!(left < back + unit(&value), "{value} for {left:?}");
        }
    }

    #[test]
    fn numbers_are_read_back_within_a_unit(left in durations()) {
        for (unit, length) in [
            (TimeUnit::Seconds, secs(1)),
            (TimeUnit::Millis, ms(1)),
            (TimeUnit::Micros, Duration::from_micros(1)),
            (TimeUnit::Nanos, Duration::from_nanos(1)),
        ] {
            let deadline = OutgoingDeadline::custom(name(), unit);
            let Some(value) = in_paused_time(|| written(&deadline, left)) else {
                prop_assert!(left < length);
                continue;
            };
            let back = custom(unit, &value).unwrap();
            prop_assert!(back <= left && left < back + length, "{value} for {left:?}");
        }
    }

    #[test]
    fn no_value_is_too_strange_to_be_read(bytes in prop::collection::vec(32..=255_u8, 0..60)) {
        let Ok(value) = HeaderValue::from_bytes(&bytes) else {
            return Ok(());
        };
        let all = DeadlineHeaders::default().envoy().google();
        let mut headers = map(&[("content-type", "application/grpc")]);
        for name in ["grpc-timeout", "connect-timeout-ms", "x-server-timeout"] {
            headers.insert(name, value.clone());
        }
        let _ = all.read(&headers);
    }

    #[test]
    fn digits_and_points_are_read_without_a_panic(text in "[0-9.]{0,50}[numSMH]?") {
        let _ = (grpc(&text), connect(&text), custom(TimeUnit::Seconds, &text));
    }
}
