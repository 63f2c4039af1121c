//! The case as code.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{join_all, select_all};

use crate::plan::{Node, Plan, Pool};
use crate::real::{Future, World};
use crate::woken::Woken;

pub fn run(node: Node, world: Arc<World>) -> Future {
    let id = node.id;
    let captured = match &node.plan {
        Plan::Drops(drops, _) if drops.is_captured => Some(world.firing(id, &drops.fire)),
        _ => None,
    };
    Box::pin(async move {
        let _probe = world.probe(format!("-{id}"));
        match node.plan {
            Plan::Drops(drops, body) => {
                let _firing = captured.unwrap_or_else(|| world.firing(id, &drops.fire));
                run(*body, world.clone()).await;
            }
            plan if plan.inside().is_empty() => run_leaf(id, plan, &world).await,
            plan => run_parts(id, plan, &world).await,
        }
    })
}

async fn run_leaf(id: usize, plan: Plan, world: &Arc<World>) {
    match plan {
        Plan::Ticks(ticks) => world.ticks(ticks).await,
        Plan::Fire(fire) => world.fire(id, &fire),
        // As a panic, but without the noise of the hook.
        Plan::Panic => resume_unwind(Box::new("planned")),
        Plan::Remaining => world.log(left(id)),
        Plan::Checkpoint => fence::checkpoint().await,
        Plan::Cancelled => told(id, world).await,
        Plan::Cleanup(undo) => _ = world.cleanup(id, &undo),
        _ => unreachable!("it has parts"),
    }
}

async fn run_parts(id: usize, plan: Plan, world: &Arc<World>) {
    let run = |node: Node| run(node, world.clone());
    match plan {
        Plan::Undo(undo, body) => {
            let cleanup = world.cleanup(id, &undo);
            run(*body).await;
            cleanup.disarm();
        }
        Plan::Bind(spec, body) => world.fencing(id, &spec).bind(run(*body)).await,
        Plan::Fence(spec, body) => {
            let outcome = world.fenced(id, &spec, run(*body)).await;
            world.log(format!("fence {id} {}", world.outcome(&outcome)));
        }
        Plan::Shield(body) => fence::shield(run(*body)).await,
        Plan::Spawn(body) => spawn(id, run(*body), world),
        Plan::Catch(body) => {
            if let Err(panic) = AssertUnwindSafe(run(*body)).catch_unwind().await {
                world.caught(&*panic);
            }
        }
        Plan::Seq(all) => {
            for node in all {
                run(node).await;
            }
        }
        Plan::Join(all) => _ = join_all(all.into_iter().map(run)).await,
        Plan::Set(all) => {
            let mut all = Woken::new(all.into_iter().map(run));
            while !all.is_empty() {
                poll_fn(|cx| all.poll_next(cx)).await;
            }
        }
        Plan::Pool(pool, all) => {
            let parts = Woken::new(all.into_iter().map(run));
            poll_in_fences(id, pool, parts, world).await;
        }
        Plan::Race(all) => _ = select_all(all.into_iter().map(run)).await,
        _ => unreachable!("it has no parts"),
    }
}

/// Is polled by nobody but who wakes it.
async fn told(id: usize, world: &Arc<World>) {
    let this = world.clone();
    let told = async move {
        let why = fence::cancelled().await;
        this.log(format!("told {id} {}", this.show(&why)));
    };
    let mut told = Woken::new(std::iter::once(Box::pin(told) as Future));
    poll_fn(|cx| told.poll_next(cx)).await;
}

async fn poll_in_fences(id: usize, pool: Pool, parts: Woken, world: &Arc<World>) {
    let parts = Arc::new(Mutex::new(parts));
    let next = || {
        let parts = parts.clone();
        poll_fn(move |cx| parts.lock().unwrap().poll_next(cx))
    };
    let is_empty = || parts.lock().unwrap().is_empty();
    let mut tries = pool.tries;
    while !is_empty() && tries > 0 {
        let outcome = world.fenced(id, &pool.spec, Box::pin(next())).await;
        world.log(format!("tick {id} {}", world.outcome(&outcome)));
        tries -= u64::from(outcome.is_cancelled());
    }
    while !is_empty() && pool.drains {
        next().await;
    }
}

fn left(id: usize) -> String {
    let left = fence::remaining().map(|left| left.as_millis());
    format!("left {id} {left:?}")
}

fn spawn(id: usize, body: Future, world: &Arc<World>) {
    let (task, this) = (fence::__private::enclosed(body), world.clone());
    let task = async move {
        let outcome = task.await;
        this.log(format!("task {id} {}", this.outcome(&outcome)));
    };
    world.spawned.lock().unwrap().push(Box::pin(task));
}
