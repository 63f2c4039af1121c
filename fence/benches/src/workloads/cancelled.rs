//! What the exception costs: a fence that cancels.

use std::future::{Future, pending};
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use fence::block::fenced;
use fence::{Event, Fencing};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::LONG;
use super::peers::P;
use crate::program::{Meter, Program, Side, ours, peer, runtime};
use crate::workload::Workload;

const LIMIT: Duration = Duration::from_millis(1);

pub(crate) fn all() -> Vec<Workload> {
    vec![
        Workload::new("cancelled by an event", P, by_event()),
        // The time of one operation is its limit, whoever keeps it.
        Workload::new("a task cancelled by a timeout", P, by_timeout()).untimed(),
    ]
}

/// Pending, then fired, then at its end.
fn cut<F: Future, R>(cx: &mut Context<'_>, future: F, fire: impl FnOnce() -> R) {
    let mut future = pin!(future);
    assert!(future.as_mut().poll(cx).is_pending());
    fire();
    assert!(future.poll(cx).is_ready());
}

fn by_event() -> Vec<Program> {
    let p = peer(P, || {
        |cx: &mut Context<'_>| {
            let token = CancellationToken::new();
            let future = timeout(LONG, token.run_until_cancelled(pending::<()>()));
            cut(cx, future, || token.cancel());
        }
    });
    let builder = ours("builder", || {
        |cx: &mut Context<'_>| {
            let stop = Event::new();
            let fencing = Fencing::new().timeout(LONG).on("stop", &stop);
            cut(cx, fencing.run(pending::<()>()), || stop.set());
        }
    });
    let block = ours("`fenced!`", || {
        |cx: &mut Context<'_>| {
            let stop = Event::new();
            let fence = async { fenced!(timeout = "30s", on = stop, pending::<()>()) };
            cut(cx, fence, || stop.set());
        }
    });
    vec![p, builder, block]
}

fn by_timeout() -> Vec<Program> {
    let p = tasks(P, Side::Peer, || async {
        let token = CancellationToken::new();
        let outcome = timeout(LIMIT, token.run_until_cancelled(pending::<()>())).await;
        assert!(outcome.is_err());
    });
    let builder = tasks("builder", Side::Ours, || async {
        let fencing = Fencing::new().timeout(LIMIT).on("stop", &Event::new());
        assert!(fencing.run(pending::<()>()).await.is_cancelled());
    });
    let block = tasks("`fenced!`", Side::Ours, || async {
        let stop = Event::new();
        assert!(fenced!(timeout = "1ms", on = stop, pending::<()>()).is_cancelled());
    });
    vec![p, builder, block]
}

/// An operation is a task of a runtime that has nothing else to do.
fn tasks<F>(name: &'static str, side: Side, task: fn() -> F) -> Program
where
    F: Future<Output = ()> + Send + 'static,
{
    Program::new(name, side, move |meter: Meter| {
        let runtime = runtime();
        meter(&mut |operations| {
            runtime.block_on(async {
                let tasks: Vec<_> = (0..operations).map(|_| tokio::spawn(task())).collect();
                for task in tasks {
                    task.await.expect("the task runs to its end");
                }
            });
        });
    })
}
