//! Does `#[fenced]` work in edition 2021, where `impl Trait` captures no lifetimes by itself?

#![deny(warnings)]

use renamed::fenced;
use std::borrow::Cow;
use std::time::Duration;

struct Server<'a> {
    name: &'a str,
    limit: Duration,
}

impl<'a> Server<'a> {
    #[fenced(crate = renamed, timeout = self.limit)]
    async fn name(&self) -> &'a str {
        tokio::task::yield_now().await;
        self.name
    }

    #[fenced(crate = renamed, timeout = "1s")]
    async fn elided(&mut self, other: &str) -> &str {
        tokio::task::yield_now().await;
        if other.is_empty() {
            return "";
        }
        self.name
    }

    #[fenced(crate = renamed, timeout = "1s")]
    async fn close(self) -> String {
        tokio::task::yield_now().await;
        self.name.to_owned()
    }
}

#[fenced(crate = renamed, timeout = "1s")]
async fn several(a: &str, b: &u8, c: Cow<'_, str>, (d, _): (&str, u8)) -> usize {
    tokio::task::yield_now().await;
    a.len() + usize::from(*b) + c.len() + d.len()
}

#[fenced(crate = "renamed", timeout = "1s")]
async fn generic<T: AsRef<str> + ?Sized>(text: &T, print: impl Fn(&str) -> usize) -> usize {
    tokio::task::yield_now().await;
    print(text.as_ref())
}

#[fenced(crate = renamed, timeout = "1s", try)]
async fn fallible(text: &str) -> Result<u8, renamed::Cancelled> {
    tokio::task::yield_now().await;
    Ok(text.parse().unwrap_or(0))
}

#[tokio::test(start_paused = true)]
async fn borrowed_arguments_and_elided_lifetimes() {
    let text = String::from("text");
    assert_eq!(
        several(&text, &1, Cow::Borrowed("c"), (&text, 0))
            .await
            .completed(),
        Some(10)
    );
    assert_eq!(generic(&text, str::len).await.completed(), Some(4));
    assert_eq!(fallible("5").await.ok(), Some(5));
}

#[tokio::test(start_paused = true)]
async fn methods() {
    let text = String::from("name");
    let mut server = Server {
        name: &text,
        limit: Duration::from_secs(1),
    };
    assert_eq!(server.name().await.completed(), Some("name"));
    assert_eq!(server.elided("x").await.completed(), Some("name"));
    assert_eq!(server.close().await.completed().as_deref(), Some("name"));
}
