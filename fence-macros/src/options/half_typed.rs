//! Values that are still being typed: `timeout = self.`
//!
//! What cannot be parsed is finished as far as it goes, and handed on in its place. An editor
//! looks up what is before the cursor there; the mistake is reported all the same.

use crate::errors::Errors;
use crate::scan::is_punct;
use proc_macro2::{Group, TokenStream, TokenTree};
use syn::Expr;
use syn::parse::{ParseStream, Parser};

/// Parses a value up to its comma; one that cannot be parsed is noted, and finished if possible.
pub(super) fn value(
    input: ParseStream,
    parse: fn(ParseStream) -> syn::Result<Expr>,
    errors: &mut Errors,
) -> Option<Expr> {
    let start = input.fork();
    match parse(input) {
        Ok(value) => Some(value),
        Err(error) => {
            errors.push(error);
            let written = super::list::argument_tokens(&start);
            super::list::skip_argument(input);
            parse.parse2(finished(written)).ok()
        }
    }
}

/// Without what nothing follows: `f(self.)` → `f(self)`.
pub(super) fn finished(written: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = written.into_iter().map(finished_group).collect();
    while is_punct(tokens.last(), '.') || is_punct(tokens.last(), ':') {
        tokens.pop();
    }
    tokens.into_iter().collect()
}

fn finished_group(token: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = token else {
        return token;
    };
    let mut finished = Group::new(group.delimiter(), finished(group.stream()));
    finished.set_span(group.span());
    finished.into()
}
