//! Writes what is known at compile time as a table, which costs a fence one pointer.

use super::{Argument, Options, Setting, duration};
use crate::messages::option as messages;
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::LitStr;

impl Options {
    /// The start of the options.
    ///
    /// ```text
    /// ::fence::__private::options_at({
    ///     static EVENTS: [::fence::__private::Named; 1] = [::fence::__private::Named::new("shutdown")];
    ///     static SITE: ::fence::__private::Site = ::fence::__private::Site {
    ///         name: ::core::option::Option::Some("fetch"),
    ///         times: &[::fence::__private::Time::timeout("timeout", ::core::time::Duration::new(…))],
    ///         limit: ::core::option::Option::Some(::core::time::Duration::new(…)),
    ///         events: &EVENTS,
    ///     };
    ///     &SITE
    /// })
    /// ```
    pub(super) fn site(&self, krate: &TokenStream) -> TokenStream {
        let private = quote!(#krate::__private);
        let (times, events) = (self.times(&private), self.events(&private));
        // A table by itself: each event is looked up in place.
        let count = events.len();
        if self.name.is_none() && times.is_empty() && events.is_empty() {
            return quote!(#private::options());
        }
        let (name, limit) = (optional(self.name.as_ref()), optional(self.limit()));
        quote! {
            #private::options_at({
                static EVENTS: [#private::Named; #count] = [#(#events),*];
                static SITE: #private::Site = #private::Site {
                    name: #name,
                    times: &[#(#times),*],
                    limit: #limit,
                    events: &EVENTS,
                };
                &SITE
            })
        }
    }

    /// A fence knows of 64 names which of them are bound.
    pub(super) fn room_for(&self, key: &Ident, name: &LitStr) -> syn::Result<()> {
        let is_named = |setting: &&Setting| matches!(setting.argument, Argument::Named(_));
        if self.settings.iter().filter(is_named).count() < 64 {
            Ok(())
        } else {
            Err(messages::too_many_names(key, name))
        }
    }

    /// The shortest of the constant lengths of time.
    fn limit(&self) -> Option<TokenStream> {
        let constant = |setting: &Setting| match &setting.argument {
            Argument::Constant { limit, .. } => Some(*limit),
            _ => None,
        };
        let limit = self.settings.iter().filter_map(constant).min()?;
        Some(duration::write(limit))
    }

    fn times(&self, private: &TokenStream) -> Vec<TokenStream> {
        let time = |setting: &Setting| match &setting.argument {
            Argument::Constant { code, limit } => {
                let (key, limit) = (setting.key(), duration::write(*limit));
                Some(quote!(#private::Time::#key(#code, #limit)))
            }
            _ => None,
        };
        self.settings.iter().filter_map(time).collect()
    }

    fn events(&self, private: &TokenStream) -> Vec<TokenStream> {
        let event = |setting: &Setting| match &setting.argument {
            Argument::Named(name) => Some(quote!(#private::Named::new(#name))),
            _ => None,
        };
        self.settings.iter().filter_map(event).collect()
    }
}

fn optional(value: Option<impl ToTokens>) -> TokenStream {
    if let Some(value) = value {
        quote!(::core::option::Option::Some(#value))
    } else {
        quote!(::core::option::Option::None)
    }
}
