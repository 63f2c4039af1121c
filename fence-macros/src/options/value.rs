//! Reads the value of one option.

use super::{Argument, Options, code};
use crate::grammar::{Spec, Value, duration};
use crate::messages::{
    condition as condition_messages, duration as duration_messages, option as messages,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use std::time::Duration;
use syn::spanned::Spanned;
use syn::{Expr, Lit, LitStr};

impl Options {
    /// `key = value`
    pub(super) fn assign(&mut self, key: &Ident, spec: &Spec, value: &Expr) {
        let value = bare(value);
        match spec.value {
            Value::Limit | Value::Instant => self.timed(key, spec, value),
            Value::Trigger => self.triggers(key, spec, value),
            Value::Condition => {
                self.errors.push(condition_messages::form(key, value, spec));
            }
            Value::Text => self.text(key, spec, value),
            Value::Switch => self.switch(key, spec, value),
            Value::Path => self.path(key, spec, value),
            Value::Flag => self
                .errors
                .push(messages::value_unwanted(key, value.span())),
        }
    }

    /// `key("code", value)`
    pub(super) fn assign_coded(&mut self, key: &Ident, spec: &Spec, code: &Expr, value: &Expr) {
        let (code, value) = (bare(code), bare(value));
        if let Some(text) = string(code) {
            if text.value().trim().is_empty() {
                return self.errors.push(messages::empty_code(key, text, spec));
            }
        }
        if swapped(spec, code, value) {
            return self
                .errors
                .push(messages::code_comes_first(key, value, spec));
        }
        let argument = match (spec.value, string(value)) {
            (Value::Trigger, Some(name)) => Err(messages::named_under_code(name)),
            (Value::Trigger, None) => trigger(key, spec, value),
            _ => time(key, spec, value),
        };
        let constant = string(code).and_then(|_| constant(spec, value));
        if let Some(value) = self.errors.keep(argument) {
            let code = code.to_token_stream();
            self.set(key, Argument::coded(constant, code, value));
        }
    }

    /// A time trigger without a code has the name of its option. A time that is no trigger, such
    /// as the grace, has no code at all.
    fn timed(&mut self, key: &Ident, spec: &Spec, value: &Expr) {
        let constant = constant(spec, value);
        let Some(value) = self.errors.keep(time(key, spec, value)) else {
            return;
        };
        let argument = if spec.has_code() {
            let code = spec.name.to_token_stream();
            Argument::coded(constant, code, value)
        } else {
            Argument::Plain(value)
        };
        self.set(key, argument);
    }

    /// `on = "shutdown"`, `on = SHUTDOWN`, `on = ["shutdown", SHUTDOWN]`
    fn triggers(&mut self, key: &Ident, spec: &Spec, value: &Expr) {
        match value {
            Expr::Array(list) if list.elems.is_empty() => {
                self.errors.push(messages::empty_list(list));
            }
            Expr::Array(list) => {
                for value in &list.elems {
                    self.trigger(key, spec, bare(value));
                }
            }
            _ => self.trigger(key, spec, value),
        }
    }

    fn trigger(&mut self, key: &Ident, spec: &Spec, value: &Expr) {
        let argument = match string(value) {
            Some(name) => not_empty(key, name)
                .and_then(|()| self.room_for(key, name))
                .map(|()| Argument::Named(name.to_token_stream())),
            None => trigger(key, spec, value).map(|trigger| self.derived(value, trigger)),
        };
        if let Some(argument) = self.errors.keep(argument) {
            self.set(key, argument);
        }
    }

    /// A trigger whose name is in the expression.
    fn derived(&mut self, value: &Expr, trigger: TokenStream) -> Argument {
        let code = code::derive(value);
        if code.is_none() {
            self.errors.push(messages::no_code(value));
        }
        Argument::Derived {
            code: code.unwrap_or_default().to_token_stream(),
            value: trigger,
        }
    }

    fn text(&mut self, key: &Ident, spec: &Spec, value: &Expr) {
        let text = match (value, string(value)) {
            (_, Some(text)) => not_empty(key, text),
            (Expr::Lit(_) | Expr::Array(_), _) => Err(messages::wrong_kind(key, value, spec)),
            _ => Ok(()),
        };
        if self.errors.keep(text).is_some() {
            self.named = true;
            self.name = string(value).cloned();
            if self.name.is_none() {
                self.set(key, Argument::Plain(value.to_token_stream()));
            }
        }
    }

    fn switch(&mut self, key: &Ident, spec: &Spec, value: &Expr) {
        match value {
            Expr::Lit(literal) if !matches!(literal.lit, Lit::Bool(_)) => {
                self.errors.push(messages::wrong_kind(key, value, spec));
            }
            _ => self.set(key, Argument::Plain(value.to_token_stream())),
        }
    }

    /// `crate = renamed` or `crate = "renamed"`
    fn path(&mut self, key: &Ident, spec: &Spec, value: &Expr) {
        let path = match (value, string(value)) {
            (Expr::Path(path), _) if path.qself.is_none() => Some(path.path.clone()),
            (_, Some(text)) => text.parse().ok(),
            _ => None,
        };
        match path {
            Some(path) => self.krate = Some(path),
            None => self.errors.push(messages::wrong_kind(key, value, spec)),
        }
    }
}

/// A duration or an instant. An expression keeps its tokens, the compiler knows its type.
fn time(key: &Ident, spec: &Spec, value: &Expr) -> syn::Result<TokenStream> {
    match (value, spec.value) {
        (Expr::Unary(unary), _) if is_number(&unary.expr) => {
            Err(duration_messages::negative(key, value))
        }
        (Expr::Lit(literal), Value::Instant) => Err(match literal.lit {
            Lit::Str(_) | Lit::Int(_) | Lit::Float(_) => messages::duration_as_deadline(value),
            _ => messages::wrong_kind(key, value, spec),
        }),
        (Expr::Lit(literal), _) => limit(key, spec, &literal.lit),
        (Expr::Array(_), _) => Err(messages::wrong_kind(key, value, spec)),
        _ => Ok(value.to_token_stream()),
    }
}

fn limit(key: &Ident, spec: &Spec, literal: &Lit) -> syn::Result<TokenStream> {
    match literal {
        Lit::Str(text) => match duration::read(&text.value()) {
            Ok(duration) => Ok(duration::write(duration)),
            Err(wrong) => Err(duration_messages::invalid(key, text, &wrong)),
        },
        Lit::Int(number) if !number.suffix().is_empty() => {
            Err(duration_messages::unquoted(key, literal))
        }
        Lit::Float(number) if !number.suffix().is_empty() => {
            Err(duration_messages::unquoted(key, literal))
        }
        Lit::Int(_) | Lit::Float(_) => Err(duration_messages::bare_number(key, literal)),
        _ => Err(messages::wrong_kind(key, literal, spec)),
    }
}

/// A length of time that is in the text, and can be in a table: an idle limit has a clock of its own.
fn constant(spec: &Spec, value: &Expr) -> Option<Duration> {
    let is_tabulated = spec.value == Value::Limit && spec.name != "idle";
    let text = string(value).filter(|_| is_tabulated)?;
    duration::read(&text.value()).ok()
}

/// A trigger is borrowed: the expression may name an argument that the body needs as well.
fn trigger(key: &Ident, spec: &Spec, value: &Expr) -> syn::Result<TokenStream> {
    match value {
        Expr::Lit(_) | Expr::Array(_) => Err(messages::wrong_kind(key, value, spec)),
        Expr::Unary(unary) if is_number(&unary.expr) => Err(messages::wrong_kind(key, value, spec)),
        _ => Ok(borrowed(value)),
    }
}

/// With the place of the expression, where a message about its type belongs.
fn borrowed(value: &Expr) -> TokenStream {
    let place = value.span().resolved_at(Span::mixed_site());
    quote_spanned!(place=> &(#value))
}

/// `timeout("5s", "db")`: the duration where the code should be.
fn swapped(spec: &Spec, code: &Expr, value: &Expr) -> bool {
    let is_duration = |text: &LitStr| duration::read(&text.value()).is_ok();
    let (Some(code), Some(value)) = (string(code), string(value)) else {
        return false;
    };
    spec.value == Value::Limit && is_duration(code) && !is_duration(value)
}

fn not_empty(key: &Ident, text: &LitStr) -> syn::Result<()> {
    if text.value().trim().is_empty() {
        Err(messages::empty_text(key, text))
    } else {
        Ok(())
    }
}

/// The expression without the invisible groups that `macro_rules!` puts around its fragments.
pub(super) fn bare(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

pub(super) fn string(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Lit(syn::ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text),
        _ => None,
    }
}

fn is_number(value: &Expr) -> bool {
    matches!(bare(value), Expr::Lit(literal) if matches!(literal.lit, Lit::Int(_) | Lit::Float(_)))
}
