//! The function under the attribute. Its body stays a group of tokens: half-typed code keeps its
//! completion, and nothing is spent on parsing it.

use crate::messages::function as messages;
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{AttrStyle, Attribute, Signature, Token, Visibility, braced};

pub(super) struct Function {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) signature: Signature,
    pub(super) body: Group,
}

pub(super) enum Item {
    Function(Box<Function>),
    Unfit(syn::Error),
}

const OTHER_ITEMS: &[&str] = &[
    "struct", "enum", "union", "impl", "trait", "mod", "static", "type", "use", "const", "let",
];

pub(super) fn parse(item: TokenStream) -> Item {
    let item = ungroup(item);
    match function.parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => Item::Unfit(other_item(&item).unwrap_or(error)),
    }
}

fn function(input: ParseStream) -> syn::Result<Item> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let signature: Signature = input.parse()?;
    if input.parse::<Option<Token![;]>>()?.is_some() {
        return Ok(Item::Unfit(messages::no_body(&signature.ident)));
    }
    let content;
    let brace = braced!(content in input);
    attributes.extend(content.call(Attribute::parse_inner)?.into_iter().map(outer));
    let mut body = Group::new(Delimiter::Brace, content.parse()?);
    body.set_span(brace.span.join());
    let function = Function {
        attributes,
        visibility,
        signature,
        body,
    };
    Ok(Item::Function(Box::new(function)))
}

/// The body goes one block deeper, where `#![…]` would no longer mean the function.
fn outer(mut attribute: Attribute) -> Attribute {
    attribute.style = AttrStyle::Outer;
    attribute
}

/// The invisible group around an item that `macro_rules!` passes on.
fn ungroup(item: TokenStream) -> TokenStream {
    let mut tokens = item.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => {
            group.stream()
        }
        _ => item,
    }
}

/// Names what the attribute was put on, if it is no function at all.
fn other_item(item: &TokenStream) -> Option<syn::Error> {
    let tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let is_function = tokens.iter().any(|token| is_keyword(token, &["fn"]));
    if is_function {
        return None;
    }
    let keyword = tokens.iter().find(|token| is_keyword(token, OTHER_ITEMS));
    Some(match keyword {
        Some(keyword) => messages::not_a_function(keyword, &keyword.to_string()),
        None => messages::not_an_item(item.span()),
    })
}

fn is_keyword(token: &TokenTree, keywords: &[&str]) -> bool {
    let is = |ident: &Ident| keywords.iter().any(|keyword| ident == keyword);
    matches!(token, TokenTree::Ident(ident) if is(ident))
}
