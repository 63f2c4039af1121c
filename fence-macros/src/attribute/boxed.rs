//! Functions that `#[async_trait]` has expanded before the attribute was reached.

use super::function::Function;
use crate::scan::{self, is_ident, is_punct};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{AssocType, ReturnType, Type};

/// `{ …; Box::pin(async move { … }) }`, taken apart.
pub(super) struct Boxed {
    /// What comes before the arguments of `Box::pin`.
    pub(super) before: TokenStream,
    /// The arguments.
    pub(super) future: Group,
    /// Whether another macro looks for `Box::pin(async move { … })`.
    pub(super) keeps_shape: bool,
}

/// Finds the boxed body, if the function has one and returns a boxed future.
pub(super) fn find(function: &Function, keeps_shape: bool) -> Option<Boxed> {
    if function.signature.asyncness.is_some() {
        return None;
    }
    let output = super::output::of(&function.signature)?;
    if !scan::mentions(&output.to_token_stream(), "Output") {
        return None;
    }
    let mut before: Vec<TokenTree> = function.body.stream().into_iter().collect();
    let Some(TokenTree::Group(future)) = before.pop() else {
        return None;
    };
    let is_pinned = is_ident(before.last(), "pin")
        && before.len() >= 4
        && is_punct(before.get(before.len() - 2), ':')
        && is_ident(before.get(before.len() - 4), "Box");
    (is_pinned && is_async_block(&future)).then(|| Boxed {
        before: before.into_iter().collect(),
        future,
        keeps_shape,
    })
}

/// `(async move { … })`
fn is_async_block(arguments: &Group) -> bool {
    let inner: Vec<TokenTree> = arguments.stream().into_iter().collect();
    let ends_in_block = matches!(
        inner.last(),
        Some(TokenTree::Group(block)) if block.delimiter() == Delimiter::Brace
    );
    arguments.delimiter() == Delimiter::Parenthesis
        && (2..=3).contains(&inner.len())
        && is_ident(inner.first(), "async")
        && ends_in_block
}

/// `dyn Future<Output = T>` → `dyn Future<Output = Fenced<T>>`
pub(super) fn wrap_output(output: &mut ReturnType, krate: &TokenStream) {
    struct Wrap<'a>(&'a TokenStream);
    impl VisitMut for Wrap<'_> {
        fn visit_assoc_type_mut(&mut self, node: &mut AssocType) {
            let (krate, inner) = (self.0, &node.ty);
            if node.ident == "Output" {
                node.ty = Type::Verbatim(quote!(#krate::Fenced<#inner>));
            } else {
                visit_mut::visit_assoc_type_mut(self, node);
            }
        }
    }
    if let ReturnType::Type(_, output) = output {
        Wrap(krate).visit_type_mut(output);
    }
}
