//! Does `fenced!` find its crate under another name, and work in edition 2021?

#![deny(warnings)]

use renamed::block::fenced;
use renamed::prelude::Fenced;
use std::num::ParseIntError;

async fn number(text: &str) -> Result<u8, ParseIntError> {
    tokio::task::yield_now().await;
    text.parse()
}

async fn sum(texts: &[&str]) -> Result<u8, ParseIntError> {
    let mut sum = 0;
    for text in texts {
        let fenced: Fenced<u8> = fenced!(timeout = "1s", on = "shutdown", {
            if text.is_empty() {
                break;
            }
            number(text).await?
        });
        sum += fenced.unwrap_or(0);
    }
    Ok(sum)
}

#[tokio::test(start_paused = true)]
async fn exits() {
    assert_eq!(sum(&["1", "2", "", "3"]).await, Ok(3));
    assert!(sum(&["x"]).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn futures_and_statements() {
    assert!(fenced!(timeout = "1s", number("1")).is_completed());
    let value = fenced! {
        let value = number("1").await;
        value.is_ok()
    };
    assert_eq!(value.completed(), Some(true));
}
