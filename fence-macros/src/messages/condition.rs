//! About `unless("code", || condition)`.

use super::{at, here, write_it};
use crate::grammar::Spec;
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{Error, LitStr};

/// `unless = …`, `unless: …`, `unless[…]`.
pub(crate) fn form(key: &Ident, place: impl ToTokens, spec: &Spec) -> Error {
    at(
        place,
        format!("`{key}` takes a code and a condition in round brackets"),
        write_it(spec),
    )
}

/// `unless()`, `unless("a", || x, || y)`.
pub(crate) fn not_two(key: &Ident, bracket: Span, spec: &Spec) -> Error {
    here(
        bracket,
        format!("`{key}(…)` takes a code and a condition"),
        write_it(spec),
    )
}

/// `unless("a")`.
pub(crate) fn missing(key: &Ident, bracket: Span, spec: &Spec) -> Error {
    here(
        bracket,
        format!("the condition of `{key}` is missing"),
        write_it(spec),
    )
}

/// `unless(|| x)`.
pub(crate) fn code_missing(key: &Ident, bracket: Span, spec: &Spec) -> Error {
    here(
        bracket,
        format!("the code of `{key}` is missing"),
        write_it(spec),
    )
}

/// `unless(CODE, || x)`.
pub(crate) fn code_is_no_literal(key: &Ident, code: impl ToTokens, spec: &Spec) -> Error {
    at(
        code,
        format!("the code of `{key}` is not a string literal"),
        write_it(spec),
    )
}

/// `unless(|| x, "a")`.
pub(crate) fn code_comes_first(key: &Ident, code: impl ToTokens, spec: &Spec) -> Error {
    at(
        code,
        format!("the code of `{key}` comes before its condition"),
        write_it(spec),
    )
}

/// `unless("a", || x), unless("a", || y)`.
pub(crate) fn twice(key: &Ident, code: &LitStr, first: &LitStr) -> Error {
    let text = code.value();
    let mut error = at(
        code,
        format!("`{key}` is given twice for \"{text}\""),
        format!(r#"join the conditions: `{key}("{text}", || one() || two())`"#),
    );
    error.combine(Error::new(
        first.span(),
        format!("`{key}` for \"{text}\" is first given here"),
    ));
    error
}
