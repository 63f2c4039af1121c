//! What is a measured program, and in which surroundings does it run?
//!
//! Futures are polled by hand inside of a task, with its waker, so that what is measured is the
//! future and not the scheduler.

use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::sleep;

/// Measures a block that does as many operations as it is told.
pub type Meter = Box<dyn FnOnce(&mut dyn FnMut(u32)) + Send>;

/// Whose program it is. The goals are about ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Made of fences.
    Ours,
    /// Made of what else there is.
    Peer,
}

/// Something to measure.
pub struct Program {
    /// What it uses.
    pub name: &'static str,
    /// Whose it is.
    pub side: Side,
    run: Box<dyn Fn(Meter)>,
}

impl Program {
    /// A program that sets up its surroundings and then has the meter measure its operations.
    pub fn new(name: &'static str, side: Side, run: impl Fn(Meter) + 'static) -> Self {
        let run = Box::new(run);
        Self { name, side, run }
    }

    /// Runs it once.
    pub fn run(&self, meter: Meter) {
        (self.run)(meter);
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}

/// A peer whose operations need nothing but a task.
pub fn peer<Op>(name: &'static str, setup: impl Fn() -> Op + 'static) -> Program
where
    Op: FnMut(&mut Context<'_>) + Send + 'static,
{
    Program::new(name, Side::Peer, move |meter| {
        in_task(measured(meter, setup()));
    })
}

/// A program of ours, in a task of its own.
pub fn ours<Op>(name: &'static str, setup: impl Fn() -> Op + 'static) -> Program
where
    Op: FnMut(&mut Context<'_>) + Send + 'static,
{
    Program::new(name, Side::Ours, move |meter| {
        in_task(measured(meter, setup()));
    })
}

/// Measures an operation where this future is awaited.
pub async fn measured(meter: Meter, mut operation: impl FnMut(&mut Context<'_>)) {
    // Fences around are armed now, and the runtime has seen the timers, as in the middle of work.
    yield_now().await;
    let mut meter = Some(meter);
    poll_fn(|cx| {
        if let Some(meter) = meter.take() {
            meter(&mut |operations| (0..operations).for_each(|_| operation(cx)));
        }
        Poll::Ready(())
    })
    .await;
}

/// Runs a program in a task of a runtime of its own.
///
/// # Panics
///
/// If there can be no runtime, or if the program panics.
pub fn in_task(program: impl Future<Output = ()> + Send + 'static) {
    // A runtime wakes itself for a timer that is earlier than all others: a system call that no
    // busy server makes. This one stays the earliest.
    let earliest = sleep_first(Duration::from_millis(500), program);
    runtime()
        .block_on(async { tokio::spawn(earliest).await })
        .expect("the program runs to its end");
}

async fn sleep_first(time: Duration, program: impl Future<Output = ()>) {
    let mut timer = pin!(sleep(time));
    let _ = poll_fn(|cx| Poll::Ready(timer.as_mut().poll(cx))).await;
    program.await;
}

/// A runtime as a small server has it.
///
/// # Panics
///
/// If the system has no resources left.
#[must_use]
pub fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}

/// How far an operation drives its future.
#[derive(Clone, Copy, Debug)]
pub enum Case {
    /// It is made and dropped.
    NeverPolled,
    /// To its end, after its body was pending so often.
    Pending(u32),
}

impl Case {
    /// The body for it.
    #[must_use]
    pub fn body(self) -> Body {
        let left = match self {
            Self::NeverPolled => 0,
            Self::Pending(times) => times,
        };
        Body { left, value: 1 }
    }
}

/// A body of 16 bytes that is pending so often and registers no waker.
#[derive(Debug)]
pub struct Body {
    left: u32,
    value: u64,
}

/// A body that is pending once.
#[must_use]
pub fn once() -> Body {
    Case::Pending(1).body()
}

impl Future for Body {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        if black_box(self.left) == 0 {
            return Poll::Ready(self.value);
        }
        self.left -= 1;
        Poll::Pending
    }
}

/// Drives a future as the case says. A macro, so that no future is moved to get here.
#[macro_export]
macro_rules! drive {
    ($case:expr, $cx:expr, $future:expr) => {{
        let mut future = std::pin::pin!($future);
        match $case {
            $crate::program::Case::NeverPolled => {
                std::hint::black_box(&mut future);
            }
            $crate::program::Case::Pending(_) => while future.as_mut().poll($cx).is_pending() {},
        }
    }};
}
