//! `#[fenced]` on a function.

mod arguments;
mod boxed;
mod check;
mod emit;
mod function;
mod others;
mod output;

use crate::options::{self, Options};
use crate::scan::Seen;
use function::{Function, Item};
use proc_macro2::TokenStream;
use quote::quote;

pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut options = options::attribute(arguments);
    let fitting = match function::parse(item.clone()) {
        Item::Function(function) => check::check(*function, &mut options),
        Item::Unfit(error) => Err(error),
    };
    match fitting {
        Ok(fitting) => emit::emit(fitting, options),
        Err(error) => as_written(error, options, item),
    }
}

/// What cannot be fenced stays as it is, so that its users find it.
fn as_written(error: syn::Error, mut options: Options, item: &TokenStream) -> TokenStream {
    options.errors.push(error);
    let errors = options.errors.into_tokens();
    quote!(#item #errors)
}

/// A function together with the way in which it is expanded.
struct Fitting {
    function: Function,
    form: Form,
    /// What is in its body.
    seen: Seen,
}

/// What the function becomes.
enum Form {
    /// `fn … -> impl Future`, the usual one.
    ImplFuture,
    /// `async fn`, for another attribute below that must see one.
    AsyncFn,
    /// `#[async_trait]` was here before: the fence goes into the box.
    Boxed(boxed::Boxed),
}

#[cfg(test)]
mod tests;
