//! Exits inside the arguments of other macros.
//!
//! Arguments that are expressions (`format!`, `vec!`, `assert!`, a `fenced!(nested, …)`) are
//! rewritten like any other. What a `select!` takes is not known here, and an exit inside is
//! refused: left alone it would leave the `async` block instead.

use super::exits::Exits;
use crate::messages::block as messages;
use crate::scan::{self, is_ident, is_punct};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit_mut::VisitMut;
use syn::{Expr, Macro, Token, parse_quote};

pub(super) fn rewrite(exits: &mut Exits<'_>, node: &mut Macro) {
    let found = find(&node.tokens, false);
    if found.is_empty() {
        return;
    }
    let tokens = node.tokens.clone();
    let rewritten =
        list::<Token![,]>(exits, tokens.clone()).or_else(|| list::<Token![;]>(exits, tokens));
    if let Some(tokens) = rewritten {
        node.tokens = tokens;
        return;
    }
    let name = node
        .path
        .segments
        .last()
        .map_or_else(String::new, |last| last.ident.to_string());
    for (span, exit) in found {
        exits
            .errors
            .push(messages::exit_in_macro(span, &exit, &name));
    }
    // The compiler need not repeat it in other words.
    *node = parse_quote!(::core::unreachable! {});
}

fn list<P>(exits: &mut Exits<'_>, tokens: TokenStream) -> Option<TokenStream>
where
    P: syn::parse::Parse + ToTokens,
{
    let mut list = Punctuated::<Expr, P>::parse_terminated
        .parse2(tokens)
        .ok()?;
    for argument in &mut list {
        exits.visit_expr_mut(argument);
    }
    Some(list.into_token_stream())
}

/// Everything in there that would leave the block.
fn find(tokens: &TokenStream, mut in_loop: bool) -> Vec<(Span, String)> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let outside = in_loop;
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(own) = scan::own_world(&tokens, at) {
            at += own;
            continue;
        }
        match &tokens[at] {
            TokenTree::Ident(word) if word == "loop" || word == "while" || word == "for" => {
                in_loop = true;
            }
            TokenTree::Group(group) => {
                found.extend(find(&group.stream(), in_loop));
                if group.delimiter() == Delimiter::Brace {
                    in_loop = outside;
                }
            }
            token => found.extend(exit(&tokens, at, in_loop).map(|exit| (token.span(), exit))),
        }
        at += 1;
    }
    found
}

fn exit(tokens: &[TokenTree], at: usize, in_loop: bool) -> Option<String> {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    match &tokens[at] {
        TokenTree::Punct(punct) if punct.as_char() == '?' => {
            let is_postfix = matches!(before, Some(TokenTree::Ident(_) | TokenTree::Group(_)))
                || is_punct(before, '?');
            is_postfix.then(|| "?".to_owned())
        }
        TokenTree::Ident(word) => {
            let labelled = is_punct(tokens.get(at + 1), '\'');
            let leaves = is_ident(Some(&tokens[at]), "return")
                || ((word == "break" || word == "continue") && (!in_loop || labelled));
            leaves.then(|| word.to_string())
        }
        _ => None,
    }
}
