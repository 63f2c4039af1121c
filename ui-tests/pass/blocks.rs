//! Every form of the block, without a warning.

#![deny(warnings, clippy::pedantic)]

use fence::block::fenced;
use std::num::ParseIntError;

async fn number(text: &str) -> Result<u8, ParseIntError> {
    text.parse()
}

async fn exits(texts: &[&str]) -> Result<u8, ParseIntError> {
    let mut sum = 0;
    'all: for text in texts {
        let fenced = fenced!(timeout = "5s", on = ["shutdown", "disconnect"], {
            if text.is_empty() {
                continue;
            }
            if text.len() > 3 {
                break 'all;
            }
            let number = number(text).await?;
            if number == 0 {
                return Ok(0);
            }
            number
        });
        sum += fenced.unwrap_or(0);
    }
    Ok(sum)
}

async fn forms(text: String) -> bool {
    let future = fenced!(timeout = "5s", number(&text)).is_completed();
    let bound = fenced! {
        let number = number(&text).await;
        number.is_ok()
    };
    let nested = fenced!(timeout = "5s", {
        let inner = fenced!(nested, timeout = "1s", { number(&text).await });
        inner.is_completed()
    });
    let moved = fenced!(timeout = "5s", async move { number(&text).await.is_ok() });
    future && bound.unwrap_or(false) && nested.unwrap_or(false) && moved.unwrap_or(false)
}

fn main() {
    drop((exits(&[]), forms(String::new())));
}
