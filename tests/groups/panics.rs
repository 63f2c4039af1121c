//! Children that panic, in their code or in its destructors: nothing is left to the runtime.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fence::{Ended, Fencing, as_completed, gather, group, on_cancel, shield, try_group};
use futures::FutureExt;
use support::{ms, never};
use tokio::time::{Instant, sleep};

/// Panics when it is dropped.
struct Boom;

impl Drop for Boom {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "destructor");
    }
}

/// Cleans up for 50 ms, and says when it has.
fn cleans_up() -> (Arc<AtomicBool>, impl FnOnce() + Send + 'static) {
    let cleaned = Arc::new(AtomicBool::new(false));
    let seen = cleaned.clone();
    let register = || {
        on_cancel(async move {
            sleep(ms(50)).await;
            cleaned.store(true, Ordering::SeqCst);
        });
    };
    (seen, register)
}

#[tokio::test(start_paused = true)]
async fn the_cleanups_of_a_child_whose_destructor_panics_are_joined() {
    let start = Instant::now();
    let (cleaned, register) = cleans_up();
    let run = group()
        .fenced(&Fencing::new().timeout(ms(10)))
        .run(async |group| {
            group.spawn(async {
                let _boom = Boom;
                register();
                never().await;
            });
            never().await;
        });
    let panic = AssertUnwindSafe(run).catch_unwind().await.unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"destructor"));
    assert!(cleaned.load(Ordering::SeqCst));
    assert_eq!(start.elapsed(), ms(60));
}

#[tokio::test(start_paused = true)]
async fn the_cleanups_of_a_child_that_panics_are_joined() {
    for is_held in [false, true] {
        let start = Instant::now();
        let (cleaned, register) = cleans_up();
        let run = group().run(async |group| {
            let child = group.spawn(async move {
                register();
                let panics = async {
                    sleep(ms(10)).await;
                    panic!("child");
                };
                if is_held {
                    tokio::join!(shield(never()), panics);
                } else {
                    panics.await;
                }
            });
            let ended = child.await;
            assert!(matches!(ended, Ended::Panicked(text) if text == "child"));
            start.elapsed()
        });
        let panic = AssertUnwindSafe(run).catch_unwind().await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"child"));
        assert!(cleaned.load(Ordering::SeqCst));
        assert_eq!(start.elapsed(), ms(60));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_ends_a_try_group_after_the_cleanups() {
    let (cleaned, register) = cleans_up();
    let run = try_group::<&str>().run(async |group| {
        group.spawn(async {
            let _boom = Boom;
            register();
            Fencing::new().timeout(ms(10)).run(never()).await
        });
        never().await;
        Ok(())
    });
    let panic = AssertUnwindSafe(run).catch_unwind().await.unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"destructor"));
    assert!(cleaned.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn the_cleanups_of_a_job_that_panics_are_joined() {
    let (cleaned, register) = cleans_up();
    let job = async {
        register();
        sleep(ms(10)).await;
        panic!("job");
    };
    let ended: Vec<Ended<()>> = gather([job]).await;
    assert!(matches!(&ended[0], Ended::Panicked(text) if text == "job"));
    assert!(cleaned.load(Ordering::SeqCst));

    let (cleaned, register) = cleans_up();
    let list = as_completed([async {
        let _boom = Boom;
        register();
        never().await;
    }]);
    tokio::task::yield_now().await;
    let rest = list.close().await;
    assert!(matches!(&rest[0], Ended::Panicked(text) if text == "destructor"));
    assert!(cleaned.load(Ordering::SeqCst));
}

// What it has registered before is undone, and the reason says why.
#[tokio::test(start_paused = true)]
async fn a_cleanup_learns_that_the_child_has_panicked() {
    let (send, why) = tokio::sync::oneshot::channel();
    let run = group().run(async |group| {
        group.spawn(async {
            fence::on_cancel_with(async move |why| drop(send.send(why.to_string())));
            panic!("child");
        });
    });
    assert!(AssertUnwindSafe(run).catch_unwind().await.is_err());
    assert_eq!(why.await.unwrap(), "cancelled: failed: panicked: child");
}
