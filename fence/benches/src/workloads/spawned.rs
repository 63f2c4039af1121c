//! A task that is spawned and awaited.

use fence::{Event, Fencing};

use crate::program::{Meter, Program, Side, runtime};
use crate::workload::Workload;

const SPAWN: &str = "`tokio::spawn`";

pub(crate) fn all() -> Vec<Workload> {
    let programs = vec![
        Program::new(SPAWN, Side::Peer, |meter| awaited(meter, plain)),
        Program::new("outside of fences", Side::Ours, |meter| {
            awaited(meter, fenced);
        }),
        Program::new("under an event", Side::Ours, |meter| {
            let set = Fencing::new().on("stop", &Event::new());
            awaited(meter, async |tasks| set.run(fenced(tasks)).await.unwrap());
        }),
    ];
    vec![Workload::new(
        "`spawn` and await, ready at once",
        SPAWN,
        programs,
    )]
}

fn awaited(meter: Meter, tasks: impl AsyncFn(u32)) {
    let runtime = runtime();
    meter(&mut |operations| runtime.block_on(tasks(operations)));
}

async fn plain(tasks: u32) {
    for _ in 0..tasks {
        tokio::spawn(async {}).await.expect("the task is ready");
    }
}

async fn fenced(tasks: u32) {
    for _ in 0..tasks {
        let outcome = fence::spawn(async {}).await;
        outcome.unwrap();
    }
}
