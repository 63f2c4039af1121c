//! The arguments of a fenced function.
//!
//! They are bound again at the start of the `async` block, all of them and in order. So they are
//! dropped as those of a plain `async fn` are, used or not, and the compiler's lints about unused
//! variables and needless `mut` still see them.

mod nameless;

use crate::scan;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, Pat, PatIdent, PatType, Receiver, ReceiverKind, Token, Type};

/// How arguments are passed into the `async` block.
pub(super) struct Arguments {
    /// Those of the new signature: nothing but names.
    pub(super) inputs: Punctuated<FnArg, Token![,]>,
    /// The statements that bind them again.
    pub(super) bindings: TokenStream,
}

/// ```text
/// (&self, a: A, mut b: B, Path(c): Path<C>, (d, _): (D, E))
/// ---
/// (&self, a: A, b: B, c: Path<C>, __fence_arg4: (D, E))
/// let a = a;
/// let mut b = b;
/// let c = c;
/// let Path(c) = c;
/// let __fence_arg4 = __fence_arg4;
/// let (d, _) = __fence_arg4;
/// ```
pub(super) fn rebind(inputs: &Punctuated<FnArg, Token![,]>, options: &TokenStream) -> Arguments {
    let mut bindings = TokenStream::new();
    let mut renamed = inputs.clone();
    for (position, input) in renamed.iter_mut().enumerate() {
        match input {
            FnArg::Receiver(receiver) => bindings.extend(capture(receiver)),
            FnArg::Typed(argument) => bindings.extend(bind(argument, position, options)),
        }
    }
    Arguments {
        inputs: renamed,
        bindings,
    }
}

/// In an `async fn` patterns stay where they are, and every name counts as used: another macro
/// reads them, as `#[instrument]` does.
pub(super) fn rebind_names(inputs: &Punctuated<FnArg, Token![,]>) -> Arguments {
    let plain: Punctuated<FnArg, Token![,]> =
        inputs.iter().filter(|i| is_plain(i)).cloned().collect();
    let mut renamed = rebind(&plain, &quote!(#plain));
    let mut names = renamed.inputs.into_iter();
    let mut next = |input: &FnArg| is_plain(input).then(|| names.next()).flatten();
    let written = |input: &FnArg| next(input).unwrap_or_else(|| input.clone());
    renamed.inputs = inputs.iter().map(written).collect();
    renamed
}

/// Takes `self` as a whole: edition 2021 would leave the fields behind that the body does not
/// use, and drop them at the call.
fn capture(receiver: &Receiver) -> TokenStream {
    let by_value = match &receiver.kind {
        ReceiverKind::Value => true,
        ReceiverKind::Typed(_, written) => !matches!(**written, Type::Reference(_)),
        _ => false,
    };
    let token = &receiver.self_token;
    if by_value {
        quote!(let _ = &#token;)
    } else {
        TokenStream::new()
    }
}

/// Turns the argument into a name, and says how it is bound again.
fn bind(argument: &mut PatType, position: usize, options: &TokenStream) -> TokenStream {
    let attributes: Vec<Attribute> = argument
        .attrs
        .iter()
        .filter(|attribute| applies_to_let(attribute))
        .cloned()
        .collect();
    argument
        .attrs
        .retain(|attribute| !attribute.path().is_ident("expect"));
    let text = (!options.is_empty()).then(|| name(&argument.pat, position).to_string());
    let used = text.is_some_and(|text| scan::mentions(options, &text));
    let name = name(&argument.pat, position);
    let pattern = std::mem::replace(&mut *argument.pat, Pat::Verbatim(name.to_token_stream()));
    let used = used.then(|| quote!(#(#attributes)* let _ = &#name;));
    if let Some(PatIdent { mutability, .. }) = plain(&pattern) {
        let quiet = quiet(&[&name]);
        return quote!(#(#attributes)* #quiet let #mutability #name = #name; #used);
    }
    let (outer, mut inner) = (quiet(&[&name]), bound(&pattern));
    inner.push(name.clone());
    let inner = quiet(&inner.iter().collect::<Vec<_>>());
    quote! {
        #(#attributes)* #outer let #name = #name;
        #(#attributes)* #inner let #pattern = #name;
    }
}

/// Binding an argument again shadows it on purpose, and does not use one that says it is unused.
/// None of that is the compiler's business, so nothing is said to it: attributes cost time.
fn quiet(names: &[&Ident]) -> TokenStream {
    let is_unused = |name: &&Ident| name.to_string().starts_with('_');
    let unused = names
        .iter()
        .any(is_unused)
        .then(|| quote!(, clippy::no_effect_underscore_binding, clippy::used_underscore_binding));
    let reused =
        (names.len() > 1).then(|| quote!(, clippy::shadow_reuse, clippy::shadow_unrelated));
    quote!(#[cfg_attr(clippy, allow(clippy::shadow_same #reused #unused))])
}

/// The name of an argument in the new signature. A pattern that binds one name lends it, which
/// is what its author would have called the argument.
fn name(pattern: &Pat, position: usize) -> Ident {
    if let Some(name) = plain(pattern) {
        return name.ident.clone();
    }
    match bound(pattern).as_slice() {
        [name] => name.clone(),
        _ => format_ident!("__fence_arg{position}", span = Span::mixed_site()),
    }
}

/// The names that patterns bind, and that exist only once the arguments are bound again.
pub(super) fn bound_by_pattern(input: &FnArg) -> Vec<Ident> {
    match input {
        FnArg::Typed(argument) if !is_plain(input) => bound(&argument.pat),
        _ => Vec::new(),
    }
}

/// Whether the argument is only allowed in an `async fn`.
pub(super) fn is_for_async_fn(input: &FnArg) -> bool {
    match input {
        FnArg::Typed(argument) => nameless::is_in_impl(argument.ty.to_token_stream()),
        FnArg::Receiver(_) => false,
    }
}

fn bound(pattern: &Pat) -> Vec<Ident> {
    struct Names(Vec<Ident>);
    impl VisitMut for Names {
        fn visit_pat_ident_mut(&mut self, node: &mut PatIdent) {
            let is_constant = node.ident.to_string().starts_with(char::is_uppercase);
            if !is_constant {
                self.0.push(node.ident.clone());
            }
            visit_mut::visit_pat_ident_mut(self, node);
        }
    }
    let mut names = Names(Vec::new());
    names.visit_pat_mut(&mut pattern.clone());
    names.0
}

/// Whether the argument is no more than a name.
fn is_plain(input: &FnArg) -> bool {
    match input {
        FnArg::Receiver(_) => true,
        FnArg::Typed(argument) => plain(&argument.pat).is_some(),
    }
}

fn plain(pattern: &Pat) -> Option<&PatIdent> {
    match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => Some(name),
        _ => None,
    }
}

/// Lints are about the variable, and that is the new binding.
fn applies_to_let(attribute: &Attribute) -> bool {
    const LINTS: &[&str] = &[
        "cfg", "cfg_attr", "allow", "deny", "expect", "forbid", "warn",
    ];
    LINTS.iter().any(|name| attribute.path().is_ident(name))
}
