//! Warnings, which a macro can only give as the use of a deprecated item.

use crate::messages::lint as messages;
use crate::scan::Seen;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// Everything that is worth a warning in the body of a fence; `place` is where a warning about
/// the whole body goes.
pub(crate) fn check(body: &Seen, place: Span) -> TokenStream {
    let mut warnings = TokenStream::new();
    for (span, call) in &body.blocking {
        let text = messages::blocking(*call);
        warnings.extend(warning("blocking_call_inside_a_fence", text, *span));
    }
    if !body.awaits {
        let name = "fence_around_code_that_never_awaits";
        warnings.extend(warning(name, messages::NEVER_AWAITS, place));
    }
    warnings
}

/// Only the use has the user's span: that is where the compiler warns.
///
/// ```text
/// const _: () = {
///     #[deprecated(note = "`std::thread::sleep` blocks …")]
///     #[allow(non_upper_case_globals)]
///     const blocking_call_inside_a_fence: () = ();
///     blocking_call_inside_a_fence
/// };
/// ```
fn warning(name: &str, text: &str, span: Span) -> TokenStream {
    let definition = Ident::new(name, Span::call_site());
    let usage = Ident::new(name, span.resolved_at(Span::call_site()));
    quote! {
        const _: () = {
            #[deprecated(note = #text)]
            #[allow(non_upper_case_globals)]
            const #definition: () = ();
            #usage
        };
    }
}
