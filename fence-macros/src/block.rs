//! `fenced!` around a block, an `async` block or a future.

mod body;
mod input;
mod jumps;
mod left;

use crate::lints;
use crate::messages::function as messages;
use crate::options::Options;
use crate::scan::Seen;
use body::Body;
use input::Input;
use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::quote;

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let Input {
        krate,
        mut options,
        body,
        seen,
    } = input::parse(input);
    for name in &seen.fences {
        options.errors.push(messages::nested(name));
    }
    match body {
        Body::Block(block) => in_place(&krate, options, &block, &seen),
        Body::Future(future) => {
            let warnings = TokenStream::new();
            awaited(&krate, options, &warnings, &future)
        }
        Body::Async(block) => {
            let place = first_span(&block);
            awaited(&krate, options, &lints::check(&seen, place, &krate), &block)
        }
        Body::Nothing => {
            let errors = options.errors.into_tokens();
            quote!({ #errors })
        }
    }
}

/// `{ … }`: whatever leaves the block leaves the code around it.
fn in_place(krate: &TokenStream, options: Options, code: &Group, seen: &Seen) -> TokenStream {
    let warnings = lints::check(seen, code.span(), krate);
    if !(seen.macros || seen.returns || seen.question_marks || seen.jumps) {
        return awaited(krate, options, &warnings, &quote!(async #code));
    }
    let (expression, hovers) = (options.expression(krate), options.hovers(krate));
    let errors = options.errors.into_tokens();
    let block = left::Block {
        krate,
        options: expression,
        reports: quote!(#errors #warnings #hovers),
        code,
    };
    if seen.returns || seen.question_marks {
        block.with_slot(seen.jumps, seen.returns)
    } else {
        block.sealed(seen.jumps)
    }
}

/// ```text
/// fenced!(timeout = "5s", client.get(url))
/// ---
/// {
///     let __fence_options = …;
///     let __fence_ended = $crate::__private::fence(__fence_options, client.get(url)).await;
///     __fence_ended
/// }
/// ```
///
/// What is reported comes after the user's code. An editor expands the macro twice, with and
/// without a made-up name where the cursor is, and compares the text before it.
fn awaited(
    krate: &TokenStream,
    options: Options,
    warnings: &TokenStream,
    future: &TokenStream,
) -> TokenStream {
    let (expression, hovers) = (options.expression(krate), options.hovers(krate));
    let errors = options.errors.into_tokens();
    let (options, ended) = (local("__fence_options"), local("__fence_ended"));
    quote! {{
        let #options = #expression;
        let #ended = #krate::__private::fence(#options, #future).await;
        #errors
        #warnings
        #hovers
        #ended
    }}
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
