//! Groups in which the first error ends all (D29).

use std::sync::{Arc, Mutex};

use fence::{Cancelled, Event, Fenced, Fencing, GroupError, ReasonKind, on_cancel, try_group};
use support::{ms, never};
use tokio::time::{Instant, sleep};

/// Cannot be stopped any more, and fails in the end.
async fn fails_late(error: &'static str) -> Result<(), &'static str> {
    fence::shield(sleep(ms(1000))).await;
    Err(error)
}

// A child fails.
#[tokio::test(start_paused = true)]
async fn the_first_error_cancels_the_rest_and_all_are_reported() {
    let (start, kept) = (Instant::now(), Mutex::new(None));
    let failed = try_group()
        .run(async |group| {
            *kept.lock().unwrap() = Some(group.spawn(async {
                sleep(ms(300)).await;
                Ok::<_, &str>("kept")
            }));
            group.spawn(async {
                sleep(ms(500)).await;
                Err::<(), _>("a")
            });
            group.spawn(async {
                on_cancel(async { sleep(ms(500)).await });
                never().await;
                Ok(())
            });
            sleep(ms(10_000)).await;
            panic!("the host is cut");
        })
        .await
        .map(|()| unreachable!())
        .unwrap_err();
    assert_eq!(start.elapsed(), ms(1000));
    assert_eq!(failed.errors(), ["a"]);
    let why = failed.cancelled().unwrap();
    assert_eq!(why.primary().kind(), ReasonKind::Failed);
    assert_eq!(why.primary().to_string(), "failed: a");
    let finished = kept.into_inner().unwrap().unwrap();
    assert_eq!(finished.await.unwrap(), "kept");
}

// The others fail while they stop; the host fails.
#[tokio::test(start_paused = true)]
async fn errors_of_those_that_stop_are_reported_too() {
    for host_fails in [false, true] {
        let start = Instant::now();
        let failed = try_group()
            .run(async |group| {
                group.spawn(fails_late("b"));
                if host_fails {
                    sleep(ms(500)).await;
                    return Err("host");
                }
                group.spawn(async {
                    sleep(ms(500)).await;
                    Err::<(), _>("a")
                });
                never().await;
                Ok(())
            })
            .await
            .unwrap_err();
        let first = if host_fails { "host" } else { "a" };
        assert_eq!(failed.to_string(), format!("{first}; b"));
        assert_eq!(failed.into_errors(), [first, "b"]);
        assert_eq!(start.elapsed(), ms(1000));
    }
}

// Cancellations are no errors.
#[tokio::test(start_paused = true)]
async fn a_cancelled_child_is_no_failure() {
    let outcome = try_group()
        .run(async |group| {
            let cancelled = group.spawn(async {
                never().await;
                Ok::<(), String>(())
            });
            cancelled.cancel();
            assert!(cancelled.await.cancelled_by("handle"));
            Ok(1)
        })
        .await;
    assert_eq!(outcome.unwrap(), 1);
}

// The fence around fires while a child fails, in each order.
#[tokio::test(start_paused = true)]
async fn neither_the_error_nor_the_reason_is_lost() {
    for (set_after, joins_for) in [(10, 0), (9, 0), (11, 50), (11, 0)] {
        let stop = Event::new();
        let inside = stop.clone();
        let run = Fencing::new()
            .on("stop", &stop)
            .run(try_group().run(async |group| {
                group.spawn(async move {
                    on_cancel(async move { sleep(ms(joins_for)).await });
                    never().await;
                    Ok(())
                });
                group.spawn(async move {
                    fence::shield(sleep(ms(10))).await;
                    if set_after == 10 {
                        inside.set();
                    }
                    Err::<(), _>("boom")
                });
                never().await;
                Ok(())
            }));
        let (outcome, ()) = tokio::join!(run, async {
            sleep(ms(set_after)).await;
            stop.set();
        });
        match outcome {
            Fenced::Cancelled(why) => {
                assert!(why.by("stop"), "{why}");
                assert_eq!(why.cleanup().errors(), ["boom"], "set after {set_after}");
                assert!(why.to_string().ends_with("1 failed: boom)"), "{why}");
            }
            Fenced::Completed(result) => {
                assert_eq!(result.unwrap_err().errors(), ["boom"]);
                assert_eq!((set_after, joins_for), (11, 0), "it was set too late");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_only_cancelled_says_why() {
    let run = try_group::<String>()
        .fenced(&Fencing::new().timeout(ms(10)))
        .run(async |group| {
            group.spawn(async {
                never().await;
                Ok(())
            });
            Ok(())
        });
    let failed = run.await.unwrap_err();
    assert!(failed.errors().is_empty() && failed.cancelled().unwrap().is_timeout());
    assert_eq!(
        failed.to_string(),
        "cancelled: timeout: timed out after 10ms"
    );
}

// An error goes up no link; a cancellation does.
#[tokio::test(start_paused = true)]
async fn errors_are_not_passed_up_a_link() {
    for fails in [true, false] {
        let outer = Fencing::new().run(async {
            let inner = try_group()
                .fenced(&Fencing::new().linked())
                .run(async |group| {
                    let inside = group.clone();
                    group.spawn(async move {
                        if fails {
                            return Err("boom");
                        }
                        inside.cancel();
                        Ok(())
                    });
                    never().await;
                    Ok(())
                });
            inner.await.unwrap_err().into_errors()
        });
        match outer.await {
            Fenced::Completed(errors) => assert!(fails && errors == ["boom"]),
            Fenced::Cancelled(why) => {
                assert!(!fails && why.primary().kind() == ReasonKind::Linked);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "child")]
async fn a_panic_cancels_the_rest_and_is_resumed() {
    let start = Instant::now();
    let run = try_group::<String>().run(async |group| {
        group.spawn(async { panic!("child") as Result<(), _> });
        group.spawn(async {
            on_cancel(async { sleep(ms(100)).await });
            never().await;
            Ok(())
        });
        tokio::task::yield_now().await;
        never().await;
        Ok(())
    });
    let caught = std::panic::AssertUnwindSafe(run);
    let panic = futures::FutureExt::catch_unwind(caught).await.unwrap_err();
    assert_eq!(start.elapsed(), ms(100));
    std::panic::resume_unwind(panic);
}

/// In a function with `try`, and for boxed errors.
#[tokio::test(start_paused = true)]
async fn it_goes_along_with_question_marks() {
    type AnyError = Box<dyn std::error::Error + Send + Sync>;

    #[fence::fenced(timeout = "1s", try)]
    async fn all(fails: bool) -> Result<u32, GroupError<AnyError>> {
        let sum = Arc::new(Mutex::new(0));
        let inside = sum.clone();
        try_group()
            .run(async |group| {
                group.spawn(async move {
                    let number: u32 = if fails { "x" } else { "7" }.parse()?;
                    *inside.lock().unwrap() += number;
                    Ok(())
                });
                Ok(())
            })
            .await?;
        let sum = *sum.lock().unwrap();
        Ok(sum)
    }
    async fn converted(fails: bool) -> Result<u32, AnyError> {
        Ok(all(fails).await?)
    }
    assert_eq!(converted(false).await.unwrap(), 7);
    let text = converted(true).await.unwrap_err().to_string();
    assert_eq!(text, "invalid digit found in string");
    let _: GroupError<AnyError> = GroupError::from(cut().await);
}

async fn cut() -> Cancelled {
    let fence = Fencing::new().timeout(ms(1)).run(never());
    fence.await.cancelled().unwrap()
}

// D24: the error of a child is asked of no guard of the group.
#[tokio::test(start_paused = true)]
async fn a_guard_is_not_asked_about_a_failed_child() {
    let guarded = Fencing::new().guard(|_| false);
    let failed = try_group()
        .fenced(&guarded)
        .run(async |group| {
            group.spawn(async { Err::<(), _>("broken") });
            never().await;
            Ok::<(), &str>(())
        })
        .await;
    assert_eq!(failed.unwrap_err().errors(), ["broken"]);
}
