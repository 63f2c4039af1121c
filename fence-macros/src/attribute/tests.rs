//! What functions become, as text. Over 300 lines, as whole expansions are printed.

#![allow(
    clippy::needless_raw_string_hashes,
    reason = "`UPDATE_EXPECT=1` writes them"
)]

use super::expand;
use expect_test::{Expect, expect};
use quote::quote;

fn check(arguments: &str, item: &str, expected: &Expect) {
    let arguments = arguments.parse().expect("arguments");
    let expanded = expand(arguments, &item.parse().expect("item"));
    let file = syn::parse2(expanded).expect("a file");
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn a_function() {
    check(
        r#"timeout = "1m 30s", on = ["shutdown", STOP], deadline("d", at), name = "n""#,
        "pub async fn fetch(url: &str, mut tries: u32) -> Page { get(url).await }",
        &expect![[r#"
            pub fn fetch(
                url: &str,
                tries: u32,
            ) -> impl ::core::future::Future<Output = ::fence::Fenced<Page>> {
                let __fence_options = {
                    static SITE: ::fence::__private::Site = ::fence::__private::Site::new();
                    ::fence::__private::at(&SITE, "n", [("timeout", "timeout", 90, 0)], ["shutdown"])
                }
                    .on("", &(STOP))
                    .code("stop")
                    .deadline("d", at);
                ::fence::__private::fence(
                    __fence_options,
                    async move {
                        #[cfg_attr(clippy, allow(clippy::shadow_same))]
                        let url = url;
                        #[cfg_attr(clippy, allow(clippy::shadow_same))]
                        let mut tries = tries;
                        let __fence_value: Page = { get(url).await };
                        #[allow(unreachable_code)] __fence_value
                    },
                )
            }
        "#]],
    );
}

#[test]
fn policies() {
    check(
        r#"unless("a", || busy()), grace = "2s", linked, cleanup = limit, unless("b", B), name = "n""#,
        "async fn run(limit: Duration) { x.await }",
        &expect![[r#"
            fn run(limit: Duration) -> impl ::core::future::Future<Output = ::fence::Fenced<()>> {
                let __fence_options = ::fence::__private::named("n")
                    .unless("a", || busy())
                    .grace(::core::time::Duration::new(2u64, 0u32))
                    .linked()
                    .cleanup(limit)
                    .unless("b", B);
                ::fence::__private::fence(
                    __fence_options,
                    async move {
                        #[cfg_attr(clippy, allow(clippy::shadow_same))]
                        let limit = limit;
                        let _ = &limit;
                        let __fence_value: () = { x.await };
                        #[allow(unreachable_code)] __fence_value
                    },
                )
            }
        "#]],
    );
}

#[test]
fn a_method_that_takes_itself() {
    check(
        "timeout = self.limit, try",
        "async fn run(self, (a, _): (A, B), Path(id): Path<u8>) -> Result<impl Show, E> { x.await }",
        &expect![[r#"
            fn run(
                self,
                a: (A, B),
                id: Path<u8>,
            ) -> impl ::core::future::Future<Output = Result<impl Show, E>> {
                let __fence_options = ::fence::__private::named("run")
                    .timeout("timeout", self.limit);
                ::fence::__private::fence_try(
                    __fence_options,
                    async move {
                        let _ = &self;
                        #[cfg_attr(clippy, allow(clippy::shadow_same))]
                        let a = a;
                        #[cfg_attr(
                            clippy,
                            allow(
                                clippy::shadow_same,
                                clippy::shadow_reuse,
                                clippy::shadow_unrelated
                            )
                        )]
                        let (a, _) = a;
                        #[cfg_attr(clippy, allow(clippy::shadow_same))]
                        let id = id;
                        #[cfg_attr(
                            clippy,
                            allow(
                                clippy::shadow_same,
                                clippy::shadow_reuse,
                                clippy::shadow_unrelated
                            )
                        )]
                        let Path(id) = id;
                        let __fence_value: Result<_, E> = { x.await };
                        #[allow(unreachable_code)] __fence_value
                    },
                )
            }
        "#]],
    );
}

#[test]
fn another_attribute_below() {
    check(
        "on = stop",
        "#[instrument] async fn run(stop: Event) { x.await }",
        &expect![[r##"
            #[instrument]
            async fn run(stop: Event) -> ::fence::Fenced<()> {
                let __fence_options = ::fence::__private::named("run").on("", &(stop)).code("stop");
                ::fence::__private::fence(
                        __fence_options,
                        async move {
                            #[cfg_attr(clippy, allow(clippy::shadow_same))]
                            let stop = stop;
                            let _ = &stop;
                            let __fence_value: () = { x.await };
                            #[allow(unreachable_code)] __fence_value
                        },
                    )
                    .await
            }
        "##]],
    );
}

#[test]
fn what_async_trait_leaves_behind() {
    check(
        "",
        "fn get<'a>(&'a self) -> Pin<Box<dyn Future<Output = u8> + Send + 'a>> \
         { Box::pin(async move { let __ret: u8 = { x.await }; __ret }) }",
        &expect![[r#"
            fn get<'a>(&'a self) -> Pin<Box<dyn Future<Output = ::fence::Fenced<u8>> + Send + 'a>> {
                Box::pin(
                    ::fence::__private::fence(
                        ::fence::__private::named("get"),
                        async move {
                            let __ret: u8 = { x.await };
                            __ret
                        },
                    ),
                )
            }
        "#]],
    );
}

#[test]
fn a_mistake_among_options() {
    check(
        r#"timout = "1s", budget = "2s""#,
        "async fn run() { x.await }",
        &expect![[r#"
            fn run() -> impl ::core::future::Future<Output = ::fence::Fenced<()>> {
                ::fence::__private::fence(
                    {
                        static SITE: ::fence::__private::Site = ::fence::__private::Site::new();
                        ::fence::__private::at(&SITE, "run", [("budget", "budget", 2, 0)], [])
                    },
                    async move {
                        let __fence_value: () = { x.await };
                        ::core::compile_error! {
                            "unknown option `timout`\nhelp: did you mean `timeout`?"
                        }
                        #[allow(unreachable_code)] __fence_value
                    },
                )
            }
        "#]],
    );
}

#[test]
fn a_function_that_cannot_be_fenced() {
    check(
        "",
        "fn run() {}",
        &expect![[r#"
        fn run() {}
        ::core::compile_error! {
            "`#[fenced]` needs an `async fn`\nhelp: a fence acts at `.await` points: make this function `async`"
        }
    "#]],
    );
}

#[test]
fn nothing_panics_on_nonsense() {
    for arguments in [
        "=",
        ",",
        "timeout",
        "timeout = ",
        "on = [",
        "(",
        "a b c",
        "= =",
        "try = 1",
        "unless(",
        "unless()",
        "unless(,)",
        "unless[]",
        "cooperative = , grace",
        "'a",
    ] {
        let Ok(arguments) = arguments.parse::<proc_macro2::TokenStream>() else {
            continue;
        };
        for item in [
            "",
            "fn",
            "async fn f()",
            "async fn f() {",
            "struct S;",
            "x",
            "async fn f(;) {}",
        ] {
            let Ok(item) = item.parse::<proc_macro2::TokenStream>() else {
                continue;
            };
            let expanded = expand(quote!(#arguments), &item);
            assert!(!expanded.is_empty());
        }
    }
}
