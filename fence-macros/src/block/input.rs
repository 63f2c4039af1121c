//! What `fenced!` was given: the path of the crate, options, and the code to run.
//!
//! The code to run is taken as it is. What becomes of it does not depend on whether it can be
//! parsed, so half-typed code keeps its completion, and nothing is spent on large blocks.

use super::body::{self, Body};
use crate::grammar::Spec;
use crate::options::{self, Options};
use crate::scan::{self, Seen, is_brace, is_punct};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};

pub(super) struct Input {
    /// `$crate`
    pub(super) krate: TokenStream,
    pub(super) options: Options,
    pub(super) body: Body,
    /// What is in the code to run.
    pub(super) seen: Seen,
}

/// `($crate) timeout = "5s", { … }`
pub(super) fn parse(input: TokenStream) -> Input {
    let mut tokens = input.into_iter();
    let krate = match tokens.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        other => other.into_iter().collect(),
    };
    let tokens: Vec<TokenTree> = tokens.collect();
    let (given, is_alone) = (tokens.len(), is_statements(&tokens));
    let (mut options, code) = if is_alone {
        (Options::default(), tokens)
    } else {
        options_and_code(tokens)
    };
    let is_alone = is_alone || code.len() == given;
    let seen = scan::look(&code.iter().cloned().collect());
    let body = body::read(code, is_alone, &seen, &mut options.errors);
    Input {
        krate,
        options,
        body,
        seen,
    }
}

/// `fenced! { let page = get().await; page.len() }`, and not `timeout = "5s"; { … }`.
fn is_statements(tokens: &[TokenTree]) -> bool {
    let is_option = matches!(tokens, [TokenTree::Ident(name), ..] if Spec::of(name).is_some());
    !is_option && tokens.iter().any(|token| is_punct(Some(token), ';'))
}

/// Reads the options, and leaves the code. The block at the end is taken out for that time, as
/// making it readable would cost more than all the rest.
fn options_and_code(mut tokens: Vec<TokenTree>) -> (Options, Vec<TokenTree>) {
    let comma = pop_if(&mut tokens, |last| is_punct(Some(last), ','));
    let block = pop_if(&mut tokens, is_block);
    if let Some(block) = &block {
        let mut stand_in = Group::new(Delimiter::Brace, TokenStream::new());
        stand_in.set_span(match block {
            TokenTree::Group(block) => block.span_open(),
            other => other.span(),
        });
        tokens.push(stand_in.into());
    }
    let mut options = Options::default();
    let read = |input: ParseStream| {
        options = options::block(input);
        input.parse::<TokenStream>()
    };
    let code = read.parse2(tokens.into_iter().chain(comma).collect());
    let mut code: Vec<TokenTree> = code.unwrap_or_default().into_iter().collect();
    pop_if(&mut code, |last| is_punct(Some(last), ','));
    if let (Some(stand_in), Some(block)) =
        (code.last_mut().filter(|last| is_brace(Some(last))), block)
    {
        *stand_in = block;
    }
    (options, code)
}

/// `{ … }`, or the `$body:block` of a `macro_rules!`.
fn is_block(token: &TokenTree) -> bool {
    is_brace(Some(token)) || scan::braces_in_nothing(token).is_some()
}

/// Takes the last token off, if it is such a one.
fn pop_if(
    tokens: &mut Vec<TokenTree>,
    is_such: impl FnOnce(&TokenTree) -> bool,
) -> Option<TokenTree> {
    let is_such = tokens.last().is_some_and(is_such);
    is_such.then(|| tokens.pop()).flatten()
}
