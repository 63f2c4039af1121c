//! The block macro. It cannot share a path with the attribute: there is one namespace for both.

/// Fences a piece of code in place and evaluates to [`Fenced<T>`](crate::Fenced).
///
/// It takes the [options of the attribute](macro@crate::fenced), but for `try` and `crate`, and
/// last of all what to run, which decides what may leave it:
///
/// | last argument | `?`, `return`, `break`, `continue` in it |
/// | --- | --- |
/// | `{ … }` | leave the enclosing function or loop, as in any block |
/// | `async { … }`, `async move { … }` | leave the async block, as in any async block |
/// | another expression | it is a future, such as `client.get(url)` |
///
/// In a `{ … }` block that holds for other macros as well: a `bail!` leaves the function, a `break`
/// in a `select!` leaves the loop. What awaits already, such as `client.get(url).await`, is run like
/// a block.
///
/// `fenced! { … }` has no options: the bound set decides. Write the form with round brackets
/// otherwise, which rustfmt formats.
///
/// It awaits, and evaluates to an outcome. A fence as a value, to be joined, stored or spawned, is
/// [`Fencing::run`](crate::Fencing::run).
///
/// Two fences around one piece of code are usually a mistake, so a block inside another one or
/// inside a `#[fenced]` function is refused, unless it says `fenced!(nested, …)`.
///
/// # Limits of `{ … }`
///
/// - A local that is `Send` but not `Sync` makes the surrounding future `!Send` if the block uses it
///   by reference; a local that is moved inside is gone afterwards. Use `async move { … }` there.
/// - A block that can return from the function keeps its value while the fence ends, so a value that
///   is not `Send` makes the surrounding future `!Send`.
/// - `break` and `continue` without a label inside another macro mean a loop of that macro, unless
///   it is one that is known to have none, such as `select!`.
///
/// # Cancel safety
///
/// The code inside is dropped at one of its `.await`s; that around it is not.
///
/// # Examples
///
/// ```
/// use fence::block::fenced;
///
/// async fn total(prices: &[&str]) -> Result<u32, std::num::ParseIntError> {
///     let mut total = 0;
///     for price in prices {
///         let price = fenced!(timeout = "5s", on = "shutdown", {
///             if price.is_empty() {
///                 continue;
///             }
///             look_up(price).await?
///         });
///         total += price.unwrap_or(0);
///     }
///     Ok(total)
/// }
/// # async fn look_up(price: &str) -> Result<u32, std::num::ParseIntError> { price.parse() }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// assert_eq!(total(&["1", "", "2"]).await, Ok(3));
/// assert!(total(&["x"]).await.is_err());
/// # }
/// ```
///
/// A tighter fence inside of a wider one:
///
/// ```
/// use fence::block::fenced;
///
/// # async fn page(_: &str) -> u32 { std::future::pending().await }
/// # async fn cached(_: &str) -> u32 { 7 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let visitors = fenced!(timeout = "30s", {
///     match fenced!(nested, timeout = "5s", page("today")).completed() {
///         Some(fresh) => fresh,
///         None => cached("today").await,
///     }
/// });
/// assert_eq!(visitors.unwrap(), 7);
/// # }
/// ```
#[doc(inline)]
pub use crate::__fenced as fenced;

// An editor shows what is said here, and a page of the documentation both.
/// In short: `fenced!(timeout = "5s", on = "shutdown", { … })` awaits a block, an `async` block or a
/// future, and evaluates to `Fenced<T>`.
#[doc(hidden)]
#[macro_export]
macro_rules! __fenced {
    ($($tokens:tt)*) => {
        $crate::__private::__fenced_block!(($crate) $($tokens)*)
    };
}
