//! The other attributes of the function: does one of them look at its code?

use super::function::Function;
use syn::punctuated::Punctuated;
use syn::{Meta, Token};

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
