//! Do the macros depend on nothing in the user's scope, and leave nothing in it?

#![deny(warnings)]

use fence::block::fenced;

/// Everything that the expansions name exists here under the same name and is something else.
#[allow(dead_code, non_camel_case_types)]
mod hostile {
    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Result;
    pub struct Future;
    pub struct Duration;
    pub struct Fenced;
    pub enum ControlFlow {}
    mod core {}
    mod std {}

    #[::fence::fenced(
        timeout = "1s",
        on = ["hygiene", stop],
        unless("hygiene", || false),
        grace = "1s",
        cleanup = "1s",
        linked
    )]
    pub async fn function(stop: &::fence::Event) -> ::core::result::Result<u8, ::fence::Cancelled> {
        ::tokio::task::yield_now().await;
        ::core::result::Result::Ok(1)
    }

    pub async fn block() -> ::core::result::Result<u8, ::core::num::ParseIntError> {
        let text = "1";
        let value = ::fence::block::fenced!(timeout = "1s", {
            ::tokio::task::yield_now().await;
            text.parse::<u8>()?
        });
        ::core::result::Result::Ok(value.completed().unwrap_or(0))
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_the_scope_are_not_used() {
    let stop = fence::Event::new();
    assert!(hostile::function(&stop).await.is_completed());
    assert_eq!(hostile::block().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn names_of_the_expansion_are_not_seen() {
    #[allow(clippy::used_underscore_binding)]
    async fn sum(__fence_options: u8, __fence_value: u8, value: u8, exit: u8) -> Option<u8> {
        let sum = fenced!(timeout = "1s", {
            tokio::task::yield_now().await;
            if value == 0 {
                return None;
            }
            Some(__fence_options + __fence_value + value + exit)?
        });
        sum.completed()
    }
    assert_eq!(sum(1, 2, 3, 4).await, Some(10));
}

/// A block in a macro of the user's, whose names are hygienic as well.
macro_rules! with_limit {
    ($limit:expr, $code:literal, $condition:expr, $body:block) => {{
        let value = 5;
        let fenced = fenced!(timeout = $limit, unless($code, $condition), $body);
        (fenced, value)
    }};
}

#[tokio::test(start_paused = true)]
async fn a_block_inside_of_a_macro() {
    async fn run(value: u8) -> Option<u8> {
        let (fenced, five) = with_limit!("1s", "timeout", move || value == 1, {
            tokio::task::yield_now().await;
            if value == 0 {
                return None;
            }
            value
        });
        fenced.completed().map(|value| value + five)
    }
    assert_eq!(run(1).await, Some(6));
    assert_eq!(run(0).await, None);
}
