//! Do exits mean what they say where a macro cannot see them, or must not touch them: in other
//! macros, under attributes, in code that is configured out?

use fence::Fenced;
use fence::block::fenced;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Display};
use std::num::ParseIntError;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::yield_now;

async fn number(text: &str) -> Result<u32, ParseIntError> {
    yield_now().await;
    text.parse()
}

macro_rules! bail {
    ($error:expr) => {
        return Err($error.into())
    };
}

macro_rules! ensure {
    ($condition:expr, $error:expr) => {
        if !$condition {
            bail!($error)
        }
    };
}

macro_rules! some_or_return {
    ($option:expr) => {
        match $option {
            Some(value) => value,
            None => return,
        }
    };
}

/// Runs its argument in an `async` block, as `try_stream!` does.
macro_rules! own_block {
    ($($body:tt)*) => {
        async { Ok::<_, ParseIntError>({ $($body)* }) }
    };
}

macro_rules! repeat {
    ($times:expr, $body:block) => {
        for _ in 0..$times $body
    };
}

/// A macro of a harmless name that is not.
macro_rules! trace {
    ($value:expr) => {
        return $value
    };
}

#[tokio::test]
async fn a_question_mark_that_is_configured_out_does_not_run() {
    async fn f(seen: &Cell<u8>) -> Result<u32, ParseIntError> {
        let value = fenced!(timeout = "1s", {
            #[cfg(any())]
            number({
                seen.set(1);
                "x"
            })
            .await?;
            #[cfg(not(any()))]
            number({
                seen.set(seen.get() + 2);
                "1"
            })
            .await?;
            number("7").await?
        });
        Ok(value.unwrap_or(0))
    }
    let seen = Cell::new(0);
    assert_eq!((f(&seen).await, seen.get()), (Ok(7), 2));
}

#[tokio::test]
async fn a_return_that_is_configured_out_does_not_run() {
    async fn f() -> u8 {
        let value = fenced!(timeout = "1s", {
            yield_now().await;
            #[cfg(any())]
            return 9;
            1
        });
        value.unwrap_or(0)
    }
    assert_eq!(f().await, 1);
}

#[tokio::test]
async fn jumps_that_are_configured_out_do_not_run() {
    let mut rounds = 0;
    'outer: for _ in 0..3 {
        let value = fenced!(timeout = "1s", {
            yield_now().await;
            #[cfg(any())]
            break;
            #[cfg(any())]
            continue 'outer;
            #[cfg(any())]
            break 'outer;
            1
        });
        rounds += value.unwrap_or(0);
        if rounds == 3 {
            break 'outer;
        }
    }
    assert_eq!(rounds, 3);
}

#[tokio::test]
async fn jumps_that_are_configured_in_run() {
    async fn f() -> u8 {
        let mut rounds = 0;
        loop {
            rounds += 1;
            let _: Fenced<()> = fenced!(timeout = "1s", {
                yield_now().await;
                #[cfg(not(any()))]
                if rounds < 3 {
                    #[allow(clippy::needless_continue)]
                    continue;
                }
                #[cfg(not(any()))]
                return rounds;
            });
        }
    }
    assert_eq!(f().await, 3);
}

#[tokio::test]
async fn a_return_in_a_macro_leaves_the_function() {
    async fn f(bad: bool) -> Result<&'static str, Box<dyn Error>> {
        let value = fenced!(timeout = "1s", {
            if bad {
                bail!("outer")
            }
            number("1").await
        });
        assert!(value.unwrap_or(Ok(0)).is_ok());
        Ok("went on")
    }
    assert_eq!(f(false).await.ok(), Some("went on"));
    assert_eq!(
        f(true).await.map_err(|error| error.to_string()),
        Err("outer".to_owned())
    );
}

#[tokio::test]
async fn a_return_in_a_macro_leaves_the_function_though_the_block_has_its_type() {
    async fn f(bad: bool) -> Result<u32, ParseIntError> {
        let value = fenced!(timeout = "1s", {
            ensure!(!bad, "x".parse::<u32>().unwrap_err());
            number("1").await
        });
        assert!(value.is_completed());
        Ok(2)
    }
    assert_eq!(f(false).await, Ok(2));
    assert!(f(true).await.is_err());
}

#[tokio::test]
async fn a_return_in_a_macro_next_to_visible_ones() {
    async fn f(text: &str, bad: bool) -> Result<u32, Box<dyn Error>> {
        let value = fenced!(timeout = "1s", {
            ensure!(!bad, "bad");
            if text.is_empty() {
                return Ok(0);
            }
            number(text).await?
        });
        Ok(value.unwrap_or(9))
    }
    assert_eq!(f("3", false).await.ok(), Some(3));
    assert_eq!(f("", false).await.ok(), Some(0));
    assert!(f("x", false).await.is_err());
    assert!(f("3", true).await.is_err());
}

#[tokio::test]
async fn a_macro_that_returns_nothing_leaves_a_function_that_returns_nothing() {
    async fn f(value: Option<u8>, seen: &Cell<u8>) {
        let value = fenced!(timeout = "1s", {
            let value = some_or_return!(value);
            yield_now().await;
            seen.set(value);
        });
        assert!(value.is_completed());
        seen.set(seen.get() + 1);
    }
    let seen = Cell::new(0);
    f(None, &seen).await;
    assert_eq!(seen.get(), 0);
    f(Some(1), &seen).await;
    assert_eq!(seen.get(), 2);
}

#[tokio::test]
async fn a_macro_that_returns_under_a_harmless_name_next_to_a_question_mark() {
    async fn f(bad: bool) -> Result<u32, ParseIntError> {
        let value = fenced!(timeout = "1s", {
            if bad {
                trace!(Ok(5))
            }
            number("1").await?
        });
        Ok(value.unwrap_or(0))
    }
    assert_eq!((f(true).await, f(false).await), (Ok(5), Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn the_loop_of_a_consumer() {
    let (sender, mut receiver) = mpsc::channel(4);
    for i in 0..3 {
        sender.send(i).await.expect("open");
    }
    drop(sender);
    let sum = fenced!(timeout = "1s", {
        let mut sum = 0;
        loop {
            tokio::select! {
                message = receiver.recv() => match message {
                    Some(number) => sum += number,
                    None => break,
                },
                () = tokio::time::sleep(Duration::from_secs(9)) => break,
            }
        }
        sum
    });
    assert_eq!(sum.completed(), Some(3));
}

#[tokio::test]
async fn every_exit_from_inside_of_select() {
    async fn f(kind: u8) -> Result<u8, ParseIntError> {
        for round in 0..3 {
            let value = fenced!(timeout = "1s", {
                tokio::select! {
                    biased;
                    () = yield_now(), if kind == 0 => return Ok(10),
                    n = number("x"), if kind == 1 => n?,
                    () = yield_now(), if kind == 2 && round == 0 => continue,
                    () = yield_now(), if kind == 2 => break,
                    n = number("7") => { number("8").await?; n? }
                }
            });
            if kind > 2 {
                return Ok(u8::try_from(value.unwrap_or(0)).unwrap_or(0));
            }
            assert!(kind == 2);
        }
        Ok(3)
    }
    assert_eq!(f(0).await, Ok(10));
    assert!(f(1).await.is_err());
    assert_eq!(f(2).await, Ok(3));
    assert_eq!(f(3).await, Ok(7));
}

#[tokio::test]
async fn a_labelled_jump_from_inside_of_any_macro() {
    let mut rounds = 0;
    let found = 'search: loop {
        let _: Fenced<()> = fenced!(timeout = "1s", {
            yield_now().await;
            repeat!(3, {
                rounds += 1;
                if rounds == 2 {
                    continue 'search;
                }
                if rounds == 4 {
                    break 'search rounds;
                }
            });
        });
    };
    assert_eq!((rounds, found), (4, 4));
}

#[tokio::test]
async fn a_macro_that_loops_by_itself_is_left_as_ever() {
    let mut rounds = 0;
    for _ in 0..2 {
        let value = fenced!(timeout = "1s", {
            yield_now().await;
            repeat!(5, {
                rounds += 1;
                if rounds % 2 == 0 {
                    break;
                }
            });
        });
        assert!(value.is_completed());
    }
    assert_eq!(rounds, 4);
}

#[tokio::test]
async fn exits_in_macros_that_take_no_expressions() {
    macro_rules! map {
        ($($key:literal => $value:expr),*) => {
            BTreeMap::from([$(($key, $value)),*])
        };
    }
    macro_rules! log {
        (target: $target:literal, $($argument:tt)*) => {
            ($target, format!($($argument)*))
        };
    }
    async fn f(text: &str) -> Result<u32, ParseIntError> {
        let value = fenced!(timeout = "1s", {
            let map = map! { "a" => number(text).await?, "b" => 2 };
            let (_, logged) = log!(target: "log", "{}", number(text).await?);
            let is_small = matches!(number(text).await?, n if n < number("5").await?);
            (map["a"], logged, is_small)
        });
        assert_eq!(value.completed(), Some((3, "3".to_owned(), true)));
        Ok(1)
    }
    assert_eq!(f("3").await, Ok(1));
    assert!(f("x").await.is_err());
}

#[tokio::test]
async fn exits_in_a_macro_with_a_block_of_its_own_stay_there() {
    async fn f(text: &str) -> Result<u32, fmt::Error> {
        let value = fenced!(timeout = "1s", {
            let own = own_block! {
                let n = number(text).await?;
                if n == 2 {
                    return Ok(20);
                }
                n
            };
            own.await
        });
        Ok(value.completed().map_or(0, |own| own.unwrap_or(99)))
    }
    assert_eq!(f("1").await, Ok(1));
    assert_eq!(f("2").await, Ok(20));
    assert_eq!(f("x").await, Ok(99));
}

#[tokio::test]
async fn opaque_and_boxed_results_are_coerced_as_ever() {
    async fn opaque(zero: bool) -> impl Display {
        let value = fenced!(timeout = "1s", {
            yield_now().await;
            if zero {
                return 0;
            }
            5
        });
        value.unwrap_or(9)
    }
    async fn boxed(text: bool) -> Box<dyn Display + Send> {
        let _: Fenced<()> = fenced!(timeout = "1s", {
            yield_now().await;
            if text {
                return Box::new("text");
            }
            return Box::new(5);
        });
        Box::new(6)
    }
    assert_eq!(opaque(true).await.to_string(), "0");
    assert_eq!(opaque(false).await.to_string(), "5");
    assert_eq!(boxed(true).await.to_string(), "text");
    assert_eq!(boxed(false).await.to_string(), "5");
}

#[tokio::test]
async fn a_value_of_a_break_is_coerced_as_ever() {
    let found: Box<dyn Display> = loop {
        let _: Fenced<()> = fenced!(timeout = "1s", {
            yield_now().await;
            break Box::new(5);
        });
    };
    assert_eq!(found.to_string(), "5");
}

#[tokio::test]
async fn in_closures_and_async_blocks_without_a_written_type() {
    let closure = async |text: &'static str| {
        let value = fenced!(timeout = "1s", { number(text).await? });
        Ok::<_, ParseIntError>(value.unwrap_or(0))
    };
    let block = async {
        let value = fenced!(timeout = "1s", { number("x").await? });
        Ok::<_, ParseIntError>(value.unwrap_or(0))
    };
    assert_eq!(closure("2").await, Ok(2));
    assert!(block.await.is_err());
}

#[tokio::test]
async fn in_tasks_that_never_return() {
    let task = tokio::spawn(async {
        let mut ticks = 0_u8;
        loop {
            let value = fenced!(timeout = "1s", {
                ticks += 1;
                println!("{ticks}");
                yield_now().await;
            });
            assert!(value.is_completed());
            let value = fenced!(timeout = "1s", {
                yield_now().await;
                assert_that!(ticks > 0);
            });
            assert!(value.is_completed());
        }
    });
    yield_now().await;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
}

macro_rules! assert_that {
    ($condition:expr) => {
        assert!($condition)
    };
}
use assert_that;

#[tokio::test]
async fn a_task_with_exits_can_be_spawned() {
    async fn f(text: String) -> Result<u32, Box<dyn Error + Send + Sync>> {
        let value = fenced!(timeout = "1s", {
            ensure!(!text.is_empty(), "empty");
            number(&text).await?
        });
        Ok(value.unwrap_or(0))
    }
    let task = tokio::spawn(f("4".to_owned()));
    assert_eq!(task.await.expect("no panic").ok(), Some(4));
}

#[tokio::test]
async fn what_is_not_send_may_come_out_of_a_block_that_does_not_return() {
    async fn f() -> usize {
        for _ in 0..1 {
            let value = fenced!(timeout = "1s", {
                println!("a macro");
                yield_now().await;
                if false {
                    break;
                }
                std::rc::Rc::new(1)
            });
            let count = value.completed().map_or(0, |rc| *rc);
            if count == 1 {
                return count;
            }
        }
        0
    }
    assert_eq!(tokio::spawn(f()).await.ok(), Some(1));
}

#[tokio::test]
async fn a_helper_in_a_fenced_function_has_fences_of_its_own() {
    #[fence::fenced(timeout = "1s")]
    async fn outer() -> u8 {
        async fn helper() -> u8 {
            fenced!(timeout = "1s", { yield_now().await })
                .map(|()| 1)
                .unwrap_or(0)
        }
        struct Other;
        impl Other {
            async fn helper(&self) -> u8 {
                fenced!(timeout = "1s", { helper().await }).unwrap_or(0)
            }
        }
        Other.helper().await
    }
    let in_a_block = fenced!(timeout = "1s", {
        async fn helper() -> u8 {
            let ready = std::future::ready(2);
            fenced!(timeout = "1s", ready).unwrap_or(0)
        }
        helper().await
    });
    assert_eq!(
        (outer().await.completed(), in_a_block.completed()),
        (Some(1), Some(2))
    );
}

#[tokio::test]
async fn what_a_block_has_moved_is_dropped_before_its_exit_is_taken() {
    struct Loud<'a>(&'a Cell<&'static str>, &'static str);
    impl Drop for Loud<'_> {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    async fn f(last: &Cell<&'static str>) -> Result<&'static str, ParseIntError> {
        let local = Loud(last, "local");
        let value = fenced!(timeout = "1s", {
            let _local = local;
            let _second = Loud(last, "second");
            number("1").await?
        });
        assert!(value.is_completed());
        Ok(last.get())
    }
    let last = Cell::new("");
    assert_eq!(f(&last).await, Ok("local"));
}
