//! Fences for plain code, beside and inside of async ones (D28).

use std::future::pending;
use std::time::Duration;

use fence::{Cancelled, Event, Fenced, Fencing, check, spawn};
use support::ms;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

#[test]
fn without_a_fence_everything_is_fine() {
    assert!(check().is_ok());
    assert_eq!(fence::remaining(), None);
    assert_eq!(Fencing::new().run_blocking(|| 7).unwrap(), 7);
}

// D2
#[test]
fn it_asks_and_never_starts_late() {
    let stop = Event::new();
    let fencing = Fencing::new().on("stop", &stop).named("search");
    let search = fencing.run_blocking(|| {
        check()?;
        stop.set();
        let first = check().unwrap_err();
        assert_eq!(first.name(), Some("search"));
        assert_eq!(fence::remaining(), Some(Duration::ZERO));
        check()?;
        unreachable!("the answer stays");
        #[expect(unreachable_code, reason = "names the type")]
        Ok::<(), Cancelled>(())
    });
    assert!(search.flatten().unwrap_err().by("stop"));
    let late: Fenced<()> = fencing.run_blocking(|| unreachable!());
    assert!(late.cancelled_by("stop"));
}

// D13: of several that have fired the outermost is named; an inner one ends with its own.
#[test]
fn scopes_nest() {
    let stop = Event::new();
    let outer = Fencing::new().on("stop", &stop).run_blocking(|| {
        let inner = Fencing::new().timeout_as("inner", Duration::from_nanos(1));
        let own = inner.run_blocking(|| {
            while check().is_ok() {}
            check()
        });
        assert!(own.is_cancelled() || own.flatten().unwrap_err().by("inner"));
        check()?;
        Fencing::new()
            .timeout(ms(3_600_000))
            .run_blocking(|| {
                let left = fence::remaining().unwrap();
                assert!(left > ms(3_000_000), "{left:?}");
                stop.set();
                check()
            })
            .flatten()
    });
    assert!(outer.flatten().unwrap_err().by("stop"));
}

// Sync around async: what fires outside cuts the fence inside, and comes back as its outcome.
#[test]
fn plain_code_cancels_async_code() {
    let stop = Event::new();
    let runtime = runtime();
    let fencing = Fencing::new().on("stop", &stop).timeout(ms(3_600_000));
    let outer = fencing.run_blocking(|| {
        let inside = runtime.block_on(async {
            let setting = async {
                sleep(ms(10)).await;
                stop.set()
            };
            let body = Fencing::new().guard(|_| unreachable!("not its business"));
            tokio::join!(body.run(pending::<()>()), setting).0
        });
        assert!(inside.cancelled_by("stop"));
        check()
    });
    assert!(outer.flatten().unwrap_err().by("stop"));
    assert_eq!(fence::__private::waiters(&stop), 0);
}

#[test]
fn the_deadline_of_plain_code_cuts_async_code() {
    let runtime = runtime();
    let enter = runtime.enter();
    let fencing = Fencing::new().timeout_as("outer", ms(50));
    let outer = fencing.run_blocking(|| {
        runtime.block_on(async {
            let start = Instant::now();
            let inside = Fencing::new().run(pending::<()>()).await;
            (inside.cancelled_by("outer"), start.elapsed())
        })
    });
    assert_eq!(outer.unwrap(), (true, ms(50)));
    drop(enter);
}

// Async around sync: the fence that polls it is asked, too, also across threads.
#[test]
fn async_code_cancels_plain_code() {
    let stop = Event::new();
    let set = stop.clone();
    let body = async move {
        Fencing::new().timeout(ms(3_600_000)).run_blocking(|| {
            set.set();
            check()
        })
    };
    let fence = Fencing::new().on("stop", &stop).run(body);
    let inner = runtime().block_on(fence).unwrap();
    assert!(inner.flatten().unwrap_err().by("stop"));
}

// D28: a fence under `block_on` on a thread of the pool belongs to the fences around the spawn.
#[test]
fn a_thread_may_run_async_code() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let stop = Event::new();
    let parent = Fencing::new()
        .on("stop", &stop)
        .grace(ms(60_000))
        .run(async {
            let handle = tokio::runtime::Handle::current();
            let thread = fence::spawn_blocking(move || {
                handle.block_on(
                    Fencing::new()
                        .run(async { fence::cancelled().await.primary().code().to_owned() }),
                )
            });
            tokio::task::yield_now().await;
            stop.set();
            thread.await.unwrap().unwrap()
        });
    assert_eq!(runtime.block_on(parent).unwrap(), "stop");
}

// D27: what plain code spawns keeps the sources of its scope.
#[test]
fn plain_code_may_spawn() {
    let (stop, runtime) = (Event::new(), runtime());
    let task = Fencing::new().on("stop", &stop).run_blocking(|| {
        let _enter = runtime.enter();
        spawn(pending::<()>())
    });
    runtime.block_on(async {
        tokio::task::yield_now().await;
        stop.set();
        assert!(task.unwrap().await.cancelled_by("stop"));
    });
}

// A panic leaves nothing behind.
#[test]
fn a_scope_that_panics_is_over() {
    let panic = std::panic::catch_unwind(|| {
        Fencing::new()
            .timeout(Duration::MAX)
            .run_blocking(|| panic!("as it should"))
    });
    assert!(panic.is_err());
    assert_eq!(fence::remaining(), None);
}

// D6: what a scope gave to a fence is watched wherever the fence is polled next.
#[tokio::test]
async fn a_fence_that_left_its_scope_is_still_woken_by_it() {
    let (scope, own) = (Event::new(), Event::new());
    let set = Fencing::new().on("own", &own);
    let mut fence = Box::pin(set.run(pending::<()>()));
    let outcome = Fencing::new()
        .on("scope", &scope)
        .run_blocking(|| support::poll(&mut fence).is_pending());
    assert!(outcome.unwrap());

    let mut host = tokio_test::task::spawn(set.run(fence));
    assert!(host.poll().is_pending());
    scope.set();
    assert!(host.is_woken());
    assert!(host.poll().is_ready());
}

/// What fires while a scope starts is found by one look, and told by the same.
#[tokio::test]
async fn a_scope_that_does_not_start_says_why() {
    for _ in 0..200 {
        let stop = Event::new();
        let set = stop.clone();
        let setter = std::thread::spawn(move || set.set());
        let outcome = Fencing::new().on("stop", &stop).run(async {
            loop {
                if let Fenced::Cancelled(why) = Fencing::new().run_blocking(|| ()) {
                    break why.primary().code().to_owned();
                }
            }
        });
        match outcome.await {
            Fenced::Completed(code) => assert_eq!(code, "stop"),
            Fenced::Cancelled(why) => assert!(why.by("stop")),
        }
        setter.join().unwrap();
    }
}
