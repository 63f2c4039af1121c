//! Reads a list of options, one after the other, and goes on behind a mistake.

use super::{Argument, Options, half_typed};
use crate::grammar::{self, Place, Spec, Value, duration};
use crate::messages::{
    block as block_messages, condition as condition_messages, option as messages,
};
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Lit, Token, token};

/// The options of an attribute: nothing but options.
pub(crate) fn attribute(arguments: TokenStream) -> Options {
    let mut options = Options::default();
    let read = |input: ParseStream| {
        while !input.is_empty() {
            options.argument(input, Place::Attribute);
            options.separator(input);
        }
        Ok(())
    };
    let result = Parser::parse2(read, arguments);
    options.errors.keep(result);
    options
}

/// The options of a block, as far as they go; what is left is the code to run.
pub(crate) fn block(input: ParseStream) -> Options {
    let mut options = Options::default();
    while is_option(input) {
        options.argument(input, Place::Block);
        options.separator(input);
    }
    options
}

/// Whether an argument of the block macro is an option. The last argument may be any expression,
/// also a call that looks like one: `fenced!(timeout = "5s", fetch(url))`.
fn is_option(input: ParseStream) -> bool {
    let ahead = input.fork();
    if let Ok(literal) = ahead.parse::<Lit>() {
        return ahead.peek(Token![,]) || (ahead.is_empty() && matches!(literal, Lit::Str(_)));
    }
    let Ok(key) = ahead.call(Ident::parse_any) else {
        return false;
    };
    if ahead.is_empty() || ahead.peek(Token![,]) {
        return Spec::of(&key).is_some() || !is_last(&ahead);
    }
    if is_assignment(&ahead) || ahead.peek(Token![:]) && !ahead.peek(Token![::]) {
        return true;
    }
    let Ok(TokenTree::Group(group)) = ahead.parse::<TokenTree>() else {
        return false;
    };
    let starts_with_code = group.stream().into_iter().next().is_some_and(
        |token| matches!(&token, TokenTree::Literal(code) if code.to_string().starts_with('"')),
    );
    match Spec::of(&key) {
        Some(spec) => (starts_with_code && spec.has_code()) || !is_last(&ahead),
        None => ahead.peek(Token![,]) && !is_last(&ahead),
    }
}

/// Whether nothing but a comma follows.
fn is_last(ahead: ParseStream) -> bool {
    ahead.is_empty() || (ahead.peek(Token![,]) && ahead.peek2(syn::parse::End))
}

/// `=`, but neither `==` nor `=>`.
fn is_assignment(input: ParseStream) -> bool {
    input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>])
}

impl Options {
    /// One argument, up to its comma.
    fn argument(&mut self, input: ParseStream, place: Place) {
        if let Some(literal) = input.peek(Lit).then(|| input.parse::<Lit>()) {
            let literal = self.errors.keep(literal);
            return literal
                .into_iter()
                .for_each(|literal| self.bare_literal(&literal));
        }
        match input.call(Ident::parse_any) {
            Ok(key) => self.keyed(&key, input, place),
            Err(_) => self.not_an_option(input),
        }
    }

    fn keyed(&mut self, key: &Ident, input: ParseStream, place: Place) {
        let known = Spec::of(key);
        match known {
            None => {
                let (meant, all) = (grammar::meant(key, place), grammar::all(place));
                self.errors.push(messages::unknown(key, meant, &all));
            }
            Some(spec) if !spec.is_known_to(place) => {
                self.errors.push(messages::wrong_block(key, spec));
            }
            Some(spec) => {
                self.keys.push(key.clone());
                return self.known(key, spec, input, place);
            }
        }
        skip_argument(input);
    }

    /// Reads the value of a known option, in whichever way it is written.
    fn known(&mut self, key: &Ident, spec: &'static Spec, input: ParseStream, place: Place) {
        if input.peek(token::Paren) && spec.has_code() {
            return self.coded(key, spec, input);
        }
        self.note(key, spec);
        if spec.value == Value::Flag {
            self.flag(key, spec);
        }
        if is_assignment(input) {
            self.assigned(key, spec, input, place);
        } else if !at_end(input) {
            self.misplaced(key, spec, input);
        } else if spec.value != Value::Flag {
            self.errors.push(messages::value_missing(key, spec));
        }
    }

    /// The fence is told of a flag, unless it is for the macro alone.
    fn flag(&mut self, key: &Ident, spec: &Spec) {
        match spec.name {
            "try" => self.fallible = Some(key.clone()),
            "nested" => {}
            _ => self.set(key, Argument::Nothing),
        }
    }

    /// `key = value`
    fn assigned(&mut self, key: &Ident, spec: &Spec, input: ParseStream, place: Place) {
        let equals = input.parse::<Token![=]>();
        if equals.is_err() || at_end(input) {
            return self.errors.push(messages::value_missing(key, spec));
        }
        let parse = match place {
            // `timeout = limit { … }` lacks a comma, and is no struct.
            Place::Block => Expr::parse_without_eager_brace,
            _ => Expr::parse,
        };
        if let Some(value) = half_typed::value(input, parse, &mut self.errors) {
            self.assign(key, spec, &value);
        }
    }

    /// `key("code", value)`
    fn coded(&mut self, key: &Ident, spec: &Spec, input: ParseStream) {
        let Ok(group) = input.parse::<proc_macro2::Group>() else {
            return;
        };
        let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
        let values = match parse.parse2(group.stream()) {
            Ok(values) => values,
            Err(error) => {
                self.errors.push(error);
                let finished = parse.parse2(half_typed::finished(group.stream()));
                finished.unwrap_or_default()
            }
        };
        if values.is_empty() && !group.stream().is_empty() {
            return;
        }
        if spec.value == Value::Condition {
            return self.condition(key, spec, group.span(), &values);
        }
        let mut values = values.iter();
        match (values.next(), values.next(), values.next()) {
            (Some(code), Some(value), None) => self.assign_coded(key, spec, code, value),
            _ => self
                .errors
                .push(messages::bracket_needs_two(key, group.span(), spec)),
        }
    }

    /// `key: value`, `key[value]`, `key value`
    fn misplaced(&mut self, key: &Ident, spec: &Spec, input: ParseStream) {
        let span = input.span();
        let is_group = input.peek(token::Paren) || input.peek(token::Bracket);
        let is_sign = input.peek(Token![:]) || input.peek(Token![=>]) || input.peek(Token![==]);
        self.errors.push(match spec.value {
            Value::Flag if is_group || is_sign => messages::value_unwanted(key, span),
            Value::Flag => return,
            Value::Condition if is_group || is_sign => {
                let place = input.fork().parse::<TokenTree>().ok();
                condition_messages::form(key, place, spec)
            }
            _ if is_group => messages::wrong_bracket(key, span, spec),
            _ if is_sign => messages::no_equals(key, span, spec),
            _ => messages::value_missing(key, spec),
        });
        skip_argument(input);
    }

    /// Only what has a code of its own may be given again.
    fn note(&mut self, key: &Ident, spec: &Spec) {
        let may_repeat = matches!(spec.value, Value::Trigger | Value::Condition);
        match self.seen.iter().find(|seen| *seen == key) {
            Some(first) if !may_repeat => self.errors.push(messages::twice(key, first, spec)),
            Some(_) => {}
            None => self.note_first(key, spec),
        }
    }

    fn note_first(&mut self, key: &Ident, spec: &Spec) {
        let excluded = |seen: &Ident| spec.excluded().is_some_and(|other| seen == other);
        if self.seen.iter().any(excluded) {
            self.errors.push(messages::grace_and_cooperative(key));
        }
        self.seen.push(key.clone());
    }

    fn bare_literal(&mut self, literal: &Lit) {
        let is_time = matches!(literal, Lit::Str(text) if duration::read(&text.value()).is_ok());
        self.errors.push(messages::bare_literal(literal, is_time));
    }

    fn not_an_option(&mut self, input: ParseStream) {
        let start = input.span();
        skip_argument(input);
        self.errors.push(messages::not_an_option(start));
    }

    /// The comma behind an argument. Where it is missing, the next option is read all the same.
    fn separator(&mut self, input: ParseStream) {
        if input.is_empty() || input.parse::<Token![,]>().is_ok() {
            return;
        }
        let span = input.span();
        if input.peek(Token![;]) || input.peek(Token![=>]) {
            let _: syn::Result<Option<Token![;]>> = input.parse();
            let _: syn::Result<Option<Token![=>]>> = input.parse();
            return self
                .errors
                .push(block_messages::sign_behind_an_option(span));
        }
        self.errors.push(messages::comma_missing(span));
        if !input.peek(syn::Ident::peek_any) && !input.peek(token::Brace) {
            skip_argument(input);
            let _: syn::Result<Token![,]> = input.parse();
        }
    }
}

fn at_end(input: ParseStream) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// The tokens up to the next comma.
pub(super) fn argument_tokens(input: ParseStream) -> TokenStream {
    let mut tokens = TokenStream::new();
    while !at_end(input) {
        tokens.extend(input.parse::<TokenTree>());
    }
    tokens
}

/// Skips to the next comma, which is left.
pub(super) fn skip_argument(input: ParseStream) {
    while !at_end(input) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
