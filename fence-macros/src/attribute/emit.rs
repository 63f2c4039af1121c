//! Writes the function anew.
//!
//! All tokens get the spans of the macro, except for the few that an error or a hover should land
//! on. What is reported comes behind the user's code: see `block::awaited`.

use super::arguments::{self, Arguments};
use super::boxed::{self, Boxed};
use super::function::Function;
use super::{Fitting, Form, output};
use crate::lints;
use crate::options::Options;
use crate::scan::Seen;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Attribute, LitStr, Meta, ReturnType, Signature, Token, Type};

/// Everything that the forms have in common.
struct Parts {
    krate: TokenStream,
    /// `let __fence_options = …;`, if there is something to evaluate.
    let_options: TokenStream,
    /// `__fence_options`, or what is known at compile time.
    options: TokenStream,
    /// What the option expressions mention.
    values: TokenStream,
    /// `fence`, or `fence_try`, which keeps the type of the body.
    start: Ident,
    fallible: bool,
    /// Whether something in the body may return.
    returns: bool,
    /// Mistakes and warnings.
    reports: TokenStream,
}

pub(super) fn emit(fitting: Fitting, options: Options) -> TokenStream {
    let Fitting {
        function,
        form,
        seen,
    } = fitting;
    let parts = parts(&function, &seen, options);
    match form {
        Form::ImplFuture => as_impl_future(function, &parts),
        Form::AsyncFn => as_async_fn(function, &parts),
        Form::Boxed(boxed) => as_boxed(function, boxed, &parts),
    }
}

fn parts(function: &Function, seen: &Seen, mut options: Options) -> Parts {
    let krate = options
        .krate
        .as_ref()
        .map_or_else(|| quote!(::fence), ToTokens::to_token_stream);
    if !options.named {
        let name = function.signature.ident.unraw().to_string();
        options.name = Some(LitStr::new(&name, Span::call_site()));
    }
    let (expression, hovers) = (options.expression(&krate), options.hovers(&krate));
    let errors = std::mem::take(&mut options.errors).into_tokens();
    let warnings = lints::check(seen, function.signature.ident.span(), &krate);
    let fallible = options.fallible.is_some();
    let mut parts = Parts {
        krate,
        let_options: TokenStream::new(),
        options: expression,
        values: options.values(),
        start: format_ident!("{}", if fallible { "fence_try" } else { "fence" }),
        fallible,
        returns: seen.returns,
        reports: quote!(#errors #warnings #hovers),
    };
    if options.has_values() {
        let (name, expression) = (local("__fence_options"), &parts.options);
        parts.let_options = quote!(let #name = #expression;);
        parts.options = quote!(#name);
    }
    parts
}

impl Parts {
    /// What the function returns once it is awaited.
    fn output(&self, signature: &Signature) -> TokenStream {
        let (krate, body) = (&self.krate, output::written(signature, &self.krate));
        if self.fallible {
            body
        } else {
            quote!(#krate::Fenced<#body>)
        }
    }
}

/// ```text
/// async fn fetch(url: &str, mut tries: u32) -> Page { BODY }
/// ---
/// fn fetch(url: &str, tries: u32) -> impl Future<Output = Fenced<Page>> {
///     ::fence::__private::fence(
///         …,
///         async move { let url = url; let mut tries = tries; … BODY … },
///     )
/// }
/// ```
///
/// Which lifetimes an `impl` captures depends on the edition of the token. With the place of the
/// user's `async`, but the edition of this crate, it captures all of them everywhere. The last
/// token has the same place, so that messages about the type underline the `async` alone.
fn as_impl_future(mut function: Function, parts: &Parts) -> TokenStream {
    let signature = &mut function.signature;
    let keyword = signature.asyncness.take();
    let keyword = keyword.map_or_else(Span::call_site, |keyword| keyword.span);
    let keyword = keyword.resolved_at(Span::call_site());
    let Arguments { inputs, bindings } = arguments::rebind(&signature.inputs, &parts.values);
    let block = body_block(signature, keyword, &bindings, &function.body, parts);
    let output = parts.output(signature);
    signature.inputs = inputs;
    let (first, last) = (quote_spanned!(keyword=> impl), quote_spanned!(keyword=> >));
    signature.output = returning(quote!(#first ::core::future::Future<Output = #output #last));
    let Parts {
        krate,
        let_options,
        options,
        start,
        ..
    } = parts;
    let statements = quote!(#let_options #krate::__private::#start(#options, #block));
    let quiet = quiet(&function.attributes);
    written(&function, &quiet, statements)
}

/// ```text
/// #[tokio::test] async fn fetch() -> Page { BODY }
/// ---
/// #[tokio::test] async fn fetch() -> Fenced<Page> {
///     ::fence::__private::fence(…, async move { … BODY … }).await
/// }
/// ```
fn as_async_fn(mut function: Function, parts: &Parts) -> TokenStream {
    let signature = &mut function.signature;
    let keyword = signature.asyncness;
    let keyword = keyword.map_or_else(Span::call_site, |keyword| keyword.span);
    let keyword = keyword.resolved_at(Span::call_site());
    let Arguments { inputs, bindings } = arguments::rebind_names(&signature.inputs);
    let block = body_block(signature, keyword, &bindings, &function.body, parts);
    let output = parts.output(signature);
    signature.inputs = inputs;
    signature.output = returning(output);
    let Parts {
        krate,
        let_options,
        options,
        start,
        ..
    } = parts;
    let statements = quote!(#let_options #krate::__private::#start(#options, #block).await);
    written(&function, &TokenStream::new(), statements)
}

/// ```text
/// fn fetch<'async_trait>(…) -> Pin<Box<dyn Future<Output = Page> + Send + 'async_trait>> {
///     Box::pin(async move { BODY })
/// }
/// ---
/// fn fetch<'async_trait>(…) -> Pin<Box<dyn Future<Output = Fenced<Page>> + Send + 'async_trait>> {
///     Box::pin(::fence::__private::fence(…, async move { BODY }))
/// }
/// ```
///
/// If another attribute is below, it may look for `Box::pin(async move { … })`, as `#[instrument]`
/// does, and gets one.
fn as_boxed(mut function: Function, boxed: Boxed, parts: &Parts) -> TokenStream {
    if !parts.fallible {
        boxed::wrap_output(&mut function.signature.output, &parts.krate);
    }
    let Boxed {
        before,
        future,
        keeps_shape,
    } = boxed;
    let future = future.stream();
    let Parts {
        krate,
        let_options,
        options,
        start,
        reports,
        ..
    } = parts;
    let (value, fence) = (
        local("__fence_value"),
        quote!(#krate::__private::#start(#options, #future)),
    );
    let fence = match (keeps_shape, reports.is_empty()) {
        (false, true) => fence,
        (false, false) => quote!({ let #value = #fence; #reports #value }),
        (true, _) => quote!(async move { let #value = #fence.await; #reports #value }),
    };
    let statements = quote!(#let_options #before(#fence));
    written(&function, &TokenStream::new(), statements)
}

fn returning(output: TokenStream) -> ReturnType {
    ReturnType::Type(
        Token![->](Span::call_site()),
        Box::new(Type::Verbatim(output)),
    )
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
/// The `return` that never runs lets a `return` in the body know the type, if there may be one; its
/// operand is the one token with the place of the return type, where the compiler says what was
/// expected.
fn body_block(
    signature: &Signature,
    keyword: Span,
    bindings: &TokenStream,
    body: &Group,
    parts: &Parts,
) -> TokenStream {
    let output = output::inferable(signature, &parts.krate);
    let (value, reports) = (local("__fence_value"), &parts.reports);
    let expects = parts.returns.then(|| {
        let mut expected = value.clone();
        expected.set_span(output::span(signature).resolved_at(Span::mixed_site()));
        quote! {
            if let ::core::option::Option::Some(#value) = ::core::option::Option::None::<#output> {
                #[allow(unreachable_code)]
                return #expected;
            }
        }
    });
    let introduction = quote_spanned!(keyword=> async move);
    quote! {
        #introduction {
            #bindings
            #expects
            let #value: #output = #body;
            #reports
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

/// With the place of the user's braces, so that the compiler shows the function as it was written,
/// but not as a body of the user's, whose last expression clippy might want to be a `return`.
fn written(function: &Function, quiet: &TokenStream, statements: TokenStream) -> TokenStream {
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let mut braces = Group::new(Delimiter::Brace, statements);
    braces.set_span(body.span().resolved_at(Span::call_site()));
    quote!(#(#attributes)* #quiet #visibility #signature #braces)
}

/// A name that the user's code cannot see.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
