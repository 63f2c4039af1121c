//! Durations in strings.
//!
//! `humantime` reads them; what comes before only finds out what is wrong, in the user's words,
//! and refuses what `humantime` would take but nobody means (`"1M"`, a month; `"30s1m"`).

use proc_macro2::TokenStream;
use quote::quote;
use std::time::Duration;

/// What is wrong with the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Empty,
    Zero,
    Negative,
    Scientific,
    NoUnit(String),
    NoNumber(String),
    Unit(String),
    CapitalUnit {
        unit: String,
        meant: &'static str,
    },
    UnitTwice(String),
    Order {
        late: String,
        early: String,
    },
    Character(char),
    /// Finer than a nanosecond.
    Fine,
    Overflow,
}

/// A number and its unit, as written.
struct Part<'a> {
    number: &'a str,
    unit: &'a str,
}

/// The units, from the largest to the smallest, and how many seconds each has.
const UNITS: &[(&[&str], f64)] = &[
    (&["years", "year", "yrs", "yr", "y"], 31_557_600.0),
    (&["months", "month"], 2_630_016.0),
    (&["weeks", "week", "wks", "wk", "w"], 604_800.0),
    (&["days", "day", "d"], 86_400.0),
    (&["hours", "hour", "hrs", "hr", "h"], 3_600.0),
    (&["minutes", "minute", "mins", "min", "m"], 60.0),
    (&["seconds", "second", "secs", "sec", "s"], 1.0),
    (&["millis", "msec", "ms"], 1e-3),
    (&["usec", "us", "µs"], 1e-6),
    (&["nanos", "nsec", "ns"], 1e-9),
];

/// Far above anything that somebody means, far below what arithmetic could overflow at.
const MOST_SECONDS: f64 = 1e18;

pub(crate) fn read(text: &str) -> Result<Duration, Wrong> {
    check(text)?;
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err(Wrong::Zero),
        Ok(duration) => Ok(duration),
        Err(humantime::DurationError::NumberOverflow) if text.contains('.') => Err(Wrong::Fine),
        Err(_) => Err(Wrong::Overflow),
    }
}

/// Writes one as an expression.
pub(crate) fn write(duration: Duration) -> TokenStream {
    let (seconds, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#seconds, #nanos))
}

fn check(text: &str) -> Result<(), Wrong> {
    let mut rest = text.trim_start();
    if rest.is_empty() {
        return Err(Wrong::Empty);
    }
    let mut seconds = 0.0;
    let mut last: Option<(usize, &str)> = None;
    while !rest.is_empty() {
        let part = part(&mut rest)?;
        let rank = rank(part.unit)?;
        in_order(last, rank, part.unit)?;
        last = Some((rank, part.unit));
        seconds += part.number.parse::<f64>().unwrap_or(f64::INFINITY) * UNITS[rank].1;
    }
    if seconds < MOST_SECONDS {
        Ok(())
    } else {
        Err(Wrong::Overflow)
    }
}

/// Splits the next number and unit off.
fn part<'a>(rest: &mut &'a str) -> Result<Part<'a>, Wrong> {
    let number = split(rest, |c| c.is_ascii_digit() || c == '.');
    if number.starts_with('.') {
        return Err(Wrong::NoNumber(number.to_owned()));
    }
    if number.ends_with('.') || number.matches('.').count() > 1 {
        return Err(Wrong::Character('.'));
    }
    let unit = split(rest, char::is_alphabetic);
    match (number, unit, rest.chars().next()) {
        ("", "", Some('-')) => Err(Wrong::Negative),
        ("", "", Some(other)) => Err(Wrong::Character(other)),
        ("", word, _) => Err(Wrong::NoNumber(word.to_owned())),
        (_, "e" | "E", _) => Err(Wrong::Scientific),
        (_, "", Some(other)) if !other.is_ascii_digit() => Err(Wrong::Character(other)),
        (number, "", _) => Err(Wrong::NoUnit(number.to_owned())),
        (number, unit, _) => Ok(Part { number, unit }),
    }
}

/// Splits off what `belongs`, and the space behind it.
fn split<'a>(rest: &mut &'a str, belongs: impl Fn(char) -> bool) -> &'a str {
    let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    let (taken, left) = rest.split_at(end);
    *rest = left.trim_start();
    taken
}

/// The place of a unit in [`UNITS`].
fn rank(unit: &str) -> Result<usize, Wrong> {
    let of = |unit: &str| UNITS.iter().position(|(names, _)| names.contains(&unit));
    if let Some(rank) = of(unit) {
        return Ok(rank);
    }
    let meant = match unit {
        // A month to `humantime`.
        "M" => Some("`m` (minutes) or `ms` (milliseconds)"),
        _ => of(&unit.to_lowercase())
            .and_then(|rank| UNITS[rank].0.last())
            .map(|name| match *name {
                "y" => "`y`",
                "w" => "`w`",
                "d" => "`d`",
                "h" => "`h`",
                "m" => "`m`",
                "s" => "`s`",
                "ms" => "`ms`",
                "ns" => "`ns`",
                _ => "`us`",
            }),
    };
    let unit = unit.to_owned();
    Err(match meant {
        Some(meant) => Wrong::CapitalUnit { unit, meant },
        None => Wrong::Unit(unit),
    })
}

fn in_order(last: Option<(usize, &str)>, rank: usize, unit: &str) -> Result<(), Wrong> {
    match last {
        Some((before, _)) if before == rank => Err(Wrong::UnitTwice(unit.to_owned())),
        Some((before, early)) if before > rank => Err(Wrong::Order {
            late: unit.to_owned(),
            early: early.to_owned(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Wrong, read};
    use std::time::Duration;

    #[test]
    fn durations() {
        for (text, expected) in [
            ("30s", Duration::from_secs(30)),
            (" 30 s ", Duration::from_secs(30)),
            ("1m 30s", Duration::from_secs(90)),
            ("1m30s", Duration::from_secs(90)),
            ("1.5s", Duration::from_millis(1500)),
            ("0.5ms", Duration::from_micros(500)),
            ("2h", Duration::from_secs(7200)),
            ("1d", Duration::from_secs(86_400)),
            ("100us", Duration::from_micros(100)),
            ("100µs", Duration::from_micros(100)),
            ("7 minutes", Duration::from_secs(420)),
            ("0m 1ns", Duration::from_nanos(1)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_reason() {
        let text = str::to_owned;
        for (input, expected) in [
            ("", Wrong::Empty),
            ("  ", Wrong::Empty),
            ("0s", Wrong::Zero),
            ("0h 0ms", Wrong::Zero),
            ("-1s", Wrong::Negative),
            ("1e400s", Wrong::Scientific),
            ("1E3s", Wrong::Scientific),
            ("30", Wrong::NoUnit(text("30"))),
            ("1m 30", Wrong::NoUnit(text("30"))),
            ("30 40s", Wrong::NoUnit(text("30"))),
            ("abc", Wrong::NoNumber(text("abc"))),
            (".5s", Wrong::NoNumber(text(".5"))),
            ("1.s", Wrong::Character('.')),
            ("1.2.3s", Wrong::Character('.')),
            ("30x", Wrong::Unit(text("x"))),
            ("1s1s", Wrong::UnitTwice(text("s"))),
            (
                "30s1m",
                Wrong::Order {
                    late: text("m"),
                    early: text("s"),
                },
            ),
            ("1,5s", Wrong::Character(',')),
            ("5s!", Wrong::Character('!')),
            ("+5s", Wrong::Character('+')),
            ("0.5ns", Wrong::Fine),
            ("99999999999999999999s", Wrong::Overflow),
            ("18446744073709551615s 1000ms", Wrong::Overflow),
            ("5124095576030431h 15s 1000ms", Wrong::Overflow),
            (
                "1S",
                Wrong::CapitalUnit {
                    unit: text("S"),
                    meant: "`s`",
                },
            ),
            (
                "1M",
                Wrong::CapitalUnit {
                    unit: text("M"),
                    meant: "`m` (minutes) or `ms` (milliseconds)",
                },
            ),
        ] {
            assert_eq!(read(input), Err(expected), "{input}");
        }
    }
}
