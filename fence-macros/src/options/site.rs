//! Writes what is known at compile time, which costs a fence one pointer.

use super::{Argument, Options, Setting};
use crate::messages::option as messages;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::LitStr;

impl Options {
    /// The start of the options. There is no more than one item, and none where only the name is
    /// known: items cost the compiler most.
    ///
    /// ```text
    /// {
    ///     static SITE: ::fence::__private::Site = ::fence::__private::Site::new();
    ///     ::fence::__private::at(&SITE, "fetch", [("timeout", "db", 30, 0)], ["shutdown"])
    /// }
    /// ```
    pub(super) fn site(&self, krate: &TokenStream) -> TokenStream {
        let (times, events) = (self.times(), self.events());
        match &self.name {
            None if times.is_empty() && events.is_empty() => quote!(#krate::__private::options()),
            Some(name) if times.is_empty() && events.is_empty() => {
                quote!(#krate::__private::named(#name))
            }
            name => {
                let name = name
                    .as_ref()
                    .map_or_else(|| Literal::string(""), LitStr::token);
                quote!({
                    static SITE: #krate::__private::Site = #krate::__private::Site::new();
                    #krate::__private::at(&SITE, #name, [#times], [#events])
                })
            }
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

    fn times(&self) -> TokenStream {
        let mut times = TokenStream::new();
        for setting in &self.settings {
            if let Argument::Constant { code, limit } = &setting.argument {
                let option = Literal::string(&setting.key.to_string());
                let seconds = Literal::u64_unsuffixed(limit.as_secs());
                let nanoseconds = Literal::u32_unsuffixed(limit.subsec_nanos());
                times.extend(quote!((#option, #code, #seconds, #nanoseconds),));
            }
        }
        times
    }

    fn events(&self) -> TokenStream {
        let mut events = TokenStream::new();
        for setting in &self.settings {
            if let Argument::Named(name) = &setting.argument {
                events.extend(quote!(#name,));
            }
        }
        events
    }
}
