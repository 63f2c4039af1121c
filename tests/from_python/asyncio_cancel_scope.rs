//! `asyncio_cancel_scope`: groups that are cancelled without an exception.
//!
//! | there | here |
//! | --- | --- |
//! | `cancel_scope(TaskGroup())` | `group().run(async \|group\| { … })` |
//! | `cancel_group(tg)` | `group.cancel()` |
//! | `cancel_scope(TaskGroup(), parent)` | `group().fenced(&Fencing::new().linked())` |
//!
//! A group that is cancelled says so, and why, in what it returns. A host that still waits is cut
//! as well, and cancelling twice is not an error.

use fence::{Event, Fencing, Task, checkpoint, group};
use tokio::time::{Instant, sleep};

use crate::{Program, secs, since};

pub const PROGRAMS: &[Program] = &[
    Program::new(
        "asyncio_cancel_scope/cancel_group",
        "a group that cancels itself",
        cancel_group,
    ),
    Program::new(
        "asyncio_cancel_scope/linked",
        "an inner group that ends the outer one",
        linked,
    ),
    Program::new(
        "asyncio_cancel_scope/each_task",
        "the tasks of a group, one by one",
        each_task,
    ),
];

async fn count_cancelled<T>(tasks: Vec<Task<T>>) -> usize {
    let ended = futures::future::join_all(tasks).await;
    ended.iter().filter(|ended| ended.is_cancelled()).count()
}

/// README, the first program.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn cancel_group() {
    let (start, mut tasks) = (Instant::now(), Vec::new());
    let outcome = group()
        .run(async |group| {
            tasks.extend((1..=4).map(|time| group.spawn(sleep(secs(time)))));
            group.cancel();
        })
        .await;
    let cancelled = count_cancelled(tasks).await;
    println!(
        "group cancelled: {}, {}s",
        outcome.is_cancelled(),
        since(start)
    );
    println!("tasks cancelled: {cancelled}");
}

/// README, the linked scopes: the inner group needs no outer one among its arguments.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn linked() {
    let (start, mut tasks) = (Instant::now(), Vec::new());
    let outcome = group()
        .run(async |group| {
            let forever = Event::new().wait();
            tasks.extend([group.spawn(forever), group.spawn(inner())]);
        })
        .await;
    println!("{}, {}s", outcome.reasons()[0], since(start));
    println!("tasks cancelled: {}", count_cancelled(tasks).await);
}

async fn inner() {
    let inner = group().fenced(&Fencing::new().linked());
    let outcome = inner.run(async |group| {
        group.cancel();
        // A group that has nothing left to wait for is completed, and passes nothing on.
        checkpoint().await;
    });
    // Not reached: it has ended the group around as well, and the outermost one wins.
    println!("inner cancelled: {}", outcome.await.is_cancelled());
}

/// README, the alternative: a group whose tasks are all cancelled is not.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn each_task() {
    let start = Instant::now();
    let outcome = group()
        .run(async |group| {
            let tasks: Vec<_> = (1..=4).map(|time| group.spawn(sleep(secs(time)))).collect();
            for task in &tasks {
                task.cancel();
            }
            count_cancelled(tasks).await
        })
        .await;
    println!(
        "group cancelled: {}, {}s",
        outcome.is_cancelled(),
        since(start)
    );
    println!("tasks cancelled: {}", outcome.unwrap());
}
