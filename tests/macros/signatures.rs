//! Do unusual signatures keep working?

use fence::Fenced;
use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::pin::Pin;
use tokio::task::yield_now;

#[fence::fenced(timeout = "1s")]
async fn generic<T, const N: usize>(values: [T; N], extra: impl Into<T>) -> Vec<T>
where
    T: Clone + Debug,
{
    yield_now().await;
    let mut values = values.to_vec();
    values.push(extra.into());
    values
}

#[fence::fenced(timeout = "1s")]
async fn opaque(text: &str) -> impl Display {
    yield_now().await;
    text.to_uppercase()
}

#[fence::fenced(timeout = "1s")]
async fn lifetimes<'a>(a: &'a str, b: &str, c: Cow<'_, str>) -> &'a str {
    yield_now().await;
    if b.len() + c.len() > 1 { a } else { "" }
}

#[fence::fenced(timeout = "1s")]
async fn dynamic(show: &(dyn Display + Sync), run: Box<dyn Fn() -> u8 + Send>) -> String {
    yield_now().await;
    format!("{show}{}", run())
}

#[fence::fenced(timeout = "1s")]
async fn configured(#[cfg(test)] a: u8, #[cfg(not(test))] a: u16) -> u8 {
    yield_now().await;
    a
}

#[fence::fenced(timeout = "1s")]
async fn patterns((one, mut two): (u8, u8), [three, .., four]: [u8; 4], Path(id): Path<u8>) -> u8 {
    yield_now().await;
    two += 1;
    one + two + three + four + id
}

/// Like the extractors of web frameworks.
struct Path<T>(T);

#[fence::fenced(timeout = "1s")]
async fn never() -> std::convert::Infallible {
    std::future::pending().await
}

#[fence::fenced(timeout = "1s")]
async fn factorial(n: u64) -> u64 {
    if n == 0 {
        return 1;
    }
    let below = Box::pin(factorial(n - 1)).await;
    n * below.completed().unwrap_or(0)
}

#[fence::fenced(timeout = "1s")]
async fn is_even(n: u32) -> bool {
    n == 0 || Box::pin(is_odd(n - 1)).await.unwrap_or(false)
}

#[fence::fenced(timeout = "1s")]
async fn is_odd(n: u32) -> bool {
    n != 0 && Box::pin(is_even(n - 1)).await.unwrap_or(false)
}

/// Makes a fenced function of fragments, which arrive in invisible groups.
macro_rules! function {
    ($(#[$attribute:meta])* $visibility:vis $name:ident($argument:ident: $type:ty) -> $output:ty, $limit:literal, $body:block) => {
        $(#[$attribute])*
        #[fence::fenced(timeout = $limit, name = $limit)]
        $visibility async fn $name($argument: $type) -> $output $body
    };
}

function!(pub(crate) made(text: &str) -> Result<u32, std::num::ParseIntError>, "1s", {
    yield_now().await;
    text.parse()
});

#[tokio::test(start_paused = true)]
async fn generics_where_clauses_and_impl_trait() {
    assert_eq!(
        generic([1_u32, 2], 3_u8).await.completed(),
        Some(vec![1, 2, 3])
    );
    let shown = opaque("text")
        .await
        .completed()
        .map(|shown| shown.to_string());
    assert_eq!(shown.as_deref(), Some("TEXT"));
}

#[tokio::test(start_paused = true)]
async fn borrowed_arguments() {
    let long = String::from("long");
    let short = String::from("short");
    assert_eq!(
        lifetimes(&long, &short, Cow::Borrowed("c"))
            .await
            .completed(),
        Some("long")
    );
    assert_eq!(
        dynamic(&1, Box::new(|| 2)).await.completed().as_deref(),
        Some("12")
    );
}

#[tokio::test(start_paused = true)]
async fn conditional_arguments() {
    assert_eq!(configured(1).await.completed(), Some(1));
}

#[tokio::test(start_paused = true)]
async fn patterns_as_arguments() {
    assert_eq!(
        patterns((1, 2), [3, 0, 0, 4], Path(5)).await.completed(),
        Some(16)
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends() {
    assert!(never().await.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn recursion_through_a_box() {
    assert_eq!(factorial(10).await.completed(), Some(3_628_800));
    assert_eq!(is_even(10).await.completed(), Some(true));
    let spawned: Pin<Box<dyn Future<Output = Fenced<u64>> + Send>> = Box::pin(factorial(5));
    assert!(
        tokio::spawn(spawned)
            .await
            .is_ok_and(|done| done.completed() == Some(120))
    );
}

#[tokio::test(start_paused = true)]
async fn functions_made_by_a_macro() {
    assert_eq!(made("12").await.completed(), Some(Ok(12)));
}

#[tokio::test(start_paused = true)]
async fn functions_are_values() {
    async fn call<F: AsyncFn(&str) -> Fenced<String>>(f: F) -> Option<String> {
        f("text").await.completed()
    }
    #[fence::fenced(timeout = "1s")]
    async fn upper(text: &str) -> String {
        yield_now().await;
        text.to_uppercase()
    }
    assert_eq!(call(upper).await.as_deref(), Some("TEXT"));
}

#[fence::fenced(timeout = "1s")]
async fn named(text: impl Into<Cow<'_, str>>) -> usize {
    yield_now().await;
    text.into().len()
}

#[fence::fenced(timeout = "1s")]
async fn sum(numbers: impl Iterator<Item = &u8> + '_, mut start: u8) -> u8 {
    yield_now().await;
    for number in numbers {
        start += number;
    }
    start
}

#[fence::fenced(timeout = "1s")]
async fn nested(
    (first, _): (impl AsRef<[u8]> + '_, u8),
    map: impl Fn(&u8) -> u8,
    text: Option<impl AsRef<str> + '_>,
) -> Vec<u8> {
    yield_now().await;
    let mapped: Vec<u8> = first.as_ref().iter().map(map).collect();
    assert!(text.is_some_and(|text| text.as_ref() == "x"));
    mapped
}

struct Named;

impl Named {
    #[fence::fenced(timeout = "1s")]
    async fn method<'a>(&self, text: impl Into<Cow<'_, str>>, other: &'a str) -> &'a str {
        yield_now().await;
        other.get(text.into().len()..).unwrap_or(other)
    }
}

#[tokio::test]
async fn lifetimes_without_a_name_in_impl_trait() {
    assert_eq!(named("text").await.completed(), Some(4));
    assert_eq!(sum([1, 2].iter(), 3).await.completed(), Some(6));
    let mapped = nested((&[1, 2], 0), |n| n + 1, Some("x")).await;
    assert_eq!(mapped.completed(), Some(vec![2, 3]));
    assert_eq!(Named.method("a", "bc").await.completed(), Some("c"));
}

#[fence::fenced(timeout = "1s", on = "never_returns")]
async fn never_returns(mut count: u8) -> ! {
    loop {
        count = count.wrapping_add(1);
        yield_now().await;
        if count == 9 {
            std::future::pending::<()>().await;
        }
    }
}

#[fence::fenced(timeout = "1s")]
async fn panics_in_the_end(text: &str) -> ! {
    yield_now().await;
    panic!("{text}")
}

#[tokio::test(start_paused = true)]
async fn a_function_that_never_returns() {
    assert!(never_returns(0).await.is_cancelled());
    let panicked = tokio::spawn(async {
        let _ = panics_in_the_end("in the end").await;
    });
    assert!(panicked.await.is_err_and(|error| error.is_panic()));
}
