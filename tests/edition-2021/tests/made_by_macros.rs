//! Do functions work that a `macro_rules!` makes out of fragments?

#![deny(warnings)]

macro_rules! function {
    ($name:ident($argument:ident: $type:ty) -> $output:ty, $limit:expr, $body:block) => {
        #[renamed::fenced(crate = renamed, timeout = $limit)]
        async fn $name($argument: $type) -> $output $body
    };
}

function!(length(text: &str) -> usize, "1s", {
    tokio::task::yield_now().await;
    text.len()
});

function!(early(text: &str) -> Option<usize>, std::time::Duration::from_secs(1), {
    tokio::task::yield_now().await;
    if text.is_empty() {
        return None;
    }
    Some(text.find('x')?)
});

macro_rules! within {
    ($limit:literal, $body:block) => {
        renamed::block::fenced!(timeout = $limit, $body)
    };
}

#[tokio::test(start_paused = true)]
async fn functions() {
    assert_eq!(length("text").await.completed(), Some(4));
    assert_eq!(early("").await.completed(), Some(None));
    assert_eq!(early("ax").await.completed(), Some(Some(1)));
}

#[tokio::test(start_paused = true)]
async fn blocks() {
    let value = within!("1s", {
        tokio::task::yield_now().await;
        5
    });
    assert_eq!(value.completed(), Some(5));
}
