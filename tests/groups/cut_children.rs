//! Children of a `try_group` that are cut: a failure, unless somebody around meant it (D29).

use std::error::Error;
use std::io;

use fence::{
    Cancelled, Child, Ended, Event, Failure, Fenced, Fencing, Group, GroupError, ReasonKind,
    on_cancel, shield, try_group,
};
use support::{ms, never, secs};
use tokio::time::{Instant, sleep};

type AnyError = Box<dyn Error + Send + Sync>;

type Failed = GroupError<&'static str>;

/// Runs a group with one child, whose host waits for as long as the group does.
async fn with_child<F>(fencing: &Fencing, child: F) -> Result<(), Failed>
where
    F: Future<Output: fence::ChildOutput<&'static str, Value: Send> + Send> + Send + 'static,
{
    let run = try_group().fenced(fencing).run(async |group: Group<_>| {
        group.spawn(async { Ok(()) });
        group.named("slow").spawn(child);
        sleep(secs(1)).await;
        Ok(())
    });
    run.await
}

fn assert_cut(failed: &Failed, code: &str) {
    assert!(failed.errors().is_empty());
    assert_eq!(failed.cut().len(), 1, "{failed}");
    assert!(failed.cut()[0].by(code), "{failed}");
    let (child, failure) = failed.failures().next().unwrap();
    let child: &Child = child.unwrap();
    assert_eq!((child.index(), child.name()), (1, Some("slow")));
    assert!(matches!(failure, Failure::Cut(why) if why.by(code)));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_a_child_is_not_swallowed() {
    let start = Instant::now();
    let limit = Fencing::new().timeout(ms(10));
    let failed = with_child(&Fencing::new(), limit.run(never()))
        .await
        .unwrap_err();
    assert_cut(&failed, "timeout");
    assert_eq!(start.elapsed(), ms(10), "it ends the group");
    let why = failed.cancelled().unwrap();
    assert_eq!(why.primary().kind(), ReasonKind::Failed);
    assert!(why.cleanup().is_clean(), "{why}");
    let text = "child 1 `slow`: cancelled: timeout: timed out after 10ms";
    assert_eq!(failed.to_string(), text);
    let source = failed.source().unwrap().downcast_ref::<Cancelled>();
    assert!(source.unwrap().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn nor_is_it_if_the_child_returns_a_result_in_a_fence() {
    let limit = Fencing::new().timeout(ms(10));
    let child = limit.run(async {
        never().await;
        Ok::<(), &str>(())
    });
    assert_cut(
        &with_child(&Fencing::new(), child).await.unwrap_err(),
        "timeout",
    );

    let outer = Fencing::new().run(async move { limit.run(never()).await });
    assert_cut(
        &with_child(&Fencing::new(), outer).await.unwrap_err(),
        "timeout",
    );
}

// By an event that only the child watches.
#[tokio::test(start_paused = true)]
async fn an_event_of_a_child_is_its_own() {
    let stop = Event::new();
    stop.set();
    let child = Fencing::new().on("stop", &stop).run(never());
    let failed = with_child(&Fencing::new(), child).await.unwrap_err();
    assert_cut(&failed, "stop");
}

#[tokio::test(start_paused = true)]
async fn an_aborted_child_has_failed() {
    for is_started in [true, false] {
        let failed = try_group::<&str>().run(async |group| {
            let child = group.spawn(async {
                never().await;
                Ok(())
            });
            if is_started {
                sleep(ms(1)).await;
            }
            child.abort();
            never().await;
            Ok(())
        });
        let failed = failed.await.unwrap_err();
        assert_eq!(failed.cut().len(), 1);
        assert!(failed.cut()[0].by("dropped"));
    }
}

// The same source, under whatever code: the group is going to end anyway, or has declined.
#[tokio::test(start_paused = true)]
async fn what_fires_for_the_group_as_well_is_no_failure_of_the_child() {
    let stop = Event::new();
    let inside = stop.clone();
    let child = Fencing::new().on("halt", &stop).run(async move {
        inside.set();
        never().await;
    });
    let failed = with_child(&Fencing::new().on("stop", &stop), child)
        .await
        .unwrap_err();
    assert!(failed.cut().is_empty() && failed.cancelled().unwrap().by("stop"));

    let stop = Event::new();
    let inside = stop.clone();
    let child = Fencing::new().on("stop", &stop).run(async move {
        inside.set();
        never().await;
    });
    let around = Fencing::new().on("stop", &stop).cooperative();
    let outcome = around.run(with_child(&Fencing::new(), child)).await;
    assert!(outcome.unwrap().is_ok(), "of a fence around");

    let child = Fencing::new().timeout(ms(10)).run(never());
    let limited = Fencing::new().timeout(ms(10)).grace(secs(5));
    assert!(with_child(&limited, child).await.is_ok(), "the same limit");
    let child = Fencing::new().timeout(ms(10)).run(never());
    let later = Fencing::new().timeout(ms(11)).grace(secs(5));
    assert_cut(&with_child(&later, child).await.unwrap_err(), "timeout");
}

#[tokio::test(start_paused = true)]
async fn what_a_link_has_passed_up_is_told_by_the_group() {
    let child = Fencing::new().timeout(ms(10)).linked().run(never());
    let failed = with_child(&Fencing::new(), child).await.unwrap_err();
    assert!(failed.cut().is_empty());
    let why = failed.cancelled().unwrap();
    assert_eq!(why.primary().kind(), ReasonKind::Linked);
}

// To a fence of the child, which is not linked: the group learns of nothing.
#[tokio::test(start_paused = true)]
async fn what_a_link_has_passed_up_to_the_child_alone_is_a_failure() {
    let child = Fencing::new().run(async {
        let linked = Fencing::new().timeout(ms(10)).linked();
        drop(linked.run(never()).await);
    });
    assert_cut(
        &with_child(&Fencing::new(), child).await.unwrap_err(),
        "timeout",
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_somebody_cancels_has_not_failed() {
    let outcome = try_group::<&str>().run(async |group| {
        let by_task = group.spawn(async {
            never().await;
            Ok(())
        });
        let mut fence = Fencing::new().run(never());
        let (handle, guard) = (fence.handle(), fence.handle().drop_guard());
        let by_handle = group.spawn(fence);
        let mut fence = Fencing::new().run(never());
        let guarded = fence.handle().drop_guard();
        let by_guard = group.spawn(fence);
        tokio::task::yield_now().await;
        by_task.handle().cancel_as("enough");
        handle.cancel();
        drop((guard, guarded));
        assert!(by_task.await.cancelled_by("enough"));
        assert!(matches!(
            by_handle.await,
            Ended::Finished(Fenced::Cancelled(_))
        ));
        assert!(matches!(
            by_guard.await,
            Ended::Finished(Fenced::Cancelled(_))
        ));
        Ok(7)
    });
    assert_eq!(outcome.await.unwrap(), 7);
}

// In a `group`, where errors are handed to somebody, being cut is an outcome.
#[tokio::test(start_paused = true)]
async fn in_a_group_it_is_the_business_of_who_awaits_the_child() {
    let outcome = fence::group().run(async |group| {
        let child = group.spawn(Fencing::new().timeout(ms(10)).run(never()));
        sleep(ms(20)).await;
        child.await.unwrap().is_cancelled()
    });
    assert!(outcome.await.unwrap());
}

// In the order in which they come.
#[tokio::test(start_paused = true)]
async fn errors_and_cuts_are_told_apart_and_in_order() {
    let failed = try_group::<String>().run(async |group| {
        let late = Fencing::new().timeout(ms(20));
        group.named("late").spawn(shield(late.run(never())));
        group.named("early").spawn(async {
            sleep(ms(10)).await;
            Err::<(), _>("line\nfeed".to_owned())
        });
        shield(sleep(ms(30))).await;
        Err::<(), _>("host".to_owned())
    });
    let failed = failed.await.unwrap_err();
    let names: Vec<_> = failed
        .failures()
        .map(|(child, _)| child.and_then(Child::name).map(str::to_owned))
        .collect();
    assert_eq!(
        names,
        [Some("early".to_owned()), Some("late".to_owned()), None]
    );
    assert_eq!(failed.errors(), ["line\nfeed", "host"]);
    let text = r"child 1 `early`: line\nfeed; child 0 `late`: cancelled: timeout: timed out after 20ms; host: host";
    assert_eq!(format!("{failed:#}"), text);
}

#[tokio::test(start_paused = true)]
async fn every_group_error_has_a_source_and_a_text() {
    let not_found = || io::Error::from(io::ErrorKind::NotFound);
    let failed = try_group().run(async |_| Err::<(), _>(not_found()));
    let failed = failed.await.unwrap_err();
    let source = failed.source().unwrap().downcast_ref::<io::Error>();
    assert_eq!(source.unwrap().kind(), io::ErrorKind::NotFound);

    let failed = try_group().run(async |_| Err::<(), AnyError>(not_found().into()));
    let failed = failed.await.unwrap_err();
    assert!(failed.source().unwrap().is::<io::Error>());

    let failed = try_group().run(async |_| Err::<(), _>("boom"));
    let failed = failed.await.unwrap_err();
    assert_eq!(failed.source().unwrap().to_string(), "boom");

    let limit = Fencing::new().timeout(ms(10));
    let failed = try_group::<&str>().fenced(&limit).run(async |_| {
        never().await;
        Ok(())
    });
    let failed = failed.await.unwrap_err();
    let source = failed.source().unwrap().downcast_ref::<Cancelled>();
    assert!(source.unwrap().is_timeout() && !failed.to_string().is_empty());
}

// The errors are in `errors()`; only who gets no `GroupError` has them in a cleanup.
#[tokio::test(start_paused = true)]
async fn no_error_is_listed_again_as_a_failed_cleanup() {
    let run = || {
        try_group().run(async |group| {
            group.spawn(async { Err::<(), _>("boom") });
            group.spawn(async {
                on_cancel(sleep(ms(50)));
                never().await;
                Ok(())
            });
            never().await;
            Ok(())
        })
    };
    let failed = run().await.unwrap_err();
    assert!(failed.cancelled().unwrap().cleanup().errors().is_empty());
    assert_eq!(failed.cancelled().unwrap().cleanup().ran(), 1);

    let outer = Fencing::new().timeout(ms(10)).run(run());
    let why = outer.await.cancelled().unwrap();
    assert_eq!(why.cleanup().errors(), ["boom"]);
}
