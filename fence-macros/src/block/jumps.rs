//! `break` and `continue` that leave a block: found among its tokens, which need not be complete,
//! and replaced by a note of where to go and by what leaves the `async` block. Nothing else of the
//! block is touched.

mod loops;

use super::local;
use crate::scan::{is_punct, returns_nothing};
use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};

/// One place to go to.
pub(super) struct Way {
    /// `break 'outer`, as it was first written.
    statement: TokenStream,
    /// `break'outer`, to find it again.
    name: String,
    /// Whether it is taken without a value, and with one.
    plain: bool,
    carries: bool,
}

/// A block of which nothing but its own loops can be left, and how it wants to be.
pub(super) struct Jumps {
    pub(super) block: Group,
    ways: Vec<Way>,
}

/// What is around a piece of the block, within the block.
#[derive(Clone, Default)]
struct Around {
    /// A loop, which a `break` without a label means.
    in_loop: bool,
    /// In a macro that might have a loop of its own.
    in_macro: bool,
    labels: Vec<String>,
}

impl Jumps {
    /// A block without any.
    pub(super) fn none(block: &Group) -> Self {
        let (block, ways) = (block.clone(), Vec::new());
        Self { block, ways }
    }

    /// Lets them `leave` instead.
    pub(super) fn find(block: &Group, leave: &TokenStream) -> Self {
        let mut rewrite = Rewrite {
            leave,
            ways: Vec::new(),
        };
        let block = rewrite.group(block, &Around::default());
        let ways = rewrite.ways;
        Self { block, ways }
    }

    /// What they write to, and for those that carry a value a `break` that is never taken: it tells
    /// the compiler early what the value is to be.
    pub(super) fn slots(&self) -> TokenStream {
        let exit = local("__fence_exit");
        let note = self.ways.iter().any(|way| way.plain);
        let note = note.then(|| quote!(#[allow(unused_mut)] let mut #exit = 0;));
        let slots = self.carrying().map(|(slot, statement)| {
            let value = local("__fence_value");
            quote! {
                let mut #slot = ::core::option::Option::None;
                if let ::core::option::Option::Some(#value) = #slot.take() {
                    #statement #value;
                }
            }
        });
        quote!(#note #(#slots)*)
    }

    /// Goes where the block wanted to.
    pub(super) fn go(&self) -> TokenStream {
        let (exit, value) = (local("__fence_exit"), local("__fence_value"));
        let plain = self.ways.iter().enumerate().filter(|(_, way)| way.plain);
        let plain = plain.map(|(at, Way { statement, .. })| {
            let number = number(at);
            quote!(if #exit == #number { #statement; })
        });
        let carrying = self.carrying().map(|(slot, statement)| {
            quote! {
                if let ::core::option::Option::Some(#value) = #slot {
                    #statement #value;
                }
            }
        });
        quote!(#(#plain)* #(#carrying)*)
    }

    fn carrying(&self) -> impl Iterator<Item = (Ident, &TokenStream)> {
        let ways = self.ways.iter().enumerate().filter(|(_, way)| way.carries);
        ways.map(|(at, way)| (slot(at), &way.statement))
    }
}

fn slot(way: usize) -> Ident {
    format_ident!("__fence_left{way}", span = Span::mixed_site())
}

/// Zero is for a block that has not been left.
fn number(way: usize) -> Literal {
    Literal::usize_unsuffixed(way + 1)
}

struct Rewrite<'a> {
    leave: &'a TokenStream,
    ways: Vec<Way>,
}

impl Rewrite<'_> {
    fn group(&mut self, group: &Group, around: &Around) -> Group {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        let mut rewritten = Group::new(group.delimiter(), self.level(&tokens, around));
        rewritten.set_span(group.span());
        rewritten
    }

    fn level(&mut self, tokens: &[TokenTree], around: &Around) -> TokenStream {
        let mut written = TokenStream::new();
        let mut label = None;
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            label = declared(rest).or(label);
            at += if let Some(body) = loops::body(rest) {
                let inside = around.in_loop(label.take());
                written.extend([token.clone()]);
                written.extend(self.level(&rest[1..body], around));
                written.extend([self.token(&rest[body], &inside)]);
                body + 1
            } else if let Some((length, jump)) = self.jump(rest, around) {
                written.extend([jump]);
                length
            } else {
                let inside = around.beside(&tokens[..at], token, &mut label);
                written.extend([self.token(token, &inside)]);
                1
            };
        }
        written
    }

    fn token(&mut self, token: &TokenTree, around: &Around) -> TokenTree {
        match token {
            TokenTree::Group(group) => self.group(group, around).into(),
            other => other.clone(),
        }
    }

    /// ```text
    /// break 'outer 5
    /// ---
    /// { __fence_left0 = Some(5); return $crate::__private::Value(None) }
    /// ```
    fn jump(&mut self, rest: &[TokenTree], around: &Around) -> Option<(usize, Group)> {
        let keyword = match rest {
            [TokenTree::Ident(word), ..] if word == "break" || word == "continue" => word,
            _ => return None,
        };
        let label = match rest {
            [_, quote, TokenTree::Ident(label), ..] if is_punct(Some(quote), '\'') => Some(label),
            _ => None,
        };
        if around.keeps(label) {
            return None;
        }
        let start = label.map_or(1, |_| 3);
        let statement = &rest[..start];
        let length = if keyword == "break" {
            loops::length_of_break(rest, start)
        } else {
            start
        };
        let value = &rest[start..length];
        let value = (!value.is_empty()).then(|| self.level(value, around));
        let way = self.way(statement, value.is_some());
        let note = if let Some(value) = value {
            let slot = slot(way);
            quote!(#slot = ::core::option::Option::Some(#value))
        } else {
            let (exit, number) = (local("__fence_exit"), number(way));
            quote!(#exit = #number)
        };
        let leave = self.leave;
        let mut jump = Group::new(Delimiter::Brace, quote!(#note; #leave));
        jump.set_span(keyword.span().resolved_at(Span::mixed_site()));
        Some((length, jump))
    }

    /// The number of the place to go to.
    fn way(&mut self, statement: &[TokenTree], carries: bool) -> usize {
        let name: String = statement.iter().map(ToString::to_string).collect();
        let known = self.ways.iter().position(|way| way.name == name);
        let at = known.unwrap_or_else(|| {
            let statement = statement.iter().cloned().collect();
            self.ways.push(Way {
                statement,
                name,
                plain: false,
                carries: false,
            });
            self.ways.len() - 1
        });
        self.ways[at].carries |= carries;
        self.ways[at].plain |= !carries;
        at
    }
}

impl Around {
    /// Whether the jump leads to something inside of the block, as far as can be seen. Where it
    /// cannot, the compiler refuses what would leave the `async` block.
    fn keeps(&self, label: Option<&Ident>) -> bool {
        match label {
            Some(label) => self.labels.contains(&label.to_string()),
            None => self.in_loop || self.in_macro,
        }
    }

    fn in_loop(&self, label: Option<String>) -> Self {
        let mut inside = self.clone();
        inside.labels.extend(label);
        inside.in_loop = true;
        inside
    }

    /// Around the tokens of a group, which may be that of `'label: { … }` or `name!(…)`.
    fn beside(&self, before: &[TokenTree], token: &TokenTree, label: &mut Option<String>) -> Self {
        if !matches!(token, TokenTree::Group(_)) {
            return Self::default();
        }
        let mut inside = self.clone();
        inside.labels.extend(label.take());
        if let [.., TokenTree::Ident(name), not] = before {
            inside.in_macro |= is_punct(Some(not), '!') && !returns_nothing(&name.to_string());
        }
        inside
    }
}

/// `'label:`
fn declared(rest: &[TokenTree]) -> Option<String> {
    match rest {
        [quote, TokenTree::Ident(label), colon, next, ..]
            if is_punct(Some(quote), '\'')
                && is_punct(Some(colon), ':')
                && !is_punct(Some(next), ':') =>
        {
            Some(label.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
