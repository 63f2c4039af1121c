//! The options of both macros: what they are, and what they expand to.

mod code;
mod condition;
mod half_typed;
mod hover;
mod list;
mod site;
mod value;

pub(crate) use list::{attribute, block};

use crate::errors::Errors;
use crate::messages::function as function_messages;
use crate::scan;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use std::time::Duration;
use syn::{LitStr, Path};

/// What was understood, in the order in which it was written, and what was not.
#[derive(Default)]
pub(crate) struct Options {
    settings: Vec<Setting>,
    /// `crate = …`, the path of the library.
    pub(crate) krate: Option<Path>,
    /// `try`: the function keeps its signature.
    pub(crate) fallible: Option<Ident>,
    /// Whether `name = …` was given.
    pub(crate) named: bool,
    /// The name, if it is known at compile time.
    pub(crate) name: Option<LitStr>,
    /// The options given so far, to notice a second one.
    seen: Vec<Ident>,
    /// Every key as it was written.
    keys: Vec<Ident>,
    /// The codes that have an `unless`, for the same reason.
    conditions: Vec<LitStr>,
    pub(crate) errors: Errors,
}

/// One option that the runtime is told of.
struct Setting {
    key: Ident,
    argument: Argument,
}

enum Argument {
    /// `.timeout(code, value)`
    Coded {
        code: TokenStream,
        value: TokenStream,
    },
    /// `.timeout(code, value)` with literals: part of the site.
    Constant { code: TokenStream, limit: Duration },
    /// The name of an event: part of the site too.
    Named(TokenStream),
    /// `.on("", value).code(code)`: what is written before the value does not depend on it, as an
    /// editor compares the text before the cursor.
    Derived {
        code: TokenStream,
        value: TokenStream,
    },
    /// `.name(value)`
    Plain(TokenStream),
    /// `.linked()`
    Nothing,
}

impl Argument {
    fn coded(constant: Option<Duration>, code: TokenStream, value: TokenStream) -> Self {
        match constant {
            Some(limit) => Self::Constant { code, limit },
            None => Self::Coded { code, value },
        }
    }
}

impl Options {
    /// The value that the runtime builds a fence from.
    ///
    /// ```text
    /// timeout = "30s", on = "shutdown", on = self.stop
    /// ---
    /// { static SITE: ::fence::__private::Site = …; ::fence::__private::at(&SITE, …) }
    ///     .on("", &(self.stop)).code("stop")
    /// ```
    pub(crate) fn expression(&self, krate: &TokenStream) -> TokenStream {
        let mut expression = self.site(krate);
        for setting in &self.settings {
            expression.extend(setting.call());
        }
        expression
    }

    /// Whether there is something to evaluate.
    pub(crate) fn has_values(&self) -> bool {
        let is_constant = |setting: &Setting| {
            matches!(
                setting.argument,
                Argument::Constant { .. } | Argument::Named(_)
            )
        };
        !self.settings.iter().all(is_constant)
    }

    /// The tokens that the user wrote as values, to look for names in them.
    pub(crate) fn values(&self) -> TokenStream {
        let values = self.settings.iter().map(|setting| match &setting.argument {
            Argument::Coded { code, value } => quote!(#code #value),
            Argument::Derived { value, .. } | Argument::Named(value) | Argument::Plain(value) => {
                value.clone()
            }
            Argument::Constant { .. } | Argument::Nothing => TokenStream::new(),
        });
        values.collect()
    }

    /// In an attribute, options are evaluated by a function that only returns a future.
    pub(crate) fn refuse_question_marks(&mut self) {
        let errors = &mut self.errors;
        self.settings.retain(|setting| {
            let mark = setting
                .value()
                .and_then(|value| scan::look(value).question_mark);
            if let Some(mark) = mark {
                errors.push(function_messages::question_mark_in_an_option(
                    &setting.key,
                    mark,
                ));
            }
            mark.is_none()
        });
    }

    fn set(&mut self, key: &Ident, argument: Argument) {
        self.settings.push(Setting {
            key: key.clone(),
            argument,
        });
    }
}

impl Setting {
    /// What is evaluated.
    fn value(&self) -> Option<&TokenStream> {
        match &self.argument {
            Argument::Coded { value, .. }
            | Argument::Derived { value, .. }
            | Argument::Plain(value) => Some(value),
            Argument::Constant { .. } | Argument::Named(_) | Argument::Nothing => None,
        }
    }

    /// The method carries the place of the user's key, so that hovering over an option shows its
    /// documentation, and a value of the wrong type is shown together with its option.
    fn call(&self) -> TokenStream {
        let key = self.key();
        let span = key.span();
        match &self.argument {
            Argument::Coded { code, value } => quote_spanned!(span=> .#key(#code, #value)),
            Argument::Derived { code, value } => {
                quote_spanned!(span=> .#key("", #value).code(#code))
            }
            Argument::Plain(value) => quote_spanned!(span=> .#key(#value)),
            Argument::Nothing => quote_spanned!(span=> .#key()),
            Argument::Constant { .. } | Argument::Named(_) => TokenStream::new(),
        }
    }

    fn key(&self) -> Ident {
        let span = self.key.span().resolved_at(Span::call_site());
        Ident::new(&self.key.to_string(), span)
    }
}
