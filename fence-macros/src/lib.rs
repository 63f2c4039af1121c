//! The attribute and the block macro of `tokio-fence`, which re-exports and documents them.
//!
//! Both macros work in three steps: *parse* the options and the code, collecting every mistake;
//! *check* what only shows when both are known; *expand*. Only the first two can fail, and even
//! then the code is expanded with the options that were understood, so that one mistake gives one
//! message instead of a flood of consequences.

mod attribute;
mod block;
mod errors;
mod grammar;
mod lints;
mod messages;
mod options;
mod scan;

use proc_macro::TokenStream;

/// In short: `#[fenced(timeout = "30s", on = "shutdown")]` fences the body of an `async fn`, which
/// returns `Fenced<T>` then; with `try` it keeps its `Result<T, E>`, where `E: From<Cancelled>`.
///
/// The options are `timeout`, `budget`, `deadline`, `idle`, `on`, `unless`, `grace`, `cooperative`,
/// `cleanup`, `name`, `inherit`, `linked`, `try` and `crate`; what each means is said
/// [here](https://docs.rs/tokio-fence/latest/fence/attr.fenced.html).
#[proc_macro_attribute]
pub fn fenced(arguments: TokenStream, item: TokenStream) -> TokenStream {
    attribute::expand(arguments.into(), &item.into()).into()
}

/// `fenced!`, called by a `macro_rules!` of `fence` that passes its `$crate` first.
#[doc(hidden)]
#[proc_macro]
pub fn __fenced_block(input: TokenStream) -> TokenStream {
    block::expand(input.into()).into()
}
