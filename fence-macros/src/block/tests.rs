//! What blocks become, as text.

#![allow(
    clippy::needless_raw_string_hashes,
    reason = "`UPDATE_EXPECT=1` writes them"
)]

use super::expand;
use expect_test::{Expect, expect};
use proc_macro2::TokenStream;
use quote::quote;

fn expanded(input: &str) -> TokenStream {
    let input: TokenStream = input.parse().expect("input");
    expand(quote!((::fence) #input))
}

fn check(input: &str, expected: &Expect) {
    let expression = expanded(input);
    let file = syn::parse2(quote!(fn f() { #expression })).expect("a file");
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn a_future() {
    check(
        r#"timeout("db", "5s"), client.get(url)"#,
        &expect![[r#"
            fn f() {
                {
                    let __fence_options = ::fence::__private::options_at({
                        static EVENTS: [::fence::__private::Named; 0usize] = [];
                        static SITE: ::fence::__private::Site = ::fence::__private::Site {
                            name: ::core::option::Option::None,
                            times: &[
                                ::fence::__private::Time::timeout(
                                    "db",
                                    ::core::time::Duration::new(5u64, 0u32),
                                ),
                            ],
                            limit: ::core::option::Option::Some(
                                ::core::time::Duration::new(5u64, 0u32),
                            ),
                            events: &EVENTS,
                        };
                        &SITE
                    });
                    ::fence::__private::fence(__fence_options, client.get(url)).await
                }
            }
        "#]],
    );
}

#[test]
fn policies() {
    check(
        r#"cooperative, unless("stop", || BUSY.is_set()), cleanup = "2s", nested, get()"#,
        &expect![[r#"
            fn f() {
                {
                    let __fence_options = ::fence::__private::options()
                        .cooperative()
                        .unless("stop", || BUSY.is_set())
                        .cleanup(::core::time::Duration::new(2u64, 0u32));
                    ::fence::__private::fence(__fence_options, get()).await
                }
            }
        "#]],
    );
}

#[test]
fn a_block_without_exits() {
    check(
        r#"timeout = "5s", nested, { let x = get().await; x + 1 }"#,
        &expect![[r#"
            fn f() {
                {
                    let __fence_options = ::fence::__private::options_at({
                        static EVENTS: [::fence::__private::Named; 0usize] = [];
                        static SITE: ::fence::__private::Site = ::fence::__private::Site {
                            name: ::core::option::Option::None,
                            times: &[
                                ::fence::__private::Time::timeout(
                                    "timeout",
                                    ::core::time::Duration::new(5u64, 0u32),
                                ),
                            ],
                            limit: ::core::option::Option::Some(
                                ::core::time::Duration::new(5u64, 0u32),
                            ),
                            events: &EVENTS,
                        };
                        &SITE
                    });
                    ::fence::__private::fence(
                            __fence_options,
                            async {
                                let x = get().await;
                                x + 1
                            },
                        )
                        .await
                }
            }
        "#]],
    );
}

#[test]
#[allow(clippy::too_many_lines, reason = "the expansion has them")]
fn a_block_with_every_kind_of_exit() {
    check(
        "{ if a { break 'outer 5 } if b { continue } let x = get().await?; return x; }",
        &expect![[r#"
            fn f() {
                {
                    #[allow(dead_code)]
                    enum __FenceExit<V, W0, W1, W2> {
                        Value(V),
                        W0(W0),
                        W1(W1),
                        W2(W2),
                    }
                    let (__fence_outer0, __fence_inner0) = ::fence::__private::Way::ends();
                    if let ::core::option::Option::Some(__fence_value) = __fence_outer0.never() {
                        break 'outer __fence_value;
                    }
                    let (__fence_outer2, __fence_inner2) = ::fence::__private::Way::ends();
                    if let ::core::option::Option::Some(__fence_value) = __fence_outer2.never() {
                        return __fence_value;
                    }
                    let __fence_options = ::fence::__private::options();
                    match ::fence::__private::fence(
                            __fence_options,
                            async {
                                let __fence_exit0 = |__fence_value| __FenceExit::W0(__fence_value);
                                if let ::core::option::Option::Some(__fence_value) = __fence_inner0
                                    .never()
                                {
                                    return __fence_exit0(__fence_value);
                                }
                                let __fence_exit1 = |__fence_value| __FenceExit::W1(__fence_value);
                                let __fence_exit2 = |__fence_value| __FenceExit::W2(__fence_value);
                                if let ::core::option::Option::Some(__fence_value) = __fence_inner2
                                    .never()
                                {
                                    return __fence_exit2(__fence_value);
                                }
                                let __fence_value = {
                                    if a {
                                        (return __fence_exit0(5))
                                    }
                                    if b {
                                        (return __fence_exit1(()))
                                    }
                                    let x = (match ::fence::__private::Branch::branch(get().await) {
                                        ::core::ops::ControlFlow::Continue(__fence_value) => {
                                            __fence_value
                                        }
                                        ::core::ops::ControlFlow::Break(__fence_left) => {
                                            return __fence_exit2(__fence_left.leave());
                                        }
                                    });
                                    (return __fence_exit2(x));
                                };
                                #[allow(unreachable_code)] __FenceExit::Value(__fence_value)
                            },
                        )
                        .await
                    {
                        ::fence::Fenced::Completed(__fence_value) => {
                            match __fence_value {
                                __FenceExit::Value(__fence_value) => {
                                    ::fence::Fenced::Completed(__fence_value)
                                }
                                __FenceExit::W0(__fence_value) => break 'outer __fence_value,
                                __FenceExit::W1(()) => continue,
                                __FenceExit::W2(__fence_value) => return __fence_value,
                            }
                        }
                        ::fence::Fenced::Cancelled(__fence_value) => {
                            ::fence::Fenced::Cancelled(__fence_value)
                        }
                    }
                }
            }
        "#]],
    );
}

#[test]
fn statements() {
    check(
        "get().await; 5",
        &expect![[r#"
        fn f() {
            {
                let __fence_options = ::fence::__private::options();
                ::fence::__private::fence(
                        __fence_options,
                        async {
                            get().await;
                            5
                        },
                    )
                    .await
            }
        }
    "#]],
    );
}

#[test]
fn an_exit_in_a_macro_that_is_not_understood() {
    check(
        "{ select! { x = y => { x?; loop { break } } } }",
        &expect![[r#"
            fn f() {
                {
                    ::core::compile_error! {
                        "`?` cannot leave a `fenced!` block from inside `select!`\nhelp: let `select!` evaluate to a value, and act on it outside"
                    }
                    #[allow(dead_code)]
                    enum __FenceExit<V> {
                        Value(V),
                    }
                    let __fence_options = ::fence::__private::options();
                    match ::fence::__private::fence(
                            __fence_options,
                            async {
                                let __fence_value = {
                                    ::core::unreachable! {}
                                };
                                #[allow(unreachable_code)] __FenceExit::Value(__fence_value)
                            },
                        )
                        .await
                    {
                        ::fence::Fenced::Completed(__fence_value) => {
                            match __fence_value {
                                __FenceExit::Value(__fence_value) => {
                                    ::fence::Fenced::Completed(__fence_value)
                                }
                            }
                        }
                        ::fence::Fenced::Cancelled(__fence_value) => {
                            ::fence::Fenced::Cancelled(__fence_value)
                        }
                    }
                }
            }
        "#]],
    );
}

#[test]
fn nothing_panics_on_nonsense() {
    for input in [
        "",
        ",",
        "=",
        "x = ",
        "timeout",
        "{",
        "{ let }",
        "timeout = \"5s\"",
        "a, b, c",
        "async",
        "timeout = \"5s\" { x.await }",
        "'a: { x.await }",
        "{ } { }",
        "; ;",
        "return",
        "nested {",
        "linked {",
        "unless(|| x), {}",
        "unless(), get()",
    ] {
        if let Ok(input) = input.parse::<TokenStream>() {
            assert!(!expand(quote!((::fence) #input)).is_empty());
        }
    }
    assert!(!expand(TokenStream::new()).is_empty());
}
