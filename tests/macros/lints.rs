//! Do clippy's groups have anything to say about what the macros write? The gate runs clippy over
//! this file: what is denied here would fail there. What the plain functions would do is allowed.

use std::time::Duration;
use tokio::task::yield_now;

#[deny(clippy::pedantic, clippy::nursery, clippy::restriction)]
#[allow(
    clippy::allow_attributes,
    clippy::arbitrary_source_item_ordering,
    clippy::blanket_clippy_restriction_lints,
    clippy::min_ident_chars,
    clippy::missing_docs_in_private_items,
    clippy::missing_trait_methods,
    clippy::needless_return,
    clippy::pub_with_shorthand,
    clippy::question_mark_used,
    clippy::separated_literal_suffix,
    clippy::single_call_fn,
    clippy::std_instead_of_core,
    reason = "also of the plain code"
)]
mod quiet {
    use super::{Duration, yield_now};
    use fence::block::fenced;
    use std::num::ParseIntError;

    pub(super) struct Wrapped(u8);

    impl From<u8> for Wrapped {
        fn from(value: u8) -> Self {
            return Self(value);
        }
    }

    #[fence::fenced(timeout = "1s", on = "quiet")]
    pub(super) async fn plain(text: &str, mut count: u8) -> Result<u8, ParseIntError> {
        yield_now().await;
        if text.is_empty() {
            return Ok(count);
        }
        count = text.parse()?;
        return Ok(count);
    }

    #[fence::fenced(timeout = limit)]
    pub(super) async fn patterns(
        limit: Duration,
        Wrapped(_first): Wrapped,
        (_args, second): (u8, u8),
        _unused: u8,
    ) -> u8 {
        yield_now().await;
        return second;
    }

    #[fence::fenced]
    #[must_use]
    pub(super) async fn without_options() -> u8 {
        yield_now().await;
        return 1;
    }

    pub(super) async fn blocks(text: &str) -> Result<u8, ParseIntError> {
        for round in 0_u8..3 {
            let fenced = fenced!(timeout = "1s", on = "quiet", {
                yield_now().await;
                if round == 1 {
                    continue;
                }
                if round == 2 {
                    break;
                }
                if text.is_empty() {
                    return Ok(0);
                }
                text.parse::<u8>()?
            });
            if let Some(number) = fenced.completed() {
                return Ok(number);
            }
        }
        let plain = fenced!(timeout = "1s", { yield_now().await });
        let sealed = fenced!(timeout = "1s", {
            yield_now().await;
            assert!(plain.is_completed(), "done");
        });
        return Ok(u8::from(sealed.is_completed()));
    }
}

#[tokio::test]
async fn what_is_linted_works() {
    assert_eq!(quiet::plain("5", 0).await.completed(), Some(Ok(5)));
    let limit = Duration::from_secs(1);
    let second = quiet::patterns(limit, quiet::Wrapped::from(1), (2, 3), 4).await;
    assert_eq!(second.completed(), Some(3));
    assert_eq!(quiet::without_options().await.completed(), Some(1));
    assert_eq!(quiet::blocks("7").await, Ok(7));
}
