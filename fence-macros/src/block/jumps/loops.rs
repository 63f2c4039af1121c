//! Where loops and jumps end, among tokens.

use crate::scan::{is_brace, is_ident};
use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprBreak, Pat, Token};

/// The position of the body, if a loop starts here.
pub(super) fn body(rest: &[TokenTree]) -> Option<usize> {
    let TokenTree::Ident(keyword) = &rest[0] else {
        return None;
    };
    let header = match keyword.to_string().as_str() {
        "loop" => 0,
        "while" => length(&rest[1..], condition).unwrap_or(0),
        // A `for` without an `in` is that of `impl Trait for Type` or `for<'a>`.
        "for" => length(&rest[1..], pattern_and_values).or_else(|| after_in(&rest[1..]))?,
        _ => return None,
    };
    let braces = |token| is_brace(Some(token));
    let body = rest[1 + header..].iter().position(braces)?;
    Some(1 + header + body)
}

fn condition(input: ParseStream) -> syn::Result<()> {
    input.call(Expr::parse_without_eager_brace).map(drop)
}

fn pattern_and_values(input: ParseStream) -> syn::Result<()> {
    input.call(Pat::parse_multi_with_leading_vert)?;
    input.parse::<Token![in]>()?;
    condition(input)
}

/// In half-typed code.
fn after_in(tokens: &[TokenTree]) -> Option<usize> {
    let end = tokens.iter().position(|token| is_brace(Some(token)))?;
    tokens[..end]
        .iter()
        .position(|token| is_ident(Some(token), "in"))
}

/// How many tokens belong to a `break` of which the value begins at `start`.
pub(super) fn length_of_break(rest: &[TokenTree], start: usize) -> usize {
    let whole = |input: ParseStream| input.parse::<ExprBreak>().map(drop);
    length(rest, whole).unwrap_or(start).max(start)
}

/// How many tokens are parsed.
fn length(
    tokens: &[TokenTree],
    parse: impl FnOnce(ParseStream) -> syn::Result<()>,
) -> Option<usize> {
    let read = |input: ParseStream| {
        parse(input)?;
        input.parse::<TokenStream>()
    };
    let rest = read.parse2(tokens.iter().cloned().collect()).ok()?;
    tokens.len().checked_sub(rest.into_iter().count())
}
