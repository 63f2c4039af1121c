//! About what an attribute was put on.

use super::{at, here};
use proc_macro2::{Ident, Span};
use quote::ToTokens;
use syn::{Attribute, Error};

pub(crate) fn not_a_function(keyword: impl ToTokens, what: &str) -> Error {
    let help = match what {
        "impl" | "trait" => "put it on each async method",
        _ => "move it to the function that does the work",
    };
    let article = if what == "impl" || what == "enum" {
        "an"
    } else {
        "a"
    };
    at(
        keyword,
        format!("`#[fenced]` goes on an `async fn`, not on {article} `{what}`"),
        help,
    )
}

pub(crate) fn not_an_item(span: Span) -> Error {
    here(
        span,
        "`#[fenced]` goes on an `async fn`",
        "for a part of a function use the block: `fenced!(…, { … })`",
    )
}

pub(crate) fn not_async(keyword: impl ToTokens) -> Error {
    at(
        keyword,
        "`#[fenced]` needs an `async fn`",
        "a fence acts at `.await` points: make this function `async`",
    )
}

pub(crate) fn const_fn(keyword: impl ToTokens) -> Error {
    at(
        keyword,
        "`#[fenced]` cannot be used on a `const fn`",
        "a fence acts at `.await` points, and only at run time: write `async fn`",
    )
}

pub(crate) fn returns_future(output: impl ToTokens) -> Error {
    at(
        output,
        "`#[fenced]` needs an `async fn`, not a function that returns a future",
        "write `async fn`, or fence the future: `fenced!(…, future)`",
    )
}

pub(crate) fn already_run(keyword: impl ToTokens) -> Error {
    at(
        keyword,
        "`#[fenced]` needs an `async fn`, but another attribute has already made this one synchronous",
        "move `#[fenced]` above that attribute",
    )
}

pub(crate) fn no_body(name: &Ident) -> Error {
    at(
        name,
        "`#[fenced]` needs a function body",
        format!(
            "declare `async fn {name}(…) -> Fenced<…>;` and put the attribute on the implementations"
        ),
    )
}

pub(crate) fn applied_twice(attribute: &Attribute) -> Error {
    at(
        attribute,
        "`#[fenced]` is applied twice",
        "merge the options into one attribute",
    )
}

pub(crate) fn already_fenced(output: impl ToTokens) -> Error {
    at(
        output,
        "the return type is already `Fenced`",
        "write the type that the body evaluates to, the attribute wraps it",
    )
}

pub(crate) fn try_without_result(key: &Ident) -> Error {
    at(
        key,
        "`try` needs a function that returns a `Result`",
        "return `Result<T, E>` where `E: From<fence::Cancelled>`, or leave `try` out",
    )
}

pub(crate) fn nested(name: &Ident) -> Error {
    at(
        name,
        "two fences around one piece of code are usually a mistake",
        "put the triggers on one of them, or write `fenced!(nested, …)` for a tighter one inside",
    )
}

/// `timeout = limit()?`
pub(crate) fn question_mark_in_an_option(key: &Ident, mark: Span) -> Error {
    here(
        mark,
        format!("`{key}` is evaluated before the function runs: `?` cannot leave it"),
        "take the value as an argument, or fence a part of the body: `fenced!(…, { … })`",
    )
}

/// `#[fenced] #[instrument(err)]`
pub(crate) fn err_sees_the_outcome(attribute: &Attribute) -> Error {
    at(
        attribute,
        "`err` sees what `#[fenced]` returns, which is no `Result` but a `Fenced`",
        "move it above `#[fenced]`, or give `#[fenced]` the option `try`",
    )
}
