//! The code to run: which of the three forms is it?

use crate::errors::Errors;
use crate::grammar::Spec;
use crate::messages::block as messages;
use crate::scan::{Seen, braces_in_nothing, is_brace, is_ident, is_punct};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, Token};

pub(super) enum Body {
    /// `{ … }`, and what can only be meant so.
    Block(Group),
    /// `async { … }`, `async move { … }`
    Async(TokenStream),
    /// Any other expression.
    Future(TokenStream),
    Nothing,
}

/// Expressions that run what is in their braces.
const CONTROL_FLOW: &[&str] = &["for", "if", "loop", "match", "unsafe", "while"];

/// Reads what is behind the options; `is_alone` if there are none.
pub(super) fn read(
    mut code: Vec<TokenTree>,
    is_alone: bool,
    seen: &Seen,
    errors: &mut Errors,
) -> Body {
    if code.iter().any(|token| is_punct(Some(token), ',')) {
        code = one_of_many(code, errors);
    }
    match code.as_slice() {
        [] => {
            errors.push(messages::nothing_to_run(Span::call_site()));
            Body::Nothing
        }
        [TokenTree::Group(block)] if block.delimiter() == Delimiter::Brace => {
            Body::Block(block.clone())
        }
        [block] if braces_in_nothing(block).is_some() => {
            braces_in_nothing(block).map_or(Body::Nothing, Body::Block)
        }
        [TokenTree::Ident(word), block] if word == "move" && is_brace(Some(block)) => {
            errors.push(messages::move_without_async(word.span()));
            code.insert(0, Ident::new("async", word.span()).into());
            Body::Async(code.into_iter().collect())
        }
        [word, .., block]
            if is_ident(Some(word), "async") && is_brace(Some(block)) && code.len() < 4 =>
        {
            Body::Async(code.into_iter().collect())
        }
        _ if is_block(&code, is_alone, seen) => Body::Block(braced(code)),
        _ => Body::Future(code.into_iter().collect()),
    }
}

/// What is no block by its braces, but by what is in it. The braces of `fenced! { … }` are shown to
/// no macro: there it is a block if it has several statements, or waits for something.
fn is_block(code: &[TokenTree], is_alone: bool, seen: &Seen) -> bool {
    let is_control_flow = matches!(&code[0], TokenTree::Ident(word) if CONTROL_FLOW.iter().any(|known| word == known));
    let waits = seen.awaits_itself || seen.may_await_itself;
    let has_semicolon = code.iter().any(|token| is_punct(Some(token), ';'));
    has_semicolon
        || ends_in_await(code)
        || (is_control_flow && seen.awaits_itself)
        || (is_alone && (waits || is_two(code)))
}

/// `get(url).await`, `get(url).await?`
fn ends_in_await(code: &[TokenTree]) -> bool {
    let last = code.iter().rposition(|token| !is_punct(Some(token), '?'));
    last.is_some_and(|last| is_ident(code.get(last), "await"))
}

/// Whether something follows braces that it cannot belong to.
fn is_two(code: &[TokenTree]) -> bool {
    let is_next = |token: &TokenTree| match token {
        TokenTree::Ident(word) => word != "else" && word != "in" && word != "as",
        TokenTree::Punct(_) => false,
        TokenTree::Group(_) | TokenTree::Literal(_) => true,
    };
    let mut pairs = code.windows(2);
    pairs.any(|pair| is_brace(pair.first()) && is_next(&pair[1]))
}

/// Something is before or behind the code to run that is no option, or no code to run.
fn one_of_many(code: Vec<TokenTree>, errors: &mut Errors) -> Vec<TokenTree> {
    let list =
        Punctuated::<Expr, Token![,]>::parse_terminated.parse2(code.iter().cloned().collect());
    // A comma may belong to `f::<A, B>()`; and what cannot be parsed is for the compiler.
    let Some(mut list) = list.ok().filter(|list| list.len() > 1) else {
        return code;
    };
    let first_runs = matches!(list[0], Expr::Block(_) | Expr::Async(_)) || is_option(&list[1]);
    if first_runs {
        errors.push(messages::after_the_body(list[1].span()));
        return list[0].to_token_stream().into_iter().collect();
    }
    let body = list.pop().map(ToTokens::into_token_stream);
    for other in &list {
        errors.push(messages::without_a_name(other));
    }
    body.into_iter().flatten().collect()
}

/// `timeout = "5s"`, `on("stop", x)`
fn is_option(argument: &Expr) -> bool {
    let name = match argument {
        Expr::Assign(assign) => &*assign.left,
        Expr::Call(call) => &*call.func,
        other => other,
    };
    matches!(name, Expr::Path(path) if path.path.get_ident().is_some_and(|name| Spec::of(name).is_some()))
}

fn braced(code: Vec<TokenTree>) -> Group {
    let span = code.first().map_or_else(Span::call_site, TokenTree::span);
    let mut group = Group::new(Delimiter::Brace, code.into_iter().collect());
    group.set_span(span);
    group
}
