//! Every form of the block, without a warning.

#![deny(warnings, clippy::pedantic)]

use fence::block::fenced;
use std::num::ParseIntError;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

static DONE: AtomicBool = AtomicBool::new(false);

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

// Not an option, where the future stands.
async fn cleanup(text: &str) -> bool {
    text.is_empty()
}

async fn policies(done: &'static AtomicBool, limit: Duration) -> bool {
    let condition = || done.load(Relaxed);
    let graceful = fenced!(
        grace = limit,
        cleanup = "2s",
        linked,
        unless("shutdown", condition),
        unless("timeout", || done.load(Relaxed)),
        { number("1").await.is_ok() }
    );
    let cooperative = fenced!(cooperative, cleanup("1"));
    graceful.unwrap_or(false) && cooperative.is_completed()
}

async fn wait() {}

macro_rules! bail {
    ($error:expr) => {
        return Err($error)
    };
}

async fn exits_in_macros(text: &str) -> Result<u8, ParseIntError> {
    let mut all = 0;
    for round in 0..3 {
        let fenced = fenced!(timeout = "5s", {
            let all = vec![number(text).await?];
            loop {
                tokio::select! {
                    () = wait(), if round == 9 => return Ok(1),
                    () = wait() => break,
                }
            }
            if let Err(error) = number("x").await {
                bail!(error)
            }
            #[cfg(any())]
            return Ok(absent());
            #[allow(clippy::cast_possible_truncation)]
            return Ok(all.len() as u8);
        });
        all += fenced.map(|()| 1).unwrap_or(0);
    }
    let left: Option<u8> = loop {
        let fenced = fenced!(timeout = "5s", {
            println!("{text}");
            tokio::select! {
                () = wait() => continue,
                n = number(text) => if n.is_ok() { break n.ok() },
            }
        });
        fenced.unwrap_or(());
    };
    Ok(left.unwrap_or(all))
}

fn main() {
    drop(exits_in_macros(""));
    drop((exits(&[]), forms(String::new())));
    drop(policies(&DONE, Duration::ZERO));
}
