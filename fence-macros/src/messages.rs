//! Every text that the macros can say.
//!
//! One voice: lower case, no period, code in backticks, and a last line that says what to write.

pub(crate) mod block;
pub(crate) mod condition;
pub(crate) mod duration;
pub(crate) mod function;
pub(crate) mod option;

use crate::grammar::Spec;
use proc_macro2::Span;
use quote::ToTokens;
use std::fmt::Display;
use syn::Error;

/// A mistake that underlines `tokens`.
fn at(tokens: impl ToTokens, what: impl Display, help: impl Display) -> Error {
    Error::new_spanned(tokens, format!("{what}\nhelp: {help}"))
}

/// A mistake that underlines one place.
fn here(span: Span, what: impl Display, help: impl Display) -> Error {
    Error::new(span, format!("{what}\nhelp: {help}"))
}

/// What to write instead, for a mistake in the form of an option.
fn write_it(spec: &Spec) -> String {
    format!("write `{}`", spec.example)
}
