//! The options of both macros: what they are, and what they expand to.

mod code;
mod condition;
pub(crate) mod duration;
mod list;
mod table;
mod value;

pub(crate) use list::{attribute, block};
pub(crate) use table::{Place, Spec, Value};

use crate::errors::Errors;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
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
    /// The options given so far, to notice a second one.
    seen: Vec<Ident>,
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
    /// `.on_named(…)`
    Named(TokenStream),
    /// `.name(value)`
    Plain(TokenStream),
    /// `.linked()`
    Nothing,
}

impl Options {
    /// The value that the runtime builds a fence from.
    ///
    /// ```text
    /// timeout = "30s", on = "shutdown", on = self.stop
    /// ---
    /// ::fence::__private::options()
    ///     .timeout("timeout", ::core::time::Duration::new(30u64, 0u32))
    ///     .on_named({ static NAMED: … = ::fence::__private::Named::new("shutdown"); &NAMED })
    ///     .on("stop", &(self.stop))
    /// ```
    pub(crate) fn expression(&self, krate: &TokenStream) -> TokenStream {
        let mut expression = quote!(#krate::__private::options());
        for setting in &self.settings {
            expression.extend(setting.call(krate));
        }
        expression
    }

    /// The tokens that the user wrote as values, to look for names in them.
    pub(crate) fn values(&self) -> TokenStream {
        let values = self.settings.iter().map(|setting| match &setting.argument {
            Argument::Coded { code, value } => quote!(#code #value),
            Argument::Named(value) | Argument::Plain(value) => value.clone(),
            Argument::Nothing => TokenStream::new(),
        });
        values.collect()
    }

    fn set(&mut self, key: &Ident, argument: Argument) {
        self.settings.push(Setting {
            key: key.clone(),
            argument,
        });
    }
}

impl Setting {
    /// The method carries the place of the user's key, so that hovering over an option shows its
    /// documentation, and a value of the wrong type is shown together with its option.
    fn call(&self, krate: &TokenStream) -> TokenStream {
        let span = self.key.span().resolved_at(Span::call_site());
        let key = Ident::new(&self.key.to_string(), span);
        match &self.argument {
            Argument::Coded { code, value } => quote_spanned!(span=> .#key(#code, #value)),
            Argument::Plain(value) => quote_spanned!(span=> .#key(#value)),
            Argument::Nothing => quote_spanned!(span=> .#key()),
            Argument::Named(name) => {
                let named = quote!(#krate::__private::Named);
                quote!(.on_named({ static NAMED: #named = #named::new(#name); &NAMED }))
            }
        }
    }
}
