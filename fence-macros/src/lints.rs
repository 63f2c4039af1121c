//! Warnings. A macro cannot give one of its own, so each is something that ought to be used and is
//! not, with the text as the reason.

use crate::scan::{Blocking, Seen};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

/// Everything that is worth a warning in the body of a fence; `place` is where a warning about
/// the whole body goes.
pub(crate) fn check(body: &Seen, place: Span, krate: &TokenStream) -> TokenStream {
    let mut warnings = TokenStream::new();
    for (span, call) in &body.blocking {
        let name = match call {
            Blocking::Sleep => "thread_sleep_in_a_fence",
            Blocking::BlockOn => "block_on_in_a_fence",
        };
        warnings.extend(warning(name, *span, krate));
    }
    if !body.awaits {
        warnings.extend(warning("fence_without_an_await", place, krate));
    }
    warnings
}

/// The name has the user's span, and not one of the macro at the same place: else the compiler would
/// show the whole macro call.
///
/// ```text
/// let fence_without_an_await = ::fence::__private::lint::fence_without_an_await;
/// fence_without_an_await();
/// ```
fn warning(name: &str, place: Span, krate: &TokenStream) -> TokenStream {
    let (item, local) = (Ident::new(name, Span::call_site()), Ident::new(name, place));
    let call = quote_spanned!(place=> #local(););
    quote! {
        let #local = #krate::__private::lint::#item;
        #call
    }
}
