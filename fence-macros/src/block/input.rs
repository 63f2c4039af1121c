//! What `fenced!` was given: the path of the crate, options, and the code to run.

use crate::messages::block as messages;
use crate::options::{self, Options};
use crate::scan;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Block, Expr, Token, token};

pub(super) struct Input {
    /// `$crate`
    pub(super) krate: TokenStream,
    pub(super) options: Options,
    pub(super) body: Body,
}

/// The last argument decides what runs.
pub(super) enum Body {
    /// `{ … }`
    Block(Group),
    /// `async { … }`, `async move { … }`
    Async(TokenStream),
    /// Any other expression.
    Future(TokenStream),
    Nothing,
}

impl Body {
    pub(super) fn tokens(&self) -> TokenStream {
        match self {
            Self::Block(block) => block.stream(),
            Self::Async(tokens) | Self::Future(tokens) => tokens.clone(),
            Self::Nothing => TokenStream::new(),
        }
    }
}

/// `($crate) timeout = "5s", { … }`
pub(super) fn parse(input: TokenStream) -> Input {
    let mut tokens = input.into_iter();
    let krate = match tokens.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        other => other.into_iter().collect(),
    };
    let (options, body) = arguments(tokens.collect());
    Input {
        krate,
        options,
        body,
    }
}

fn arguments(tokens: TokenStream) -> (Options, Body) {
    if let Some(body) = without_options(&tokens) {
        return (Options::default(), body);
    }
    let mut options = Options::default();
    let read = |input: ParseStream| {
        options = options::block(input);
        body(input)
    };
    let body = read.parse2(tokens.clone());
    let body = options
        .errors
        .keep(body)
        .unwrap_or_else(|| half_typed(tokens));
    (options, body)
}

/// `fenced! { … }`: the braces are not shown to a macro, so what is between them decides. It is a
/// block if it has several statements or waits for something by itself, and else a future.
fn without_options(tokens: &TokenStream) -> Option<Body> {
    let mut all = tokens.clone().into_iter();
    let statements = all.any(|token| scan::is_punct(Some(&token), ';'));
    let one = syn::parse2::<Expr>(tokens.clone());
    let is_block = match one {
        _ if statements => true,
        Ok(Expr::Block(_) | Expr::Async(_)) => false,
        Ok(_) => scan::awaits_itself(tokens),
        Err(_) => Block::parse_within
            .parse2(tokens.clone())
            .is_ok_and(|all| all.len() > 1),
    };
    is_block.then(|| Body::Block(braced(tokens.clone())))
}

fn body(input: ParseStream) -> syn::Result<Body> {
    if input.is_empty() {
        return Err(messages::nothing_to_run(Span::call_site()));
    }
    let body = if input.peek(token::Brace) && ends(&after_group(input)) {
        Body::Block(block(input)?)
    } else if input.peek(Token![async]) {
        Body::Async(input.parse::<Expr>()?.into_token_stream())
    } else {
        Body::Future(input.parse::<Expr>()?.into_token_stream())
    };
    input.parse::<Option<Token![,]>>()?;
    if input.is_empty() {
        Ok(body)
    } else {
        Err(messages::after_the_body(input.span()))
    }
}

/// A block, also in the invisible group of a `$body:block`.
fn block(input: ParseStream) -> syn::Result<Group> {
    let content;
    let brace = syn::braced!(content in input);
    let mut block = Group::new(Delimiter::Brace, content.parse()?);
    block.set_span(brace.span.join());
    Ok(block)
}

/// What follows a group, without moving on.
fn after_group(input: ParseStream) -> TokenStream {
    let ahead = input.fork();
    ahead
        .parse::<TokenTree>()
        .and_then(|_| ahead.parse())
        .unwrap_or_default()
}

fn ends(rest: &TokenStream) -> bool {
    let mut rest = rest.clone().into_iter();
    let comma = rest.next();
    comma.is_none() || (scan::is_punct(comma.as_ref(), ',') && rest.next().is_none())
}

/// What does not parse is shown to the compiler all the same, in case the block is the last.
fn half_typed(tokens: TokenStream) -> Body {
    match tokens.into_iter().last() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            Body::Async(quote!(async #group))
        }
        _ => Body::Nothing,
    }
}

fn first(tokens: &TokenStream) -> Option<TokenTree> {
    tokens.clone().into_iter().next()
}

fn braced(tokens: TokenStream) -> Group {
    let span = first(&tokens).map_or_else(Span::call_site, |token| token.span());
    let mut group = Group::new(Delimiter::Brace, tokens);
    group.set_span(span);
    group
}
