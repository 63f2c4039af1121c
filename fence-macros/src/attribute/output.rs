//! The return type of a fenced function.

use crate::scan;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, PathArguments, PathSegment, ReturnType, Signature, Type};

/// Types that are certainly no `Result`. An unknown name may be an alias of one.
const NO_RESULT: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32",
    "u64", "u128", "usize", "str", "Arc", "Box", "Duration", "HashMap", "Option", "Rc", "String",
    "Vec",
];

/// What the body evaluates to.
pub(super) fn of(signature: &Signature) -> Option<&Type> {
    match &signature.output {
        ReturnType::Default => None,
        ReturnType::Type(_, output) => Some(output),
    }
}

/// The same, as it may be written anywhere on stable.
pub(super) fn written(signature: &Signature, krate: &TokenStream) -> TokenStream {
    match of(signature) {
        None => quote!(()),
        Some(Type::Never(_)) => quote!(<fn() -> ! as #krate::__private::Returns>::Output),
        Some(output) => output.to_token_stream(),
    }
}

/// Where a message about a value of the wrong type belongs. Nobody hovers over a parenthesis.
pub(super) fn span(signature: &Signature) -> Span {
    match &signature.output {
        ReturnType::Default => signature.paren_token.span.close(),
        ReturnType::Type(_, output) => output.span(),
    }
}

/// The same, as it may be written on a local: `Result<impl Display, E>` → `Result<_, E>`.
pub(super) fn inferable(signature: &Signature, krate: &TokenStream) -> TokenStream {
    struct ReplaceImpl;
    impl VisitMut for ReplaceImpl {
        fn visit_type_mut(&mut self, node: &mut Type) {
            match node {
                Type::ImplTrait(_) => *node = Type::Verbatim(quote!(_)),
                _ => visit_mut::visit_type_mut(self, node),
            }
        }
    }
    let written = written(signature, krate);
    match of(signature) {
        Some(output) if scan::mentions(&written, "impl") => {
            let mut output = output.clone();
            ReplaceImpl.visit_type_mut(&mut output);
            output.into_token_stream()
        }
        _ => written,
    }
}

/// `Fenced<T>` → `T`
pub(super) fn inside_fenced(output: &Type) -> Option<Type> {
    let segment = last_segment(output).filter(|segment| segment.ident == "Fenced")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner.clone()),
        _ => None,
    }
}

pub(super) fn is_no_result(output: &Type) -> bool {
    match output {
        Type::Path(_) => {
            last_segment(output).is_some_and(|last| NO_RESULT.iter().any(|name| last.ident == name))
        }
        Type::Group(group) => is_no_result(&group.elem),
        Type::Paren(paren) => is_no_result(&paren.elem),
        Type::Tuple(_) | Type::Reference(_) | Type::Array(_) | Type::Slice(_) | Type::Never(_) => {
            true
        }
        _ => false,
    }
}

/// Whether the type is itself a future, boxed or not.
pub(super) fn is_future(output: &Type) -> bool {
    let output = output.to_token_stream();
    scan::mentions(&output, "Future") || scan::mentions(&output, "BoxFuture")
}

fn last_segment(output: &Type) -> Option<&PathSegment> {
    match output {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        _ => None,
    }
}
