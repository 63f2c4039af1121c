//! Reads `unless("code", || condition)`.

use super::value::{bare, string};
use super::{Argument, Options};
use crate::grammar::Spec;
use crate::messages::{condition as messages, option as option_messages};
use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Expr, LitStr, Token};

impl Options {
    /// What stands in the bracket.
    pub(super) fn condition(
        &mut self,
        key: &Ident,
        spec: &Spec,
        bracket: Span,
        values: &Punctuated<Expr, Token![,]>,
    ) {
        let values: Vec<&Expr> = values.iter().map(bare).collect();
        self.errors.push(match values.as_slice() {
            [code, condition] if string(code).is_none() && string(condition).is_some() => {
                messages::code_comes_first(key, condition, spec)
            }
            [code, condition] => return self.code_and_condition(key, spec, code, condition),
            [only] if string(only).is_some() => messages::missing(key, bracket, spec),
            [Expr::Closure(_)] => messages::code_missing(key, bracket, spec),
            _ => messages::not_two(key, bracket, spec),
        });
    }

    fn code_and_condition(&mut self, key: &Ident, spec: &Spec, code: &Expr, condition: &Expr) {
        let code = self.errors.keep(read_code(key, spec, code));
        let condition = self.errors.keep(read_condition(key, spec, condition));
        if let Some(code) = code {
            self.note_code(key, code);
        }
        if let (Some(code), Some(value)) = (code, condition) {
            let code = code.to_token_stream();
            self.set(key, Argument::Coded { code, value });
        }
    }

    /// Two conditions for one code are one question, and better asked as one.
    fn note_code(&mut self, key: &Ident, code: &LitStr) {
        let same = |seen: &&LitStr| seen.value() == code.value();
        match self.conditions.iter().find(same) {
            Some(first) => self.errors.push(messages::twice(key, code, first)),
            None => self.conditions.push(code.clone()),
        }
    }
}

fn read_code<'a>(key: &Ident, spec: &Spec, code: &'a Expr) -> syn::Result<&'a LitStr> {
    match string(code) {
        None => Err(messages::code_is_no_literal(key, code, spec)),
        Some(text) if text.value().trim().is_empty() => {
            Err(option_messages::empty_code(key, text, spec))
        }
        Some(text) => Ok(text),
    }
}

/// An expression keeps its tokens, the compiler knows whether it is a closure.
fn read_condition(key: &Ident, spec: &Spec, condition: &Expr) -> syn::Result<TokenStream> {
    match condition {
        Expr::Lit(_) | Expr::Array(_) => Err(option_messages::wrong_kind(key, condition, spec)),
        _ => Ok(condition.to_token_stream()),
    }
}
