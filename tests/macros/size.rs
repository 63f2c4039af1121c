//! Does a fence cost the same number of bytes whatever it is put around?

#![allow(
    clippy::large_futures,
    clippy::large_types_passed_by_value,
    clippy::large_stack_arrays
)]

use fence::Fenced;
use std::mem::size_of_val;
use tokio::task::yield_now;

macro_rules! functions {
    ($name:ident $(, #[$attribute:meta])?) => {
        mod $name {
            use super::*;

            $(#[$attribute])?
            pub async fn nothing() {
                yield_now().await;
            }

            $(#[$attribute])?
            pub async fn small(text: &str, number: u64) -> u64 {
                yield_now().await;
                number + text.len() as u64
            }

            $(#[$attribute])?
            pub async fn large(bytes: [u8; 1024]) -> u8 {
                yield_now().await;
                bytes[0]
            }

            $(#[$attribute])?
            pub async fn pattern((bytes, _): ([u8; 512], [u8; 512])) -> u8 {
                yield_now().await;
                bytes[0]
            }

            $(#[$attribute])?
            pub async fn local() -> u8 {
                let bytes = [1_u8; 1024];
                yield_now().await;
                bytes[0]
            }
        }
    };
}

functions!(raw);
functions!(fenced, #[fence::fenced(timeout = "1s", on = "size")]);

#[test]
fn whatever_the_arguments() {
    let constant = size_of_val(&fenced::nothing()) - size_of_val(&raw::nothing());
    for (raw, fenced) in [
        (
            size_of_val(&raw::small("", 0)),
            size_of_val(&fenced::small("", 0)),
        ),
        (
            size_of_val(&raw::large([0; 1024])),
            size_of_val(&fenced::large([0; 1024])),
        ),
        (
            size_of_val(&raw::pattern(([0; 512], [0; 512]))),
            size_of_val(&fenced::pattern(([0; 512], [0; 512]))),
        ),
        (size_of_val(&raw::local()), size_of_val(&fenced::local())),
    ] {
        let cost = fenced - raw;
        assert!(
            cost.abs_diff(constant) <= 8,
            "{raw} → {fenced}: {cost}, not {constant}"
        );
    }
}

/// What a plain function or a fenced one hands on.
fn number(inner: impl Into<Option<u8>>) -> u8 {
    inner.into().unwrap_or(0)
}

macro_rules! chain {
    ($name:ident, $unwrap:expr $(, #[$attribute:meta])?) => {
        mod $name {
            use super::*;

            $(#[$attribute])?
            pub async fn zero(bytes: [u8; 1024]) -> u8 {
                yield_now().await;
                bytes[0]
            }

            $(#[$attribute])?
            pub async fn one(bytes: [u8; 1024]) -> u8 {
                number($unwrap(zero(bytes).await))
            }

            $(#[$attribute])?
            pub async fn two(bytes: [u8; 1024]) -> u8 {
                number($unwrap(one(bytes).await))
            }

            $(#[$attribute])?
            pub async fn three(bytes: [u8; 1024]) -> u8 {
                number($unwrap(two(bytes).await))
            }

            $(#[$attribute])?
            pub async fn four(bytes: [u8; 1024]) -> u8 {
                number($unwrap(three(bytes).await))
            }

            $(#[$attribute])?
            pub async fn five(bytes: [u8; 1024]) -> u8 {
                number($unwrap(four(bytes).await))
            }
        }
    };
}

chain!(plain_chain, std::convert::identity);
chain!(fenced_chain, Fenced::completed, #[fence::fenced(timeout = "1s", on = "size")]);

#[test]
fn however_deep() {
    let constant = size_of_val(&fenced::nothing()) - size_of_val(&raw::nothing());
    let raw = size_of_val(&plain_chain::five([0; 1024]));
    let fenced = size_of_val(&fenced_chain::five([0; 1024]));
    let most = 6 * (constant + 8);
    assert!(
        fenced - raw <= most,
        "{raw} → {fenced}: more than {most} for six fences"
    );
}
