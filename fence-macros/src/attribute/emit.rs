//! Writes the fenced function.
//!
//! Names that start with `__fence_` are invisible to the user's code. Generated tokens carry the
//! place of the macro, except for the few that an error or a hover should land on.

use super::arguments::{self, Arguments};
use super::boxed::{self, Boxed};
use super::function::Function;
use super::{Fitting, Form, output};
use crate::lints;
use crate::options::Options;
use crate::scan::Seen;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, LitStr, Meta, Signature, Type, parse_quote};

/// Everything that the three forms have in common.
struct Parts {
    krate: TokenStream,
    /// Mistakes and warnings: the first statements of the function.
    reports: TokenStream,
    /// `let __fence_options = …;`
    let_options: TokenStream,
    /// `__fence_options`
    options: Ident,
    /// What the option expressions mention.
    values: TokenStream,
    /// `fence`, or `fence_try`, which keeps the type of the body.
    start: Ident,
    fallible: bool,
}

pub(super) fn emit(fitting: Fitting, options: Options) -> TokenStream {
    let Fitting {
        function,
        form,
        seen,
    } = fitting;
    let parts = parts(&function, &seen, options);
    match form {
        Form::Lean => lean(function, &parts),
        Form::Kept => kept(function, &parts),
        Form::Boxed(boxed) => in_box(function, boxed, &parts),
    }
}

fn parts(function: &Function, seen: &Seen, mut options: Options) -> Parts {
    let krate = options
        .krate
        .as_ref()
        .map_or_else(|| quote!(::fence), |path| quote!(#path));
    if !options.named {
        let name = function.signature.ident.unraw().to_string();
        options.name = Some(LitStr::new(&name, Span::call_site()));
    }
    let expression = options.expression(&krate);
    let errors = std::mem::take(&mut options.errors).into_tokens();
    let warnings = lints::check(seen, function.signature.ident.span());
    let fallible = options.fallible.is_some();
    let bound = local("__fence_options");
    Parts {
        reports: quote!(#errors #warnings),
        let_options: quote!(let #bound = #expression;),
        options: bound,
        values: options.values(),
        start: format_ident!("{}", if fallible { "fence_try" } else { "fence" }),
        fallible,
        krate,
    }
}

impl Parts {
    /// What the function returns once it is awaited.
    fn output(&self, body: &Type) -> TokenStream {
        let krate = &self.krate;
        if self.fallible {
            quote!(#body)
        } else {
            quote!(#krate::Fenced<#body>)
        }
    }
}

/// ```text
/// async fn fetch(url: &str, mut tries: u32) -> Page { BODY }
/// ---
/// fn fetch(url: &str, tries: u32) -> impl Future<Output = Fenced<Page>> {
///     let __fence_options = ::fence::__private::options()…;
///     let __fence_body = async move { let url = url; let mut tries = tries; … BODY … };
///     ::fence::__private::fence(__fence_options, __fence_body)
/// }
/// ```
///
/// Which lifetimes an `impl` captures depends on the edition of the token. With the place of the
/// user's `async`, but the edition of this crate, it captures all of them everywhere. The last
/// token has the same place, so that messages about the type underline the `async` alone.
fn lean(function: Function, parts: &Parts) -> TokenStream {
    let Function {
        attributes,
        visibility,
        mut signature,
        body,
    } = function;
    let Some(keyword) = signature.asyncness.take() else {
        return quote!();
    };
    let keyword = keyword.span.resolved_at(Span::call_site());
    let Arguments { inputs, bindings } = arguments::rebind(&signature.inputs, &parts.values);
    let block = body_block(&signature, keyword, &bindings, &quote!(#body));
    let output = parts.output(&output::of(&signature));
    signature.inputs = inputs;
    let (first, last) = (quote_spanned!(keyword=> impl), quote_spanned!(keyword=> >));
    signature.output = parse_quote!(-> #first ::core::future::Future<Output = #output #last);
    let Parts {
        krate,
        reports,
        let_options,
        options,
        start,
        ..
    } = parts;
    let future = local("__fence_body");
    let statements = quote! {
        #reports
        #let_options
        let #future = #block;
        #krate::__private::#start(#options, #future)
    };
    let body = in_braces_of(&body, statements);
    let quiet = quiet(&attributes);
    quote!(#(#attributes)* #quiet #visibility #signature #body)
}

/// ```text
/// #[tokio::test] async fn fetch() -> Page { BODY }
/// ---
/// #[tokio::test] async fn fetch() -> Fenced<Page> {
///     let __fence_options = …;
///     let __fence_body = async move { … BODY … };
///     ::fence::__private::fence(__fence_options, __fence_body).await
/// }
/// ```
fn kept(function: Function, parts: &Parts) -> TokenStream {
    let Function {
        attributes,
        visibility,
        mut signature,
        body,
    } = function;
    let keyword = signature
        .asyncness
        .map_or_else(Span::call_site, |keyword| keyword.span);
    let keyword = keyword.resolved_at(Span::call_site());
    let Arguments { inputs, bindings } = arguments::rebind_names(&signature.inputs);
    let block = body_block(&signature, keyword, &bindings, &quote!(#body));
    let output = parts.output(&output::of(&signature));
    signature.inputs = inputs;
    signature.output = parse_quote!(-> #output);
    let Parts {
        krate,
        reports,
        let_options,
        options,
        start,
        ..
    } = parts;
    let future = local("__fence_body");
    let statements = quote! {
        #reports
        #let_options
        let #future = #block;
        #krate::__private::#start(#options, #future).await
    };
    let body = in_braces_of(&body, statements);
    quote!(#(#attributes)* #visibility #signature #body)
}

/// ```text
/// fn fetch<'async_trait>(…) -> Pin<Box<dyn Future<Output = Page> + Send + 'async_trait>> {
///     Box::pin(async move { BODY })
/// }
/// ---
/// fn fetch<'async_trait>(…) -> Pin<Box<dyn Future<Output = Fenced<Page>> + Send + 'async_trait>> {
///     let __fence_options = …;
///     Box::pin(::fence::__private::fence(__fence_options, async move { BODY }))
/// }
/// ```
fn in_box(function: Function, boxed: Boxed, parts: &Parts) -> TokenStream {
    let Function {
        attributes,
        visibility,
        mut signature,
        body,
    } = function;
    if !parts.fallible {
        boxed::wrap_output(&mut signature.output, &parts.krate);
    }
    let Boxed { before, future } = boxed;
    let future = future.stream();
    let Parts {
        krate,
        reports,
        let_options,
        options,
        start,
        ..
    } = parts;
    let statements = quote! {
        #reports
        #let_options
        #before(#krate::__private::#start(#options, #future))
    };
    let body = in_braces_of(&body, statements);
    quote!(#(#attributes)* #visibility #signature #body)
}

/// The body, with its own braces, so that the compiler's messages about it stay as they are.
///
/// ```text
/// async move {
///     BINDINGS
///     if let Some(__fence_value) = None::<Page> { return __fence_value; }
///     let __fence_value: Page = { BODY };
///     __fence_value
/// }
/// ```
///
/// The `return` that never runs lets a `return` in the body know the type; its operand is the one
/// token with the place of the return type, where the compiler says what was expected.
fn body_block(
    signature: &Signature,
    keyword: Span,
    bindings: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    let output = output::inferable(output::of(signature));
    let value = local("__fence_value");
    let mut expected = value.clone();
    expected.set_span(output::span(signature).resolved_at(Span::mixed_site()));
    let introduction = quote_spanned!(keyword=> async move);
    quote! {
        #introduction {
            #bindings
            if let ::core::option::Option::Some(#value) = ::core::option::Option::None::<#output> {
                #[allow(unreachable_code)]
                return #expected;
            }
            let #value: #output = #body;
            #[allow(unreachable_code)]
            #value
        }
    }
}

/// A bare `#[must_use]` says something on an `async fn`, and nothing on one that returns an `impl`.
fn quiet(attributes: &[Attribute]) -> TokenStream {
    let is_bare = |attribute: &Attribute| matches!(&attribute.meta, Meta::Path(path) if path.is_ident("must_use"));
    if attributes.iter().any(is_bare) {
        quote!(#[allow(clippy::double_must_use)])
    } else {
        TokenStream::new()
    }
}

/// With the place of the user's braces, so that the compiler shows the function as it was written.
fn in_braces_of(body: &Group, statements: TokenStream) -> Group {
    let mut group = Group::new(Delimiter::Brace, statements);
    group.set_span(body.span());
    group
}

/// A name that the user's code cannot see.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
