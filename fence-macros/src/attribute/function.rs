//! The function under the attribute. Its body stays a group of tokens: half-typed code keeps its
//! completion, and nothing is spent on parsing it.

use crate::messages::function as messages;
use crate::scan::{self, is_punct};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{AttrStyle, Attribute, Signature, Token, Visibility};

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
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    let body = pop_braces(&mut tokens);
    let head = head.parse2(tokens.into_iter().collect());
    match (head, body) {
        (Ok(head), Some(body)) => with_body(head, body),
        (Ok(head), None) => Item::Unfit(messages::no_body(&head.2.ident)),
        (Err(error), _) => Item::Unfit(other_item(&item).unwrap_or(error)),
    }
}

/// What comes before the body. The body is kept from the parser, which would take it apart.
type Head = (Vec<Attribute>, Visibility, Signature);

fn head(input: ParseStream) -> syn::Result<Head> {
    let attributes = input.call(Attribute::parse_outer)?;
    let head = (attributes, input.parse()?, input.parse()?);
    input.parse::<Option<Token![;]>>()?;
    Ok(head)
}

fn with_body((mut attributes, visibility, signature): Head, mut body: Group) -> Item {
    let mut start = body.stream().into_iter();
    let has_attributes =
        is_punct(start.next().as_ref(), '#') && is_punct(start.next().as_ref(), '!');
    if has_attributes {
        let read = |input: ParseStream| {
            let inner = input.call(Attribute::parse_inner)?;
            Ok((inner, input.parse::<TokenStream>()?))
        };
        match read.parse2(body.stream()) {
            Ok((inner, rest)) => {
                attributes.extend(inner.into_iter().map(outer));
                let span = body.span();
                body = Group::new(Delimiter::Brace, rest);
                body.set_span(span);
            }
            Err(error) => return Item::Unfit(error),
        }
    }
    Item::Function(Box::new(Function {
        attributes,
        visibility,
        signature,
        body,
    }))
}

/// The braces at the end, also those of a `$body:block`.
fn pop_braces(tokens: &mut Vec<TokenTree>) -> Option<Group> {
    let braces = match tokens.last()? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => group.clone(),
        last => scan::braces_in_nothing(last)?,
    };
    tokens.pop();
    Some(braces)
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
