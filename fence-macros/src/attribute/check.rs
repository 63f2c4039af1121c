//! What only shows when the options and the function are both known.

use super::function::Function;
use super::{Fitting, Form, arguments, boxed, output};
use crate::messages::function as messages;
use crate::options::Options;
use crate::scan;
use syn::punctuated::Punctuated;
use syn::{Meta, ReturnType, Token};

/// The attributes of the language and its tools, which look at no code.
const BUILT_IN: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "cold",
    "coverage",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "inline",
    "link_section",
    "must_use",
    "no_mangle",
    "target_feature",
    "track_caller",
    "unsafe",
    "warn",
];
const TOOLS: &[&str] = &["clippy", "diagnostic", "rustfmt"];

/// Decides how the function is expanded; the error is that it cannot be at all.
pub(super) fn check(mut function: Function, options: &mut Options) -> syn::Result<Fitting> {
    applied_once(&mut function, options);
    let seen = scan::look(&function.body.stream());
    for name in &seen.fences {
        options.errors.push(messages::nested(name));
    }
    if let Some(boxed) = boxed::find(&function) {
        return Ok(Fitting {
            function,
            form: Form::Boxed(boxed),
            seen,
        });
    }
    is_async(&function)?;
    wraps_once(&mut function, options);
    returns_result(&function, options);
    let form = if needs_async_fn(&function, options) {
        Form::Kept
    } else {
        Form::Lean
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

/// What `#[tokio::main]` and `#[tokio::test]` leave behind.
fn is_run_by_a_runtime(function: &Function) -> bool {
    let body = function.body.stream();
    scan::mentions(&body, "block_on") && scan::mentions(&body, "runtime")
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
    if !output::is_no_result(&output::of(&function.signature)) {
        return;
    }
    if let Some(key) = options.fallible.take() {
        options.errors.push(messages::try_without_result(&key));
    }
}

/// Another macro below has to see an `async fn`; and an option that awaits, or that names what
/// a pattern binds, has to be evaluated inside of one.
fn needs_async_fn(function: &Function, options: &Options) -> bool {
    let values = options.values();
    let bound = function
        .signature
        .inputs
        .iter()
        .flat_map(arguments::bound_by_pattern);
    !function
        .attributes
        .iter()
        .all(|attribute| is_built_in(&attribute.meta))
        || scan::mentions(&values, "await")
        || bound
            .into_iter()
            .any(|name| scan::mentions(&values, &name.to_string()))
}

fn is_built_in(meta: &Meta) -> bool {
    let path = meta.path();
    let Some(first) = path
        .segments
        .first()
        .map(|segment| segment.ident.to_string())
    else {
        return false;
    };
    if path.segments.len() > 1 {
        return TOOLS.contains(&first.as_str());
    }
    first != "cfg_attr" && BUILT_IN.contains(&first.as_str()) || adds_built_in(meta)
}

/// `#[cfg_attr(test, allow(…))]`
fn adds_built_in(meta: &Meta) -> bool {
    let Meta::List(list) = meta else { return false };
    let parse = Punctuated::<Meta, Token![,]>::parse_terminated;
    list.path.is_ident("cfg_attr")
        && list
            .parse_args_with(parse)
            .is_ok_and(|all| all.iter().skip(1).all(is_built_in))
}

#[cfg(test)]
mod tests {
    use super::is_built_in;
    use syn::{Attribute, parse_quote};

    #[test]
    fn which_attributes_are_built_in() {
        let attributes: [(Attribute, bool); 9] = [
            (parse_quote!(#[doc = "text"]), true),
            (parse_quote!(#[must_use = "why"]), true),
            (parse_quote!(#[clippy::msrv = "1"]), true),
            (parse_quote!(#[unsafe(no_mangle)]), true),
            (parse_quote!(#[cfg_attr(test, allow(unused), inline)]), true),
            (parse_quote!(#[cfg_attr(test, tokio::test)]), false),
            (parse_quote!(#[instrument(skip_all)]), false),
            (parse_quote!(#[tokio::test]), false),
            (parse_quote!(#[test]), false),
        ];
        for (attribute, expected) in attributes {
            assert_eq!(
                is_built_in(&attribute.meta),
                expected,
                "{:?}",
                attribute.path().get_ident()
            );
        }
    }
}
