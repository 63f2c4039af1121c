//! About the block macro.

use super::{at, here};
use proc_macro2::Span;
use quote::ToTokens;
use syn::Error;

pub(crate) fn nothing_to_run(span: Span) -> Error {
    here(
        span,
        "this `fenced!` has nothing to run",
        r#"end it with a block: `fenced!(timeout = "30s", { … })`"#,
    )
}

/// Something after the last argument.
pub(crate) fn after_the_body(span: Span) -> Error {
    here(
        span,
        "the code to run comes last",
        r#"write the options before it: `fenced!(timeout = "30s", { … })`"#,
    )
}

/// `fenced!(Duration::from_secs(5), future)`
pub(crate) fn without_a_name(value: impl ToTokens) -> Error {
    let text = value.to_token_stream().to_string();
    let text = if text.chars().count() > 30 {
        "…".to_owned()
    } else {
        text
    };
    at(
        value,
        "an option has a name",
        format!("write `timeout = {text}` for a `Duration`, `on = {text}` for a trigger"),
    )
}

/// `move { … }`
pub(crate) fn move_without_async(span: Span) -> Error {
    here(
        span,
        "only an `async` block can be `move`",
        "write `async move { … }`",
    )
}

/// `timeout = "5s"; { … }`, `timeout = "5s" => { … }`
pub(crate) fn sign_behind_an_option(span: Span) -> Error {
    here(
        span,
        "options end with a comma",
        r#"write `fenced!(timeout = "1s", { … })`"#,
    )
}
