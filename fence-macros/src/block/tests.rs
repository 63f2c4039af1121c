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
                    let __fence_options = {
                        static SITE: ::fence::__private::Site = ::fence::__private::Site::new();
                        ::fence::__private::at(&SITE, "", [("timeout", "db", 5, 0)], [])
                    };
                    let __fence_ended = ::fence::__private::fence(__fence_options, client.get(url))
                        .await;
                    __fence_ended
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
                    let __fence_ended = ::fence::__private::fence(__fence_options, get()).await;
                    __fence_ended
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
                    let __fence_options = {
                        static SITE: ::fence::__private::Site = ::fence::__private::Site::new();
                        ::fence::__private::at(&SITE, "", [("timeout", "timeout", 5, 0)], [])
                    };
                    let __fence_ended = ::fence::__private::fence(
                            __fence_options,
                            async {
                                let x = get().await;
                                x + 1
                            },
                        )
                        .await;
                    __fence_ended
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
                    #[allow(unused_mut)]
                    let mut __fence_exit = 0;
                    let mut __fence_left0 = ::core::option::Option::None;
                    if let ::core::option::Option::Some(__fence_value) = __fence_left0.take() {
                        break 'outer __fence_value;
                    }
                    let mut __fence_slot = ::core::option::Option::None;
                    let __fence_block = ::fence::__private::Block::new();
                    if let ::core::option::Option::Some(__fence_value) = __fence_block.never() {
                        return __fence_value;
                    }
                    let __fence_options = ::fence::__private::options();
                    let __fence_ended = ::fence::__private::fence(
                            __fence_options,
                            __fence_block
                                .body(async {
                                    if let ::core::option::Option::Some(__fence_value) = __fence_block
                                        .never()
                                    {
                                        return __fence_value;
                                    }
                                    let __fence_value = {
                                        if a {
                                            {
                                                __fence_left0 = ::core::option::Option::Some(5);
                                                match __fence_block.end().await {}
                                            }
                                        }
                                        if b {
                                            {
                                                __fence_exit = 2;
                                                match __fence_block.end().await {}
                                            }
                                        }
                                        let x = get().await?;
                                        return x;
                                    };
                                    #[allow(unreachable_code)]
                                    {
                                        __fence_slot = ::core::option::Option::Some(__fence_value);
                                        match __fence_block.end().await {}
                                    }
                                }),
                        )
                        .await;
                    if __fence_exit == 2 {
                        continue;
                    }
                    if let ::core::option::Option::Some(__fence_value) = __fence_left0 {
                        break 'outer __fence_value;
                    }
                    match ::fence::__private::left(__fence_ended, __fence_slot) {
                        ::core::result::Result::Ok(__fence_ended) => __fence_ended,
                        ::core::result::Result::Err(__fence_value) => return __fence_value,
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
                    let __fence_ended = ::fence::__private::fence(
                            __fence_options,
                            async {
                                get().await;
                                5
                            },
                        )
                        .await;
                    __fence_ended
                }
            }
        "#]],
    );
}

#[test]
fn a_question_mark_in_another_macro() {
    check(
        "{ select! { x = y => { x?; loop { break } } } }",
        &expect![[r#"
            fn f() {
                {
                    let mut __fence_slot = ::core::option::Option::None;
                    let __fence_block = ::fence::__private::Block::new();
                    let __fence_options = ::fence::__private::options();
                    let __fence_ended = ::fence::__private::fence(
                            __fence_options,
                            __fence_block
                                .body(async {
                                    let __fence_value = {
                                        select! {
                                            x = y => { x ?; loop { break } }
                                        }
                                    };
                                    #[allow(unreachable_code)]
                                    {
                                        __fence_slot = ::core::option::Option::Some(__fence_value);
                                        match __fence_block.end().await {}
                                    }
                                }),
                        )
                        .await;
                    match ::fence::__private::left(__fence_ended, __fence_slot) {
                        ::core::result::Result::Ok(__fence_ended) => __fence_ended,
                        ::core::result::Result::Err(__fence_value) => return __fence_value,
                    }
                }
            }
        "#]],
    );
}

#[test]
fn a_block_that_is_left_by_jumps_alone() {
    check(
        "{ println!(\"x\"); select! { x = y => { if x { break } 5 } } }",
        &expect![[r#"
            fn f() {
                {
                    #[allow(unused_mut)]
                    let mut __fence_exit = 0;
                    let __fence_options = ::fence::__private::options();
                    let __fence_ended = ::fence::__private::fence(
                            __fence_options,
                            async {
                                let __fence_value = {
                                    println!("x");
                                    select! {
                                        x = y => { if x { { __fence_exit = 1; return
                                        ::fence::__private::Value(::core::option::Option::None) } } 5
                                        }
                                    }
                                };
                                #[allow(unreachable_code)]
                                ::fence::__private::Value(
                                    ::core::option::Option::Some(__fence_value),
                                )
                            },
                        )
                        .await;
                    if __fence_exit == 1 {
                        break;
                    }
                    ::fence::__private::value(__fence_ended)
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
