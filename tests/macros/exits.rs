//! Do `?`, `return`, `break` and `continue` in a `{ … }` block leave the code around it?

use fence::Fenced;
use fence::block::fenced;
use std::error::Error;
use std::fmt;
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::task::yield_now;

async fn number(text: &str) -> Result<u32, ParseIntError> {
    yield_now().await;
    text.parse()
}

#[derive(Debug, PartialEq)]
enum Failure {
    Number(ParseIntError),
    Text(fmt::Error),
    Late,
}

impl From<ParseIntError> for Failure {
    fn from(error: ParseIntError) -> Self {
        Self::Number(error)
    }
}

impl From<fmt::Error> for Failure {
    fn from(error: fmt::Error) -> Self {
        Self::Text(error)
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_mark_returns_the_error() {
    async fn double(text: &str) -> Result<u32, ParseIntError> {
        let value = fenced!(timeout = "5s", { number(text).await? * 2 });
        Ok(value.completed().unwrap_or(0))
    }
    assert_eq!(double("21").await, Ok(42));
    assert!(double("x").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn several_types_of_error_are_converted() {
    async fn both(text: &str, fails: bool) -> Result<u32, Failure> {
        let value = fenced!(timeout = "5s", {
            let value = number(text).await?;
            if fails {
                Err(fmt::Error)?;
            }
            if value == 0 {
                return Err(Failure::Late);
            }
            value
        });
        Ok(value.completed().unwrap_or(0))
    }
    assert_eq!(both("1", false).await, Ok(1));
    assert_eq!(both("1", true).await, Err(Failure::Text(fmt::Error)));
    assert_eq!(both("0", false).await, Err(Failure::Late));
    assert!(matches!(both("x", false).await, Err(Failure::Number(_))));
}

#[tokio::test(start_paused = true)]
async fn options_leave_functions_that_return_options() {
    async fn first(text: &str) -> Option<char> {
        let value = fenced!(timeout = "5s", {
            yield_now().await;
            text.chars().next()?
        });
        value.completed()
    }
    assert_eq!(first("abc").await, Some('a'));
    assert_eq!(first("").await, None);
}

#[tokio::test(start_paused = true)]
async fn control_flow_leaves_with_its_value() {
    async fn step(flow: ControlFlow<u8, u16>) -> ControlFlow<u8, u16> {
        let value = fenced!(timeout = "5s", {
            yield_now().await;
            flow? + 1
        });
        ControlFlow::Continue(value.completed().unwrap_or(0))
    }
    assert_eq!(
        step(ControlFlow::Continue(1)).await,
        ControlFlow::Continue(2)
    );
    assert_eq!(step(ControlFlow::Break(7)).await, ControlFlow::Break(7));
}

#[tokio::test(start_paused = true)]
async fn the_returned_value_is_coerced_as_ever() {
    async fn boxed(kind: u8) -> Result<u8, Box<dyn Error>> {
        let value = fenced!(timeout = "5s", {
            yield_now().await;
            if kind == 1 {
                return Err("text".into());
            }
            if kind == 2 {
                return Err(Box::new(fmt::Error));
            }
            number("x").await?
        });
        unreachable!("{value:?}")
    }
    for (kind, expected) in [(1, "text"), (2, "an error occurred"), (3, "invalid digit")] {
        let error = boxed(kind).await.expect_err("an error").to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn break_and_continue_mean_the_loop_around_the_block() {
    let mut seen = Vec::new();
    for i in 0..10 {
        let fenced = fenced!(timeout = "5s", {
            yield_now().await;
            if i == 1 {
                continue;
            }
            if i == 4 {
                break;
            }
            seen.push(i);
            i
        });
        assert_eq!(fenced.completed(), Some(i));
    }
    assert_eq!(seen, [0, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn loops_inside_the_block_are_left_as_ever() {
    async fn sum() -> u32 {
        let total = fenced!(timeout = "5s", {
            let mut total = 0;
            'outer: for i in 0..10 {
                for j in 0..10 {
                    yield_now().await;
                    if j == 2 {
                        continue 'outer;
                    }
                    if i == 2 {
                        break 'outer;
                    }
                    total += 1;
                }
            }
            while total < 10 {
                total += 1;
                if total == 7 {
                    break;
                }
            }
            'block: {
                if total == 7 {
                    break 'block;
                }
                return 0;
            }
            total
                + 'value: {
                    if total == 0 {
                        break 'value 0;
                    }
                    1
                }
        });
        total.completed().unwrap_or(0)
    }
    assert_eq!(sum().await, 8);
}

#[tokio::test(start_paused = true)]
async fn labels_and_values() {
    let mut rounds = 0;
    let found = 'outer: loop {
        rounds += 1;
        for i in 0..3 {
            let fenced: Fenced<u32> = fenced!(timeout = "5s", {
                yield_now().await;
                if rounds == 1 && i == 1 {
                    continue 'outer;
                }
                if rounds == 2 && i == 2 {
                    break 'outer Some(i);
                }
                i
            });
            assert!(fenced.is_completed());
        }
    };
    assert_eq!((rounds, found), (2, Some(2)));
    let block = 'block: {
        let _: Fenced<()> = fenced!(timeout = "5s", {
            yield_now().await;
            break 'block 5;
        });
        6
    };
    assert_eq!(block, 5);
}

#[tokio::test(start_paused = true)]
async fn closures_async_blocks_and_items_keep_their_own() {
    async fn own() -> Result<u32, Failure> {
        let fenced = fenced!(timeout = "5s", {
            fn item() -> Option<u8> {
                None?
            }
            let closure = |text: &str| -> Result<u32, ParseIntError> {
                if text.is_empty() {
                    return Ok(0);
                }
                Ok(text.parse::<u32>()? + 1)
            };
            let inner = async {
                let value: u32 = "x".parse()?;
                Ok::<_, ParseIntError>(value)
            };
            assert!(inner.await.is_err());
            assert!(item().is_none());
            closure("")? + closure("4")?
        });
        Ok(fenced.completed().unwrap_or(0))
    }
    assert_eq!(own().await, Ok(5));
}

#[tokio::test(start_paused = true)]
async fn exits_inside_the_arguments_of_macros() {
    async fn text(text: &str) -> Result<String, ParseIntError> {
        let fenced = fenced!(timeout = "5s", {
            let all = vec![number(text).await?, number("2").await?];
            let same = vec![number(text).await?; 2];
            assert!(all[0] == number(text).await?, "{}", number("x").await?);
            format!("{} {all:?} {same:?}", number(text).await?)
        });
        Ok(fenced.completed().unwrap_or_default())
    }
    assert_eq!(text("1").await.as_deref(), Ok("1 [1, 2] [1, 1]"));
    assert!(text("x").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn exits_of_a_nested_block_leave_both() {
    async fn nested(inner: &str) -> Result<u32, ParseIntError> {
        for round in 0..3 {
            let outer = fenced!(timeout = "5s", {
                let value = fenced!(nested, timeout = "1s", {
                    let value = number(inner).await?;
                    if value == 1 {
                        break;
                    }
                    if value == 2 {
                        return Ok(20);
                    }
                    value
                });
                value.completed().unwrap_or(0)
            });
            if round == 1 {
                return Ok(outer.completed().unwrap_or(0));
            }
        }
        Ok(10)
    }
    assert!(nested("x").await.is_err());
    assert_eq!(nested("1").await, Ok(10));
    assert_eq!(nested("2").await, Ok(20));
    assert_eq!(nested("3").await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn let_else_and_method_chains() {
    async fn chain(text: Option<&str>) -> Result<usize, Failure> {
        let fenced = fenced!(timeout = "5s", {
            let Some(text) = text else { return Ok(0) };
            let first = if text.is_empty() {
                return Err(Failure::Late);
            } else {
                text
            };
            number(first).await?.to_string().len()
        });
        Ok(fenced.completed().unwrap_or(9))
    }
    assert_eq!(chain(None).await, Ok(0));
    assert_eq!(chain(Some("")).await, Err(Failure::Late));
    assert_eq!(chain(Some("123")).await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_block_that_only_returns() {
    async fn five() -> u8 {
        let _: Fenced<()> = fenced!(timeout = "5s", {
            yield_now().await;
            return 5;
        });
        6
    }
    assert_eq!(five().await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_block_leaves_nothing() {
    async fn slow() -> Result<u8, ParseIntError> {
        let fenced = fenced!(timeout = "5s", {
            tokio::time::sleep(Duration::from_secs(10)).await;
            number("x").await?;
        });
        assert!(fenced.is_cancelled());
        Ok(1)
    }
    assert_eq!(slow().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn an_async_block_keeps_its_exits() {
    let fenced = fenced!(timeout = "5s", async {
        let value = number("x").await?;
        Ok::<_, ParseIntError>(value)
    });
    assert!(fenced.completed().is_some_and(|result| result.is_err()));
}
