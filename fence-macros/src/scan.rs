//! Looks at code as tokens: it need not be complete, and macros are looked into as well.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

/// Macros of which it is known that they await nothing. Any other might.
const NEVER_AWAIT: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "concat",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "error",
    "format",
    "info",
    "matches",
    "print",
    "println",
    "stringify",
    "trace",
    "vec",
    "warn",
    "write",
    "writeln",
];

/// A call that holds the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocking {
    /// `std::thread::sleep(…)`
    Sleep,
    /// `block_on(…)`
    BlockOn,
}

/// Whether the name occurs anywhere.
pub(crate) fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Literal(literal) => inlined(&literal.to_string(), name),
        TokenTree::Punct(_) => false,
    })
}

/// `format!("{name}")`
fn inlined(literal: &str, name: &str) -> bool {
    literal.starts_with('"') && literal.contains(&format!("{{{name}"))
}

/// Whether the code might wait for something.
pub(crate) fn may_await(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(ident) => {
            ident == "await" || (is_macro(&tokens[at..]) && !NEVER_AWAIT.iter().any(|m| ident == m))
        }
        TokenTree::Group(group) => may_await(&group.stream()),
        _ => false,
    })
}

/// The `fenced!` blocks inside that do not say `nested`.
pub(crate) fn nested_fences(tokens: &TokenStream) -> Vec<Ident> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(name) if name == "fenced" => {
                let inner = macro_group(&tokens[at..]);
                let unmarked = inner.filter(|inner| !says_nested(&inner.stream()));
                found.extend(unmarked.map(|_| name.clone()));
            }
            TokenTree::Group(group) => found.extend(nested_fences(&group.stream())),
            _ => {}
        }
    }
    found
}

/// Whether `nested` is one of the options.
fn says_nested(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    tokens
        .split(|token| is_punct(Some(token), ','))
        .any(|option| matches!(option, [TokenTree::Ident(name), ..] if name == "nested"))
}

/// The calls in the body itself that hold the thread; what closures do is their own business.
pub(crate) fn blocking_calls(tokens: &TokenStream) -> Vec<(Span, Blocking)> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(own) = closure(&tokens, at).or_else(|| function(&tokens[at..])) {
            at += own;
            continue;
        }
        match &tokens[at] {
            TokenTree::Ident(name) => found.extend(blocking_call(&tokens, at, name)),
            TokenTree::Group(group) => found.extend(blocking_calls(&group.stream())),
            _ => {}
        }
        at += 1;
    }
    found
}

fn blocking_call(tokens: &[TokenTree], at: usize, name: &Ident) -> Option<(Span, Blocking)> {
    let called = matches!(
        tokens.get(at + 1),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis
    );
    let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
    let of_thread = is_punct(before(1), ':') && is_ident(before(3), "thread");
    match name.to_string().as_str() {
        "sleep" if called && of_thread => Some((name.span(), Blocking::Sleep)),
        "block_on" if called && !is_ident(before(1), "fn") => {
            Some((name.span(), Blocking::BlockOn))
        }
        _ => None,
    }
}

/// Whether the code waits for something itself, not only in an `async` block or closure.
pub(crate) fn awaits_itself(tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(own) = own_world(&tokens, at) {
            at += own;
            continue;
        }
        if waits(&tokens[at..]) {
            return true;
        }
        at += 1;
    }
    false
}

fn waits(tokens: &[TokenTree]) -> bool {
    match &tokens[0] {
        TokenTree::Ident(word) => {
            word == "await" || (is_macro(tokens) && !NEVER_AWAIT.iter().any(|known| word == known))
        }
        TokenTree::Group(group) => awaits_itself(&group.stream()),
        _ => false,
    }
}

/// How many tokens belong to a closure, an `async` block or a function that starts here: code
/// that does not run where it stands.
pub(crate) fn own_world(tokens: &[TokenTree], at: usize) -> Option<usize> {
    let rest = &tokens[at..];
    closure(tokens, at)
        .or_else(|| function(rest))
        .or_else(|| async_block(rest))
}

/// `fn name(…) { … }`
fn function(tokens: &[TokenTree]) -> Option<usize> {
    let body = tokens.iter().position(is_brace)?;
    is_ident(tokens.first(), "fn").then_some(body + 1)
}

/// `async { … }`, `async move { … }`
fn async_block(tokens: &[TokenTree]) -> Option<usize> {
    let captures = usize::from(is_ident(tokens.get(1), "move"));
    let block = tokens.get(1 + captures).is_some_and(is_brace);
    (is_ident(tokens.first(), "async") && block).then_some(2 + captures)
}

/// `|x| …`, up to the comma or semicolon.
fn closure(tokens: &[TokenTree], at: usize) -> Option<usize> {
    starts_closure(tokens, at).then(|| end_of_closure(&tokens[at..]))
}

/// Whether a `|` here opens the parameters of a closure: nothing before it could be or-ed.
fn starts_closure(tokens: &[TokenTree], at: usize) -> bool {
    if !is_punct(tokens.get(at), '|') {
        return false;
    }
    match at.checked_sub(1).map(|at| &tokens[at]) {
        None => true,
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), ',' | '=' | ';' | '>' | '&'),
        Some(TokenTree::Ident(word)) => word == "move" || word == "return" || word == "async",
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(TokenTree::Literal(_)) => false,
    }
}

fn end_of_closure(tokens: &[TokenTree]) -> usize {
    let parameters = tokens
        .iter()
        .skip(1)
        .position(|token| is_punct(Some(token), '|'));
    let body = parameters.map_or(0, |end| end + 2);
    let ends = |token: &TokenTree| is_punct(Some(token), ',') || is_punct(Some(token), ';');
    let end = tokens[body..].iter().position(ends);
    end.map_or(tokens.len(), |end| body + end)
}

/// `name!(…)`
fn is_macro(tokens: &[TokenTree]) -> bool {
    macro_group(tokens).is_some()
}

fn macro_group(tokens: &[TokenTree]) -> Option<&Group> {
    match tokens {
        [_, bang, TokenTree::Group(group), ..] if is_punct(Some(bang), '!') => Some(group),
        _ => None,
    }
}

fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

pub(crate) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

pub(crate) fn is_ident(token: Option<&TokenTree>, name: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == name)
}

#[cfg(test)]
mod tests;
