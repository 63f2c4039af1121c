//! A fence that nothing is around: with a timeout and an event, unless said otherwise.

use std::task::Context;

use fence::block::fenced;
use fence::{Event, Fencing};

use super::LONG;
use super::peers::{self, P, Q, RUC, TIMEOUT, TWO};
use crate::drive;
use crate::program::{Body, Case, Program, once, ours};
use crate::workload::{Difference, Workload};

pub(crate) fn all() -> Vec<Workload> {
    vec![
        Workload::new("ready at once", P, programs(Case::Pending(0)))
            .goal(P, 0.65, 0.60)
            .held_at(1.50)
            .goal(Q, 0.50, 0.45)
            .held_at(1.22),
        Workload::new("pending once", P, programs(Case::Pending(1)))
            .goal(P, 1.00, 0.90)
            .held_at(1.74)
            .goal(Q, 0.90, 0.80)
            .held_at(1.55),
        Workload::new("pending 10 times", P, programs(Case::Pending(10))),
        Workload::new("pending 100 times", P, programs(Case::Pending(100))),
        Workload::new("created, never polled", P, programs(Case::NeverPolled))
            .goal(P, 0.30, 0.15)
            .held_at(0.42),
        Workload::new("timeout and two events, pending once", TWO, two_events()),
        Workload::new("event only, pending once", RUC, event_only()),
        Workload::new("timeout only, pending once", TIMEOUT, timeout_only()),
    ]
}

pub(crate) fn further_poll() -> Difference {
    Difference {
        workload: Workload::new("each further poll", P, Vec::new())
            .goal(P, 0.40, 0.15)
            .held_at(0.80)
            .unlocked(),
        from: "pending 100 times",
        minus: "pending 10 times",
        over: 90,
    }
}

fn programs(case: Case) -> Vec<Program> {
    let mut programs = peers::all(case);
    programs.extend([builder(case), attribute(case), block(case)]);
    programs
}

/// The set of the builder's fences.
pub(crate) fn timeout_and_event() -> Fencing {
    Fencing::new().timeout(LONG).on("stop", &Event::new())
}

pub(crate) fn builder(case: Case) -> Program {
    ours("builder", move || {
        let fencing = timeout_and_event();
        move |cx: &mut Context<'_>| drive!(case, cx, fencing.run(case.body()))
    })
}

fn attribute(case: Case) -> Program {
    #[fence::fenced(timeout = "30s", on = "bench-stop")]
    async fn attribute(body: Body) -> u64 {
        body.await
    }
    ours("`#[fenced]`", move || {
        move |cx: &mut Context<'_>| drive!(case, cx, attribute(case.body()))
    })
}

fn block(case: Case) -> Program {
    ours("`fenced!`", move || {
        move |cx: &mut Context<'_>| {
            drive!(case, cx, async {
                fenced!(timeout = "30s", on = "bench-stop", async {
                    case.body().await
                })
            });
        }
    })
}

fn two_events() -> Vec<Program> {
    let builder = ours("builder", || {
        let fencing = timeout_and_event().on("other", &Event::new());
        move |cx: &mut Context<'_>| drive!(Case::Pending(1), cx, fencing.run(once()))
    });
    let block = ours("`fenced!`", || {
        let (stop, other) = (Event::new(), Event::new());
        move |cx: &mut Context<'_>| {
            drive!(Case::Pending(1), cx, async {
                fenced!(timeout = "30s", on = [stop, other], async { once().await })
            });
        }
    });
    vec![peers::two_tokens(Case::Pending(1)), builder, block]
}

fn event_only() -> Vec<Program> {
    let builder = ours("builder", || {
        let fencing = Fencing::new().on("stop", &Event::new());
        move |cx: &mut Context<'_>| drive!(Case::Pending(1), cx, fencing.run(once()))
    });
    let block = ours("`fenced!`", || {
        let stop = Event::new();
        move |cx: &mut Context<'_>| {
            drive!(Case::Pending(1), cx, async {
                fenced!(on = stop, async { once().await })
            });
        }
    });
    vec![peers::until_cancelled(Case::Pending(1)), builder, block]
}

fn timeout_only() -> Vec<Program> {
    let builder = ours("builder", || {
        let fencing = Fencing::new().timeout(LONG);
        move |cx: &mut Context<'_>| drive!(Case::Pending(1), cx, fencing.run(once()))
    });
    let block = ours("`fenced!`", || {
        move |cx: &mut Context<'_>| {
            drive!(Case::Pending(1), cx, async {
                fenced!(timeout = "30s", async { once().await })
            });
        }
    });
    vec![peers::timed(Case::Pending(1)), builder, block]
}
