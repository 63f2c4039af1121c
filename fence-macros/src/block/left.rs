//! What a `{ … }` becomes if something can leave it.

use super::jumps::Jumps;
use super::local;
use proc_macro2::{Group, Span, TokenStream};
use quote::{quote, quote_spanned};

/// One expansion.
pub(super) struct Block<'a> {
    pub(super) krate: &'a TokenStream,
    /// The value that the runtime builds a fence from.
    pub(super) options: TokenStream,
    /// Mistakes and warnings.
    pub(super) reports: TokenStream,
    pub(super) code: &'a Group,
}

impl Block<'_> {
    /// Nothing but `break` and `continue` can leave the block. It evaluates to a type that no
    /// `return` in it can have: one that was overlooked is an error, and never another meaning.
    ///
    /// ```text
    /// fenced!(timeout = "5s", { if id == 0 { break } fetch(id).await })
    /// ---
    /// {
    ///     let mut __fence_exit = 0;
    ///     let __fence_options = …;
    ///     let __fence_ended = $crate::__private::fence(__fence_options, async {
    ///         let __fence_value = {
    ///             if id == 0 { { __fence_exit = 1; return $crate::__private::Value(None) } }
    ///             fetch(id).await
    ///         };
    ///         $crate::__private::Value(Some(__fence_value))
    ///     }).await;
    ///     if __fence_exit == 1 { break; }
    ///     $crate::__private::value(__fence_ended)
    /// }
    /// ```
    pub(super) fn sealed(self, has_jumps: bool) -> TokenStream {
        let (krate, value, ended) = (self.krate, local("__fence_value"), local("__fence_ended"));
        let leave = quote!(return #krate::__private::Value(::core::option::Option::None));
        let jumps = self.jumps(has_jumps, &leave);
        let (slots, go, code) = (jumps.slots(), jumps.go(), &jumps.block);
        let (introduction, reports, options) = (self.introduction(), &self.reports, &self.options);
        let let_options = local("__fence_options");
        quote! {{
            #slots
            let #let_options = #options;
            let #ended = #krate::__private::fence(#let_options, #introduction {
                let #value = #code;
                #reports
                #[allow(unreachable_code)]
                #krate::__private::Value(::core::option::Option::Some(#value))
            }).await;
            #go
            #krate::__private::value(#ended)
        }}
    }

    /// The `async` block evaluates to what the function around it returns, so `return` and `?` in it
    /// mean what they say, wherever they are hidden. Its value goes out by a slot.
    ///
    /// ```text
    /// fenced!(timeout = "5s", { if id == 0 { return Ok(0) } fetch(id).await? })
    /// ---
    /// {
    ///     let mut __fence_slot = None;
    ///     let __fence_block = $crate::__private::Block::new();
    ///     if let Some(__fence_value) = __fence_block.never() { return __fence_value; }
    ///     let __fence_options = …;
    ///     let __fence_ended = $crate::__private::fence(__fence_options, __fence_block.body(async {
    ///         if let Some(__fence_value) = __fence_block.never() { return __fence_value; }
    ///         let __fence_value = { if id == 0 { return Ok(0) } fetch(id).await? };
    ///         __fence_slot = Some(__fence_value);
    ///         match __fence_block.end().await {}
    ///     })).await;
    ///     match $crate::__private::left(__fence_ended, __fence_slot) {
    ///         Ok(__fence_ended) => __fence_ended,
    ///         Err(__fence_value) => return __fence_value,
    ///     }
    /// }
    /// ```
    ///
    /// The two `return`s that never run tell the compiler early what is to be returned, at the place
    /// of the brace; a `?` needs none of them.
    pub(super) fn with_slot(self, has_jumps: bool, returns: bool) -> TokenStream {
        let (krate, value, ended) = (self.krate, local("__fence_value"), local("__fence_ended"));
        let (block, slot) = (local("__fence_block"), local("__fence_slot"));
        let leave = quote!(match #block.end().await {});
        let jumps = self.jumps(has_jumps, &leave);
        let (slots, go, code) = (jumps.slots(), jumps.go(), &jumps.block);
        let mut expected = value.clone();
        expected.set_span(self.code.span_open().resolved_at(Span::mixed_site()));
        let expects = returns.then(|| {
            quote! {
                if let ::core::option::Option::Some(#value) = #block.never() {
                    return #expected;
                }
            }
        });
        let (introduction, reports, options) = (self.introduction(), &self.reports, &self.options);
        let let_options = local("__fence_options");
        quote! {{
            #slots
            let mut #slot = ::core::option::Option::None;
            let #block = #krate::__private::Block::new();
            #expects
            let #let_options = #options;
            let #ended = #krate::__private::fence(#let_options, #block.body(#introduction {
                #expects
                let #value = #code;
                #reports
                #[allow(unreachable_code)]
                {
                    #slot = ::core::option::Option::Some(#value);
                    #leave
                }
            })).await;
            #go
            match #krate::__private::left(#ended, #slot) {
                ::core::result::Result::Ok(#ended) => #ended,
                ::core::result::Result::Err(#value) => return #value,
            }
        }}
    }

    fn jumps(&self, has_jumps: bool, leave: &TokenStream) -> Jumps {
        if has_jumps {
            Jumps::find(self.code, leave)
        } else {
            Jumps::none(self.code)
        }
    }

    /// `async`, at the place of the user's brace.
    fn introduction(&self) -> TokenStream {
        let place = self.code.span_open().resolved_at(Span::call_site());
        quote_spanned!(place=> async)
    }
}
