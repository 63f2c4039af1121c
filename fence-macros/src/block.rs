//! `fenced!` around a block, an `async` block or a future.

mod exits;
mod foreign;
mod input;
mod leave;

use crate::errors::Errors;
use crate::messages::function as messages;
use crate::options::Options;
use crate::{lints, scan};
use exits::Exits;
use input::{Body, Input};
use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let Input {
        krate,
        mut options,
        body,
    } = input::parse(input);
    for name in scan::nested_fences(&body.tokens()) {
        options.errors.push(messages::nested(&name));
    }
    match body {
        Body::Block(block) => in_place(&krate, options, &block),
        Body::Future(future) => {
            let warnings = TokenStream::new();
            awaited(&krate, options, &warnings, &future)
        }
        Body::Async(block) => {
            let warnings = lints::check(&block, first_span(&block));
            awaited(&krate, options, &warnings, &block)
        }
        Body::Nothing => {
            let errors = options.errors.into_tokens();
            quote!({ #errors })
        }
    }
}

/// `{ … }`: whatever leaves the block leaves the code around it.
fn in_place(krate: &TokenStream, mut options: Options, block: &Group) -> TokenStream {
    let warnings = lints::check(&block.stream(), block.span_open());
    let parsed = options
        .errors
        .keep(syn::parse2::<syn::Block>(block.to_token_stream()));
    let Some(mut parsed) = parsed else {
        // Half-typed code keeps its completion; it will not run with exits that mean another thing.
        return awaited(krate, options, &warnings, &quote!(async #block));
    };
    let exits = Exits::rewrite(&mut parsed, krate);
    let Exits { ways, errors, .. } = exits;
    if ways.is_empty() && errors.is_empty() {
        return awaited(krate, options, &warnings, &quote!(async #block));
    }
    options.errors.append(errors);
    let expression = options.expression(krate);
    let reports = reports(options.errors, &warnings);
    leave::around(krate, &reports, &expression, &ways, &parsed)
}

/// ```text
/// fenced!(timeout = "5s", client.get(url))
/// ---
/// {
///     let __fence_options = $crate::__private::options().timeout(…);
///     $crate::__private::fence(__fence_options, client.get(url)).await
/// }
/// ```
fn awaited(
    krate: &TokenStream,
    options: Options,
    warnings: &TokenStream,
    future: &TokenStream,
) -> TokenStream {
    let expression = options.expression(krate);
    let reports = reports(options.errors, warnings);
    let options = local("__fence_options");
    quote! {{
        #reports
        let #options = #expression;
        #krate::__private::fence(#options, #future).await
    }}
}

fn reports(errors: Errors, warnings: &TokenStream) -> TokenStream {
    let errors = errors.into_tokens();
    quote!(#errors #warnings)
}

fn first_span(tokens: &TokenStream) -> Span {
    tokens
        .clone()
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |token| token.span())
}

/// A name that the user's code cannot see.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

#[cfg(test)]
mod tests;
