//! What people use today, alone and combined.

use std::future::Future;
use std::task::Context;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_graceful_shutdown::{FutureExt, SubsystemHandle, Toplevel};
use tokio_util::sync::CancellationToken;

use super::LONG;
use crate::drive;
use crate::program::{Case, Meter, Program, Side, peer, runtime};

pub(crate) const BARE: &str = "bare body";
pub(crate) const TIMEOUT: &str = "`timeout`";
pub(crate) const RUC: &str = "`run_until_cancelled`";
pub(crate) const P: &str = "P";
pub(crate) const Q: &str = "Q";
pub(crate) const TWO: &str = "P, two tokens";

tokio::task_local! {
    static REQUEST: u64;
}

pub(crate) fn all(case: Case) -> Vec<Program> {
    vec![
        bare(case),
        timed(case),
        until_cancelled(case),
        p(case),
        q(case),
        select(case),
        two_tokens(case),
        on_shutdown(case),
    ]
}

fn bare(case: Case) -> Program {
    peer(BARE, move || {
        move |cx: &mut Context<'_>| drive!(case, cx, case.body())
    })
}

pub(crate) fn timed(case: Case) -> Program {
    peer(TIMEOUT, move || {
        move |cx: &mut Context<'_>| drive!(case, cx, timeout(LONG, case.body()))
    })
}

pub(crate) fn until_cancelled(case: Case) -> Program {
    peer(RUC, move || {
        let token = CancellationToken::new();
        move |cx: &mut Context<'_>| drive!(case, cx, token.run_until_cancelled(case.body()))
    })
}

pub(crate) fn p(case: Case) -> Program {
    peer(P, move || {
        let token = CancellationToken::new();
        move |cx: &mut Context<'_>| {
            drive!(
                case,
                cx,
                timeout(LONG, token.run_until_cancelled(case.body()))
            );
        }
    })
}

fn q(case: Case) -> Program {
    peer(Q, move || {
        let token = CancellationToken::new();
        move |cx: &mut Context<'_>| {
            let p = timeout(LONG, token.run_until_cancelled(case.body()));
            drive!(case, cx, REQUEST.scope(7, p));
        }
    })
}

fn select(case: Case) -> Program {
    peer("`select!`", move || {
        let token = CancellationToken::new();
        move |cx: &mut Context<'_>| {
            let select = async {
                tokio::select! {
                    biased;
                    value = case.body() => Some(value),
                    () = token.cancelled() => None,
                    () = sleep(LONG) => None,
                }
            };
            drive!(case, cx, select);
        }
    })
}

pub(crate) fn two_tokens(case: Case) -> Program {
    peer(TWO, move || {
        let (inner, outer) = (CancellationToken::new(), CancellationToken::new());
        move |cx: &mut Context<'_>| {
            let inner = inner.run_until_cancelled(case.body());
            drive!(case, cx, timeout(LONG, outer.run_until_cancelled(inner)));
        }
    })
}

fn on_shutdown(case: Case) -> Program {
    Program::new("`cancel_on_shutdown`", Side::Peer, move |meter| {
        in_subsystem(meter, move |handle, cx| {
            drive!(case, cx, case.body().cancel_on_shutdown(handle));
        });
    })
}

/// The handle never leaves its subsystem, which therefore is the task of the program.
fn in_subsystem(
    meter: Meter,
    mut operation: impl FnMut(&SubsystemHandle, &mut Context<'_>) + Send + 'static,
) {
    runtime().block_on(async {
        let subsystem = async move |handle: &mut SubsystemHandle| {
            crate::program::measured(meter, |cx| operation(handle, cx)).await;
        };
        Toplevel::new(subsystem)
            .handle_shutdown_requests(Duration::ZERO)
            .await
            .expect("the program runs to its end");
    });
}
