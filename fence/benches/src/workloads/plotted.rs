//! How does the cost grow with the number of polls, and with the depth of nesting?

use std::task::Context;

use fence::Fencing;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::LONG;
use super::peers::{self, P};
use super::top_level::{self, timeout_and_event};
use crate::drive;
use crate::program::{Case, Program, once, ours, peer};
use crate::workload::Workload;

const ONCE: Case = Case::Pending(1);

/// How often the bodies of the first plot are pending.
pub const POLLS: [u32; 8] = [0, 1, 2, 5, 10, 20, 50, 100];

/// How many fences are around the bodies of the second plot, each with a timeout and an event.
pub const DEPTHS: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// All of the first plot, then all of the second.
pub(crate) fn all() -> Vec<Workload> {
    let polls = POLLS.map(|polls| {
        let case = Case::Pending(polls);
        vec![peers::p(case), top_level::builder(case)]
    });
    let plotted = polls.into_iter().chain(nested());
    plotted
        .map(|programs| Workload::new("", P, programs))
        .collect()
}

/// Something to put around a future.
trait Wrap {
    fn wrap<F: Future>(&self, future: F) -> impl Future;
}

impl Wrap for CancellationToken {
    fn wrap<F: Future>(&self, future: F) -> impl Future {
        timeout(LONG, self.run_until_cancelled(future))
    }
}

impl Wrap for Fencing {
    fn wrap<F: Future>(&self, future: F) -> impl Future {
        self.run(future)
    }
}

macro_rules! wrapped {
    ($wrap:expr;) => { once() };
    ($wrap:expr; $_:literal $($deeper:literal)*) => {
        $wrap.wrap(wrapped!($wrap; $($deeper)*))
    };
}

macro_rules! nested {
    ($($level:literal)*) => {
        vec![
            peer(P, || {
                let token = CancellationToken::new();
                move |cx: &mut Context<'_>| drive!(ONCE, cx, wrapped!(token; $($level)*))
            }),
            ours("builder", || {
                let fencing = timeout_and_event();
                move |cx: &mut Context<'_>| drive!(ONCE, cx, wrapped!(fencing; $($level)*))
            }),
        ]
    };
}

fn nested() -> [Vec<Program>; DEPTHS.len()] {
    [
        nested!(1),
        nested!(1 2),
        nested!(1 2 3),
        nested!(1 2 3 4),
        nested!(1 2 3 4 5),
        nested!(1 2 3 4 5 6),
        nested!(1 2 3 4 5 6 7),
        nested!(1 2 3 4 5 6 7 8),
    ]
}
