//! The other attributes of the function: does one of them look at its code?

use super::function::Function;
use crate::messages::function as messages;
use crate::options::Options;
use crate::scan::is_ident;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

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

/// Whether another macro is below, and looks for the shape that it knows.
pub(super) fn any(function: &Function) -> bool {
    let mut attributes = function.attributes.iter();
    !attributes.all(|attribute| is_built_in(&attribute.meta))
}

/// `#[instrument(err)]` below looks at a `Result`, and there is none unless `try` keeps it.
pub(super) fn sees_no_error(function: &mut Function, options: &mut Options) {
    if options.fallible.is_some() {
        return;
    }
    function.attributes.retain(|attribute| {
        let wants_error = wants_error(attribute);
        if wants_error {
            options
                .errors
                .push(messages::err_sees_the_outcome(attribute));
        }
        !wants_error
    });
}

fn wants_error(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else {
        return false;
    };
    let name = list.path.segments.last();
    let mut words = list.tokens.clone().into_iter();
    name.is_some_and(|name| name.ident == "instrument")
        && words.any(|word| is_ident(Some(&word), "err"))
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
