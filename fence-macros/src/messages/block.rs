//! About the block macro.

use super::here;
use proc_macro2::Span;
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

/// An exit inside a macro whose arguments are no expressions.
pub(crate) fn exit_in_macro(span: Span, exit: &str, name: &str) -> Error {
    here(
        span,
        format!("`{exit}` cannot leave a `fenced!` block from inside `{name}!`"),
        format!("let `{name}!` evaluate to a value, and act on it outside"),
    )
}
