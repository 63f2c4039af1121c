//! The case as code.

use std::sync::Arc;

use futures::future::{join_all, select_all};
use futures::stream::{FuturesUnordered, StreamExt};

use crate::plan::{Node, Plan};
use crate::real::{Future, World};

pub fn run(node: Node, world: Arc<World>) -> Future {
    let run = {
        let world = world.clone();
        move |node: Node| run(node, world.clone())
    };
    Box::pin(async move {
        let id = node.id;
        let _probe = world.probe(format!("-{id}"));
        match node.plan {
            Plan::Ticks(ticks) => world.ticks(ticks).await,
            Plan::Set(event) => _ = world.events[event].set(),
            Plan::Check => world.log(check(id, &world)),
            Plan::Remaining => world.log(left(id)),
            Plan::Checkpoint => fence::checkpoint().await,
            Plan::Cancelled => {
                let why = fence::cancelled().await;
                world.log(format!("told {id} {}", world.show(&why)));
            }
            Plan::Cleanup(undo) => _ = world.cleanup(id, &undo),
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
            Plan::Spawn(body) => spawn(id, run(*body), &world),
            Plan::Seq(all) => {
                for node in all {
                    run(node).await;
                }
            }
            Plan::Join(all) => _ = join_all(all.into_iter().map(run)).await,
            Plan::Unordered(all) => {
                let all: FuturesUnordered<_> = all.into_iter().map(run).collect();
                all.count().await;
            }
            Plan::Race(all) => _ = select_all(all.into_iter().map(run)).await,
        }
    })
}

fn left(id: usize) -> String {
    let left = fence::remaining().map(|left| left.as_millis());
    format!("left {id} {left:?}")
}

fn check(id: usize, world: &World) -> String {
    match fence::check() {
        Ok(()) => format!("check {id} ok"),
        Err(why) => format!("check {id} {}", world.show(&why)),
    }
}

fn spawn(id: usize, body: Future, world: &Arc<World>) {
    let (task, this) = (fence::__private::enclosed(body), world.clone());
    let task = async move {
        let outcome = task.await;
        this.log(format!("task {id} {}", this.outcome(&outcome)));
    };
    world.spawned.lock().unwrap().push(Box::pin(task));
}
