//! Leaves a block the way that it asked for.

use super::exits::{Kind, Way, constructor};
use super::local;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Block;

/// The names in one expansion.
struct Names {
    /// `enum __FenceExit`
    exit: Ident,
    /// `__fence_value`
    value: Ident,
}

/// ```text
/// fenced!(timeout = "5s", { if id == 0 { break } fetch(id).await? })
/// ---
/// {
///     #[allow(dead_code)]
///     enum __FenceExit<V, W0, W1> { Value(V), W0(W0), W1(W1) }
///     ENDS OUTSIDE
///     let __fence_options = …;
///     match $crate::__private::fence(__fence_options, async {
///         let __fence_exit0 = |value| __FenceExit::W0(value);
///         let __fence_exit1 = |value| __FenceExit::W1(value);
///         ENDS INSIDE
///         let __fence_value = { if id == 0 { return __fence_exit0(()) } … };
///         __FenceExit::Value(__fence_value)
///     }).await {
///         Fenced::Completed(__fence_value) => match __fence_value { LEAVE },
///         Fenced::Cancelled(why) => Fenced::Cancelled(why),
///     }
/// }
/// ```
///
/// An exit that was overlooked returns a value of another type than `__FenceExit`: an error, and
/// never another meaning.
pub(super) fn around(
    krate: &TokenStream,
    reports: &TokenStream,
    expression: &TokenStream,
    ways: &[Way],
    block: &Block,
) -> TokenStream {
    let names = Names {
        exit: local("__FenceExit"),
        value: local("__fence_value"),
    };
    let definition = definition(&names, ways);
    let outside = ways
        .iter()
        .enumerate()
        .map(|(at, way)| outside(krate, &names, at, way));
    let body = body(&names, ways, block);
    let leave = ways
        .iter()
        .enumerate()
        .map(|(at, way)| leave(&names, at, way));
    let (Names { exit, value }, options) = (&names, local("__fence_options"));
    quote! {{
        #reports
        #definition
        #(#outside)*
        let #options = #expression;
        match #krate::__private::fence(#options, #body).await {
            #krate::Fenced::Completed(#value) => match #value {
                #exit::Value(#value) => #krate::Fenced::Completed(#value),
                #(#leave)*
            },
            #krate::Fenced::Cancelled(#value) => #krate::Fenced::Cancelled(#value),
        }
    }}
}

/// `enum __FenceExit<V, W0> { Value(V), W0(W0) }`
fn definition(names: &Names, ways: &[Way]) -> TokenStream {
    let exit = &names.exit;
    let variants: Vec<Ident> = (0..ways.len()).map(variant).collect();
    quote! {
        #[allow(dead_code)]
        enum #exit<V, #(#variants),*> { Value(V), #(#variants(#variants)),* }
    }
}

fn body(names: &Names, ways: &[Way], block: &Block) -> TokenStream {
    let Names { exit, value } = names;
    let inside = ways
        .iter()
        .enumerate()
        .map(|(at, way)| inside(names, at, way));
    quote! {
        async {
            #(#inside)*
            let #value = #block;
            #[allow(unreachable_code)]
            #exit::Value(#value)
        }
    }
}

/// ```text
/// let (__fence_outer0, __fence_inner0) = $crate::__private::Way::ends();
/// if let Some(__fence_value) = __fence_outer0.never() { return __fence_value; }
/// ```
fn outside(krate: &TokenStream, names: &Names, at: usize, way: &Way) -> TokenStream {
    if !way.carries {
        return TokenStream::new();
    }
    let value = &names.value;
    let (outer, inner) = (end("outer", at), end("inner", at));
    let statement = statement(way, value);
    quote! {
        let (#outer, #inner) = #krate::__private::Way::ends();
        if let ::core::option::Option::Some(#value) = #outer.never() { #statement; }
    }
}

/// ```text
/// let __fence_exit0 = |__fence_value| __FenceExit::W0(__fence_value);
/// if let Some(__fence_value) = __fence_inner0.never() { return __fence_exit0(__fence_value); }
/// ```
fn inside(names: &Names, at: usize, way: &Way) -> TokenStream {
    let (Names { exit, value }, variant, constructor) = (names, variant(at), constructor(at));
    let inner = end("inner", at);
    let expects = way.carries.then(|| {
        quote! {
            if let ::core::option::Option::Some(#value) = #inner.never() {
                return #constructor(#value);
            }
        }
    });
    quote! {
        let #constructor = |#value| #exit::#variant(#value);
        #expects
    }
}

/// `__FenceExit::W0(__fence_value) => return __fence_value,`
fn leave(names: &Names, at: usize, way: &Way) -> TokenStream {
    let (Names { exit, value }, variant) = (names, variant(at));
    let statement = statement(way, value);
    let pattern = if way.carries {
        quote!(#value)
    } else {
        quote!(())
    };
    quote!(#exit::#variant(#pattern) => #statement,)
}

/// `return value`, `break 'outer value`, `continue`, at the user's own.
fn statement(way: &Way, value: &Ident) -> TokenStream {
    let span = way.span.resolved_at(Span::call_site());
    let value = way.carries.then_some(value);
    match &way.kind {
        Kind::Return => quote_spanned!(span=> return #value),
        Kind::Break(label) => quote_spanned!(span=> break #label #value),
        Kind::Continue(label) => quote_spanned!(span=> continue #label),
    }
}

fn variant(at: usize) -> Ident {
    format_ident!("W{at}", span = Span::mixed_site())
}

fn end(side: &str, at: usize) -> Ident {
    format_ident!("__fence_{side}{at}", span = Span::mixed_site())
}
