//! How many fenced functions may call one another before `Send` can no longer be proven?

/// A chain of fenced functions, each awaiting the next.
macro_rules! chain {
    ($last:ident) => {
        #[fence::fenced(timeout = "1s", on = "shutdown")]
        async fn $last() {
            std::future::ready(()).await;
        }
    };
    ($first:ident $second:ident $($rest:ident)*) => {
        #[fence::fenced(timeout = "1s", on = "shutdown")]
        async fn $first() {
            let _ = $second().await;
        }
        chain!($second $($rest)*);
    };
}

chain!(a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12 a13 a14 a15 a16 a17 a18);

// The default recursion limit of the compiler applies: this file does not raise it. A plain
// `async fn` gets to 32 levels; each fence spends one type of its own and one `Option` more.
#[test]
fn eighteen_levels_are_send() {
    fn send<T: Send>(_: &T) {}
    send(&a1());
}
