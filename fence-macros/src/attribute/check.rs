//! What only shows when the options and the function are both known.

use super::function::Function;
use super::{Fitting, Form, arguments, boxed, others, output};
use crate::messages::function as messages;
use crate::options::Options;
use crate::scan;
use proc_macro2::Ident;
use syn::ReturnType;

/// Decides how the function is expanded; the error is that it cannot be at all.
pub(super) fn check(mut function: Function, options: &mut Options) -> syn::Result<Fitting> {
    applied_once(&mut function, options);
    options.refuse_question_marks();
    let seen = scan::look(&function.body.stream());
    for name in &seen.fences {
        options.errors.push(messages::nested(name));
    }
    let is_seen = others::any(&function);
    let form = if let Some(boxed) = boxed::find(&function, is_seen) {
        Form::Boxed(boxed)
    } else {
        is_async(&function)?;
        wraps_once(&mut function, options);
        others::sees_no_error(&mut function, options);
        returns_result(&function, options);
        if is_seen || needs_async_fn(&function, options) {
            Form::AsyncFn
        } else {
            Form::ImplFuture
        }
    };
    Ok(Fitting {
        function,
        form,
        seen,
    })
}

fn applied_once(function: &mut Function, options: &mut Options) {
    function.attributes.retain(|attribute| {
        let again = attribute
            .path()
            .segments
            .last()
            .is_some_and(|last| last.ident == "fenced");
        if again {
            options.errors.push(messages::applied_twice(attribute));
        }
        !again
    });
}

fn is_async(function: &Function) -> syn::Result<()> {
    let signature = &function.signature;
    if let Some(keyword) = &signature.constness {
        return Err(messages::const_fn(keyword));
    }
    if signature.asyncness.is_some() {
        return Ok(());
    }
    Err(match &signature.output {
        ReturnType::Type(_, output) if output::is_future(output) => {
            messages::returns_future(output)
        }
        _ if is_run_by_a_runtime(function) => messages::already_run(signature.fn_token),
        _ => messages::not_async(signature.fn_token),
    })
}

/// What `#[tokio::main]` and `#[tokio::test]` leave behind; others write the function anew, with a
/// `fn` that is not in the text.
fn is_run_by_a_runtime(function: &Function) -> bool {
    let body = function.body.stream();
    let keyword = function.signature.fn_token.span.source_text();
    keyword.is_some_and(|text| text != "fn")
        || (scan::mentions(&body, "block_on") && scan::mentions(&body, "runtime"))
}

fn wraps_once(function: &mut Function, options: &mut Options) {
    let ReturnType::Type(_, written) = &mut function.signature.output else {
        return;
    };
    if let Some(inner) = output::inside_fenced(written) {
        options.errors.push(messages::already_fenced(&*written));
        **written = inner;
    }
}

fn returns_result(function: &Function, options: &mut Options) {
    let is_no_result =
        |_: &mut Ident| output::of(&function.signature).is_none_or(output::is_no_result);
    if let Some(key) = options.fallible.take_if(is_no_result) {
        options.errors.push(messages::try_without_result(&key));
    }
}

/// An option that awaits, or that names what a pattern binds, has to be evaluated inside of an
/// `async fn`; and there are arguments that no other function may have.
fn needs_async_fn(function: &Function, options: &Options) -> bool {
    let inputs = || function.signature.inputs.iter();
    let values = options.values();
    inputs().any(arguments::is_for_async_fn)
        || (!values.is_empty()
            && (scan::mentions(&values, "await")
                || inputs()
                    .flat_map(arguments::bound_by_pattern)
                    .any(|name| scan::mentions(&values, &name.to_string()))))
}
