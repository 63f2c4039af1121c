//! A fence inside of another one that is polled with the same waker: the usual case.

use std::future::Future;
use std::task::Context;

use fence::Fencing;

use super::peers::{self, P};
use super::top_level::timeout_and_event;
use crate::drive;
use crate::program::{Body, Case, Program, Side, in_task, measured, once};
use crate::workload::Workload;

const ONCE: Case = Case::Pending(1);

pub(crate) fn all() -> Vec<Workload> {
    use Host::{Alone, Bound};
    vec![
        Workload::new("inner fence with a timeout", P, with_timeout(Bound))
            .goal(P, 0.35, 0.25)
            .held_at(1.01)
            .unlocked(),
        Workload::new("inner fence that inherits", P, inheriting(Bound))
            .goal(P, 0.20, 0.10)
            .held_at(0.98)
            .unlocked(),
        Workload::new("inner fence of the current set", P, current(Bound)),
        Workload::new(
            "inner fence with a timeout, nothing bound",
            P,
            with_timeout(Alone),
        ),
        Workload::new(
            "inner fence that inherits, nothing bound",
            P,
            inheriting(Alone),
        ),
    ]
}

/// What is around the inner fence.
#[derive(Clone, Copy)]
enum Host {
    /// A fence with what is bound.
    Bound,
    /// A fence, and nothing is bound.
    Alone,
}

impl Host {
    async fn around(self, program: impl Future<Output = ()>) {
        let set = timeout_and_event();
        let outcome = match self {
            Self::Bound => {
                set.bind(async { Fencing::current().run(program).await })
                    .await
            }
            Self::Alone => set.run(program).await,
        };
        outcome.unwrap();
    }

    fn program<Op>(self, name: &'static str, setup: impl Fn() -> Op + 'static) -> Program
    where
        Op: FnMut(&mut Context<'_>) + Send + 'static,
    {
        Program::new(name, Side::Ours, move |meter| {
            in_task(self.around(measured(meter, setup())));
        })
    }
}

fn with_timeout(host: Host) -> Vec<Program> {
    #[fence::fenced(timeout = "1s")]
    async fn call(body: Body) -> u64 {
        body.await
    }
    let attribute = host.program("`#[fenced(timeout)]`", || {
        |cx: &mut Context<'_>| drive!(ONCE, cx, call(once()))
    });
    vec![peers::p(ONCE), attribute]
}

fn inheriting(host: Host) -> Vec<Program> {
    #[fence::fenced]
    async fn call(body: Body) -> u64 {
        body.await
    }
    let attribute = host.program("`#[fenced]`", || {
        |cx: &mut Context<'_>| drive!(ONCE, cx, call(once()))
    });
    vec![peers::p(ONCE), attribute]
}

fn current(host: Host) -> Vec<Program> {
    let builder = host.program("`current().run`", || {
        |cx: &mut Context<'_>| drive!(ONCE, cx, Fencing::current().run(once()))
    });
    vec![peers::p(ONCE), builder]
}
