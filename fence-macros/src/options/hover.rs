//! What an editor shows over an option.

use super::Options;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::sync::OnceLock;

impl Options {
    /// Names the documented item of each option at the place of its key, for rust-analyzer alone: a
    /// compiler would only be kept busy.
    ///
    /// ```text
    /// let _ = ::fence::__private::option::timeout;
    /// ```
    pub(crate) fn hovers(&self, krate: &TokenStream) -> TokenStream {
        if !is_editor() {
            return TokenStream::new();
        }
        let items = self.keys.iter().map(|key| {
            let place = key.span().resolved_at(Span::call_site());
            let item = match key.to_string().as_str() {
                // The path of a crate cannot be the name of anything.
                "crate" => return TokenStream::new(),
                "try" => Ident::new_raw("try", place),
                name => Ident::new(name, place),
            };
            quote!(let _ = #krate::__private::option::#item;)
        });
        items.collect()
    }
}

/// Whether the macros are expanded by a process of rust-analyzer.
fn is_editor() -> bool {
    static IS_EDITOR: OnceLock<bool> = OnceLock::new();
    *IS_EDITOR.get_or_init(|| {
        let program = std::env::current_exe().unwrap_or_default();
        let name = program.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with("rust-analyzer")
    })
}
