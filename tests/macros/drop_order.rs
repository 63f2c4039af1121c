//! Are the arguments of a fenced function dropped like those of a plain `async fn`?

#![allow(
    dead_code,
    unused_variables,
    unused_mut,
    clippy::needless_pass_by_value
)]

use std::cell::RefCell;
use tokio_test::task::spawn;

thread_local! {
    static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Notes its drop.
struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.push(self.0));
    }
}

struct Pair {
    x: Noisy,
    y: Noisy,
}

struct Owner {
    used: Noisy,
    unused: Noisy,
}

fn log() -> Vec<&'static str> {
    LOG.with_borrow_mut(std::mem::take)
}

fn pair(x: &'static str, y: &'static str) -> Pair {
    Pair {
        x: Noisy(x),
        y: Noisy(y),
    }
}

/// The same functions once plain and once fenced.
macro_rules! functions {
    ($name:ident $(, #[$attribute:meta])?) => {
        mod $name {
            use super::*;

            $(#[$attribute])?
            pub async fn names(a: Noisy, b: Noisy, mut m: Noisy, wait: bool) {
                let local = Noisy("local");
                let used = &a.0;
                if wait {
                    std::future::pending::<()>().await;
                }
            }

            $(#[$attribute])?
            pub async fn patterns(
                a: Noisy,
                b: Noisy,
                Pair { x, y: _ }: Pair,
                (c, _): (Noisy, Noisy),
                _: Noisy,
                mut m: Noisy,
                wait: bool,
            ) {
                let local = Noisy("local");
                let used = (&a.0, &x.0);
                if wait {
                    std::future::pending::<()>().await;
                }
            }

            impl Owner {
                $(#[$attribute])?
                pub async fn $name(self, a: Noisy, b: Noisy, wait: bool) {
                    let local = Noisy("local");
                    let used = (&b.0, &self.used.0);
                    if wait {
                        std::future::pending::<()>().await;
                    }
                }
            }

            $(#[$attribute])?
            pub async fn tail(a: Noisy, wait: bool) -> usize {
                if wait {
                    std::future::pending::<()>().await;
                }
                Noisy("temporary").0.len()
            }
        }
    };
}

functions!(raw);
functions!(fenced, #[fence::fenced(timeout = "1s", on = "drop_order")]);

/// What a call drops: at once, when it is dropped before its first poll, when it is dropped while
/// it waits, and when it completes.
fn order<F: Future>(call: impl Fn(bool) -> F) -> [Vec<&'static str>; 4] {
    let unpolled = call(true);
    let at_the_call = log();
    drop(unpolled);
    let unpolled = log();
    let mut suspended = spawn(call(true));
    assert!(suspended.poll().is_pending());
    assert!(log().is_empty());
    drop(suspended);
    let suspended = log();
    assert!(spawn(call(false)).poll().is_ready());
    [at_the_call, unpolled, suspended, log()]
}

#[tokio::test(start_paused = true)]
async fn arguments_that_are_names() {
    let call = |wait| raw::names(Noisy("a"), Noisy("b"), Noisy("m"), wait);
    let expected = order(call);
    assert_eq!(expected[2], ["local", "m", "b", "a"]);
    let call = |wait| fenced::names(Noisy("a"), Noisy("b"), Noisy("m"), wait);
    assert_eq!(order(call), expected);
}

#[tokio::test(start_paused = true)]
async fn arguments_that_are_patterns() {
    macro_rules! call {
        ($module:ident) => {
            |wait| {
                $module::patterns(
                    Noisy("a"),
                    Noisy("b"),
                    pair("x", "y"),
                    (Noisy("c0"), Noisy("c1")),
                    Noisy("_"),
                    Noisy("m"),
                    wait,
                )
            }
        };
    }
    let expected = order(call!(raw));
    assert_eq!(
        expected[2],
        ["local", "m", "_", "c0", "c1", "x", "y", "b", "a"]
    );
    assert_eq!(order(call!(fenced)), expected);
}

#[tokio::test(start_paused = true)]
async fn self_that_is_used_in_part() {
    let owner = || Owner {
        used: Noisy("used"),
        unused: Noisy("unused"),
    };
    let expected = order(|wait| owner().raw(Noisy("a"), Noisy("b"), wait));
    assert_eq!(expected[0], [""; 0]);
    assert_eq!(
        order(|wait| owner().fenced(Noisy("a"), Noisy("b"), wait)),
        expected
    );
}

#[tokio::test(start_paused = true)]
async fn temporaries_of_the_last_expression() {
    let expected = order(|wait| raw::tail(Noisy("a"), wait));
    assert_eq!(expected[3], ["temporary", "a"]);
    assert_eq!(order(|wait| fenced::tail(Noisy("a"), wait)), expected);
}
