//! Tasks and groups.

use fence::{Ended, Fenced, Fencing, group, on_cancel, shield, spawn};
use tokio::time::{Instant, sleep};

use crate::{millis, secs, since};

/// README, "cancel and wait", and the same for a list. Whether the task was cancelled or had
/// finished is in what it returns, so nothing has to be caught.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn cancel_and_wait() {
    let start = Instant::now();
    let task = spawn(sleep(secs(1)));
    print_ended(&fence::cancel_and_wait(task).await);
    let task = spawn(async { 7 });
    tokio::task::yield_now().await;
    print_ended(&fence::cancel_and_wait(task).await);
    let tasks = (1..=3).map(|time| spawn(sleep(secs(time))));
    let ended = fence::cancel_and_wait_all(tasks).await;
    let cancelled = ended.iter().filter(|ended| ended.is_cancelled()).count();
    println!("{cancelled} of 3 cancelled, {}s", since(start));
}

fn print_ended<T: std::fmt::Debug>(ended: &Ended<T>) {
    match ended {
        Ended::Cancelled(why) => println!("{why}"),
        other => println!("{other:?}"),
    }
}

/// README, the double cancellation. A cleanup is shielded, and a group waits for it, however often
/// it is cancelled.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn shielded_cleanup() {
    let start = Instant::now();
    let parent = spawn(group().run(async move |group| {
        let work = group.spawn(work(start));
        sleep(millis(100)).await;
        let _: Ended<()> = fence::cancel_and_wait(work).await;
        println!("not reached: the parent is cancelled meanwhile");
    }));
    sleep(millis(200)).await;
    let ended = fence::cancel_and_wait(parent).await;
    println!(
        "parent cancelled at {}, {}",
        since(start),
        ended.is_cancelled()
    );
}

async fn work(start: Instant) {
    on_cancel(clean_up(start));
    sleep(secs(5)).await;
}

/// The docs of `ShieldScope`: a cleanup that runs whole whenever the task is cancelled, in its job
/// or in the cleanup itself.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn shield_scope() {
    for job in [secs(5), millis(100)] {
        let start = Instant::now();
        let task = spawn(async move {
            let undo = on_cancel(clean_up(start));
            sleep(job).await;
            undo.disarm();
            shield(clean_up(start)).await;
        });
        sleep(millis(200)).await;
        let ended = fence::cancel_and_wait(task).await;
        println!("task cancelled: {}", ended.is_cancelled());
    }
}

async fn clean_up(start: Instant) {
    sleep(millis(400)).await;
    println!("cleanup finished at {}", since(start));
}

/// README, `TaskScope`: every task runs to its end, whatever its siblings do.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn task_scope() {
    let start = Instant::now();
    let outcome = group()
        .on_error(|error: String| println!("error: {error}"))
        .run(async |group| {
            for time in [200, 300] {
                group.spawn(async move {
                    sleep(millis(time)).await;
                    println!("ok {:.1}", millis(time).as_secs_f64());
                    Ok(())
                });
            }
            group.spawn(async {
                sleep(millis(100)).await;
                Err::<(), _>("boom".to_owned())
            });
        })
        .await;
    println!("all done: {}, {}s", outcome.is_completed(), since(start));
}

/// The docs of `move_on_after`. Whether it moved on is no secret here.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn move_on_after() {
    let start = Instant::now();
    let limit = Fencing::new().timeout(secs(3));
    let mut child = None;
    let outcome = group()
        .fenced(&limit)
        .run(async |group| {
            child = Some(group.spawn(sleep(secs(10))));
            sleep(secs(10)).await;
        })
        .await;
    if let Fenced::Cancelled(why) = outcome {
        println!("moved on: {}, {}s", why.primary(), since(start));
    }
    let child = child.expect("it was spawned").await;
    println!("child cancelled: {}", child.is_cancelled());
}
