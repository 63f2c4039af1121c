//! The small questions and wrappers: `check`, `shield`, `bind`.

use std::hint::black_box;
use std::sync::Arc;
use std::task::Context;

use fence::{Event, Fencing, check, shield};
use tokio_util::sync::CancellationToken;

use super::LONG;
use super::peers::{self, P};
use crate::drive;
use crate::program::{Case, Program, Side, in_task, measured, ours, peer};
use crate::workload::Workload;

const TOKEN: &str = "`token.is_cancelled()`";
const SCOPE: &str = "`task_local!` scope";
const READY: Case = Case::Pending(0);
const ONCE: Case = Case::Pending(1);

pub(crate) fn all() -> Vec<Workload> {
    vec![
        Workload::new("`check()`", TOKEN, checks()),
        Workload::new("`shield`, ready at once", P, shields(READY)),
        Workload::new("`shield`, pending once", P, shields(ONCE)),
        Workload::new("`bind`, ready at once", SCOPE, binds()),
    ]
}

fn by_event() -> Fencing {
    Fencing::new().on("stop", &Event::new())
}

fn by_deadline() -> Fencing {
    Fencing::new().timeout(LONG)
}

/// One of ours inside of a fence.
fn under<Op>(name: &'static str, fence: fn() -> Fencing, setup: fn() -> Op) -> Program
where
    Op: FnMut(&mut Context<'_>) + Send + 'static,
{
    Program::new(name, Side::Ours, move |meter| {
        in_task(async move { fence().run(measured(meter, setup())).await.unwrap() });
    })
}

fn checks() -> Vec<Program> {
    fn ask() -> impl FnMut(&mut Context<'_>) + Send + 'static {
        |_| {
            let _ = black_box(check());
        }
    }
    let token = peer(TOKEN, || {
        let token = CancellationToken::new();
        move |_: &mut Context<'_>| {
            black_box(token.is_cancelled());
        }
    });
    vec![
        token,
        ours("outside of fences", ask),
        under("under an event", by_event, ask),
        under("under a deadline", by_deadline, ask),
    ]
}

fn shields(case: Case) -> Vec<Program> {
    let outside = ours("outside of fences", move || {
        move |cx: &mut Context<'_>| drive!(case, cx, shield(case.body()))
    });
    let under = Program::new("under a deadline", Side::Ours, move |meter| {
        let shield = move |cx: &mut Context<'_>| drive!(case, cx, shield(case.body()));
        in_task(async move { by_deadline().run(measured(meter, shield)).await.unwrap() });
    });
    vec![peers::p(case), outside, under]
}

tokio::task_local! {
    static REQUEST: Arc<u64>;
}

fn binds() -> Vec<Program> {
    let scope = peer(SCOPE, || {
        let request = Arc::new(7);
        move |cx: &mut Context<'_>| {
            drive!(READY, cx, REQUEST.scope(request.clone(), READY.body()));
        }
    });
    let bind = ours("`bind`", || {
        let set = by_event();
        move |cx: &mut Context<'_>| drive!(READY, cx, set.bind(READY.body()))
    });
    vec![scope, bind]
}
