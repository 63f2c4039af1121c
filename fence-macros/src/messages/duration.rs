//! About durations.

use super::at;
use crate::grammar::duration::Wrong;
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Error, LitStr};

const UNITS: &str = r#"a number and a unit (ns, us, ms, s, m, h, d), such as "30s" or "1m 30s""#;

/// A string that is not a duration.
pub(crate) fn invalid(key: &Ident, literal: &LitStr, wrong: &Wrong) -> Error {
    let text = literal.value();
    let reason = match wrong {
        Wrong::Empty => return at(literal, "the duration is empty", write_units()),
        Wrong::Zero => return zero(key, literal),
        Wrong::Negative => "a duration cannot be negative".to_owned(),
        Wrong::Scientific => "scientific notation is not understood".to_owned(),
        Wrong::NoUnit(number) => return no_unit(literal, &text, number),
        Wrong::NoNumber(word) => format!("expected a number before `{word}`"),
        Wrong::CapitalUnit { unit, meant } => return capital(literal, &text, unit, meant),
        Wrong::Unit(unit) => format!("unknown unit `{unit}`"),
        Wrong::UnitTwice(unit) => format!("the unit `{unit}` is given twice"),
        Wrong::Order { late, early } => return order(literal, &text, late, early),
        Wrong::Character(',') => return comma(literal, &text),
        Wrong::Character(character) => format!("unexpected character `{character}`"),
        Wrong::Fine => return fine(literal, &text),
        Wrong::Overflow => return overflow(literal, &text),
    };
    at(literal, invalid_text(&text, &reason), write_units())
}

fn zero(key: &Ident, literal: &LitStr) -> Error {
    let what = match key.to_string().as_str() {
        "grace" => "a zero grace leaves the body no time to finish",
        "cleanup" => "a zero cleanup limit leaves the cleanups no time",
        "idle" => "a zero idle limit would cancel before the first step",
        _ => "a zero timeout would cancel before the first step",
    };
    at(literal, what, "write a longer one, or leave the option out")
}

fn no_unit(literal: &LitStr, text: &str, number: &str) -> Error {
    at(
        literal,
        invalid_text(text, &format!("`{number}` has no unit")),
        format!(r#"write "{number}s" for seconds or "{number}ms" for milliseconds"#),
    )
}

fn capital(literal: &LitStr, text: &str, unit: &str, meant: &str) -> Error {
    at(
        literal,
        invalid_text(text, &format!("unknown unit `{unit}`")),
        format!("did you mean {meant}?"),
    )
}

fn order(literal: &LitStr, text: &str, late: &str, early: &str) -> Error {
    at(
        literal,
        invalid_text(text, &format!("`{late}` comes after `{early}`")),
        r#"write the units from the largest to the smallest: "1m 30s""#,
    )
}

fn comma(literal: &LitStr, text: &str) -> Error {
    at(
        literal,
        invalid_text(text, "unexpected character `,`"),
        r#"fractions are written with a point: "1.5s""#,
    )
}

fn fine(literal: &LitStr, text: &str) -> Error {
    at(
        literal,
        invalid_text(text, "it is finer than a nanosecond"),
        "write whole nanoseconds",
    )
}

fn overflow(literal: &LitStr, text: &str) -> Error {
    at(
        literal,
        invalid_text(text, "it does not fit into a `Duration`"),
        "write a shorter one, or `Duration::MAX` for no limit",
    )
}

fn invalid_text(text: &str, reason: &str) -> String {
    format!("invalid duration \"{text}\": {reason}")
}

fn write_units() -> String {
    format!("write {UNITS}")
}

/// `timeout = 30`, `timeout = 1.5`.
pub(crate) fn bare_number(key: &Ident, number: impl ToTokens) -> Error {
    let text = number.to_token_stream();
    let help = format!(r#"write `{key} = "{text}s"` (seconds) or `{key} = "{text}ms"`"#);
    at(number, format!("`{key}` needs a unit"), help)
}

/// `timeout = 30s`.
pub(crate) fn unquoted(key: &Ident, literal: impl ToTokens) -> Error {
    let text = literal.to_token_stream();
    at(
        literal,
        "a duration is written as a string",
        format!(r#"write `{key} = "{text}"`"#),
    )
}

/// `timeout = -1`.
pub(crate) fn negative(key: &Ident, number: impl ToTokens) -> Error {
    at(
        number,
        format!("`{key}` cannot be negative"),
        format!(r#"write `{key} = "30s"`"#),
    )
}
