//! Lifetimes without a name in an `impl Trait` that is an argument: `impl Into<Cow<'_, str>>`. An
//! `async fn` may have them, and no other function may.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Whether there is one in the type. Where that is not certain the answer is yes.
pub(super) fn is_in_impl(written: TokenStream) -> bool {
    is_in(written, false)
}

fn is_in(written: TokenStream, mut in_impl: bool) -> bool {
    let mut before = Before::Other;
    let mut tokens = written.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let next = tokens.peek();
        before = match token {
            TokenTree::Ident(word) => {
                in_impl |= word == "impl";
                if in_impl && matches!(before, Before::Quote) && word == "_" {
                    return true;
                }
                Before::Word
            }
            TokenTree::Punct(sign) if sign.as_char() == '\'' => Before::Quote,
            TokenTree::Punct(sign) if sign.as_char() == '&' => {
                let is_named =
                    matches!(next, Some(TokenTree::Punct(next)) if next.as_char() == '\'');
                if in_impl && !is_named && !matches!(before, Before::Arrow) {
                    return true;
                }
                Before::Other
            }
            TokenTree::Punct(sign) if sign.as_char() == '-' => Before::Dash,
            TokenTree::Punct(_) if matches!(before, Before::Dash) => Before::Arrow,
            TokenTree::Group(group) => {
                // `Fn(&str)` names its own.
                let is_call =
                    matches!(before, Before::Word) && group.delimiter() == Delimiter::Parenthesis;
                if is_in(group.stream(), in_impl && !is_call) {
                    return true;
                }
                Before::Other
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => Before::Other,
        };
    }
    false
}

enum Before {
    Word,
    /// `'`
    Quote,
    Dash,
    /// `->`
    Arrow,
    Other,
}

#[cfg(test)]
mod tests {
    use super::is_in_impl;

    #[test]
    fn where_an_async_fn_is_needed() {
        for (written, expected) in [
            ("impl Into<Cow<'_, str>>", true),
            ("impl Iterator<Item = &u8>", true),
            ("impl Iterator<Item = &mut u8>", true),
            ("impl AsRef<str> + '_", true),
            ("&mut impl Iterator<Item = (u8, &u8)>", true),
            ("Option<impl Into<Cow<'_, str>>>", true),
            ("(u8, impl Into<Cow<'_, str>>)", true),
            ("impl Fn(u8) -> u8 + '_", true),
            ("impl IntoIterator<Item = impl AsRef<[&str]>>", true),
            ("impl Iterator<Item = &'a u8>", false),
            ("impl Fn(&str) -> &str", false),
            ("impl AsyncFn(&mut u8, Cow<'_, str>) -> u8", false),
            ("&impl Display", false),
            ("&'_ impl Display", false),
            ("Cow<'_, str>", false),
            ("impl Display + 'static", false),
            ("&dyn Display", false),
        ] {
            let tokens = written.parse().expect("tokens");
            assert_eq!(is_in_impl(tokens), expected, "{written}");
        }
    }
}
