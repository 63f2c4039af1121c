//! Custom triggers: tokio's, tokio-util's, a user's own (D6, D10, D11).

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use fence::{Event, Fenced, Fencing, Firing, FiringFuture, ReasonKind, Trigger};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_test::{assert_pending, assert_ready, task};
use tokio_util::sync::CancellationToken;

#[derive(Debug, PartialEq)]
struct QuotaUsedUp(u32);

impl fmt::Display for QuotaUsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} calls used", self.0)
    }
}

impl std::error::Error for QuotaUsedUp {}

/// A source with a cause and a kind of its own, which counts what fences do with it.
#[derive(Clone, Default)]
struct Quota(Arc<Counts>);

#[derive(Default)]
struct Counts {
    used_up: Event,
    asked: AtomicUsize,
    armed: AtomicUsize,
    disarmed: AtomicUsize,
}

struct Disarm(Quota);

impl Drop for Disarm {
    fn drop(&mut self) {
        self.0.0.disarmed.fetch_add(1, Relaxed);
    }
}

impl Quota {
    fn armed_and_disarmed(&self) -> (usize, usize) {
        (self.0.armed.load(Relaxed), self.0.disarmed.load(Relaxed))
    }
}

impl Trigger for Quota {
    fn fired(&self) -> Option<Firing> {
        let kind = ReasonKind::Custom("quota");
        self.0.asked.fetch_add(1, Relaxed);
        self.0
            .used_up
            .is_set()
            .then(|| Firing::new(kind).because(QuotaUsedUp(80)))
    }

    fn wait(&self) -> FiringFuture {
        self.0.armed.fetch_add(1, Relaxed);
        let (quota, disarm) = (self.clone(), Disarm(self.clone()));
        Box::pin(async move {
            let _disarm = disarm;
            quota.0.used_up.wait().await;
            quota.fired().expect("it is set")
        })
    }

    fn share(&self) -> Arc<dyn Trigger> {
        Arc::new(self.clone())
    }
}

fn assert_quota<T>(outcome: &Fenced<T>, code: &str) {
    let [reason] = outcome.reasons() else {
        panic!("one reason, not {:?}", outcome.reasons())
    };
    assert_eq!(
        (reason.code(), reason.kind()),
        (code, ReasonKind::Custom("quota"))
    );
    assert_eq!(
        reason.cause().unwrap().downcast_ref(),
        Some(&QuotaUsedUp(80))
    );
    assert_eq!(reason.to_string(), format!("{code}: 80 calls used"));
}

// Its cause and kind arrive unchanged, by the builder, by both macros, at any depth.
#[tokio::test(start_paused = true)]
async fn a_source_of_a_users_own_works_like_ours() {
    #[fence::fenced(on = quota)]
    async fn work(quota: &Quota) {
        pending::<()>().await;
    }
    let quota = Quota::default();
    let set = Fencing::new().on("calls", &quota);
    let block = async { fence::block::fenced!(on("block", quota), { pending::<()>().await }) };
    let deep = set.run(async { Fencing::new().run(set.run(pending::<()>())).await });
    let setter = async {
        sleep(Duration::from_millis(1)).await;
        quota.0.used_up.set();
    };
    let (built, written, block, deep, ()) =
        tokio::join!(set.run(pending::<()>()), work(&quota), block, deep, setter);
    assert_quota(&built, "calls");
    assert_quota(&written, "quota");
    assert_quota(&block, "block");
    assert_quota(&deep, "calls");
}

// D2: it had fired before; nothing is armed.
#[tokio::test(start_paused = true)]
async fn a_source_that_has_fired_is_not_armed() {
    let (quota, mut started) = (Quota::default(), false);
    quota.0.used_up.set();
    let outcome = Fencing::new()
        .on("calls", &quota)
        .run(async { started = true })
        .await;
    assert_quota(&outcome, "calls");
    assert!(!started);
    assert_eq!(quota.armed_and_disarmed(), (0, 0));
}

// D6: armed once, after the body was pending; disarmed once, whichever way it ends.
#[tokio::test(start_paused = true)]
async fn a_source_is_armed_once_and_disarmed_once() {
    let quota = Quota::default();
    let set = Fencing::new().on("calls", &quota);
    drop(set.run(pending::<()>()));
    assert!(set.run(async {}).await.is_completed());
    assert_eq!(
        quota.armed_and_disarmed(),
        (0, 0),
        "never polled, and ready at once"
    );
    assert!(
        set.run(sleep(Duration::from_millis(1)))
            .await
            .is_completed()
    );
    assert_eq!(quota.armed_and_disarmed(), (1, 1), "completed");
    let mut dropped = task::spawn(set.run(pending::<()>()));
    assert_pending!(dropped.poll());
    assert_pending!(dropped.poll());
    drop(dropped);
    assert_eq!(quota.armed_and_disarmed(), (2, 2), "dropped");
    let mut cut = task::spawn(set.run(pending::<()>()));
    assert_pending!(cut.poll());
    quota.0.used_up.set();
    assert!(cut.is_woken());
    assert_quota(&assert_ready!(cut.poll()), "calls");
    assert_eq!(quota.armed_and_disarmed(), (3, 3), "cut");
}

// D13: inside and outside; only the trigger itself can tell the inner fence.
#[tokio::test(start_paused = true)]
async fn a_source_of_a_users_own_on_both_levels() {
    let (quota, mut between) = (Quota::default(), false);
    let set = Fencing::new().on("calls", &quota);
    let outcome = set.run(async {
        let inner = Fencing::new().timeout(Duration::from_millis(5)).run(async {
            quota.0.used_up.set();
            sleep(Duration::from_millis(5)).await;
        });
        let _: Fenced<()> = inner.await;
        between = true;
    });
    assert_quota(&outcome.await, "calls");
    assert!(!between);
}

// D11: tokio-util's token, and its parent.
#[tokio::test(start_paused = true)]
async fn a_cancellation_token_is_a_trigger() {
    let parent = CancellationToken::new();
    let token = parent.child_token();
    let set = Fencing::new().on("token", &token);
    let waiting = set.run(async { Fencing::new().run(pending::<()>()).await });
    let (outcome, ()) = tokio::join!(waiting, async { parent.cancel() });
    assert_eq!(outcome.reasons()[0].kind(), ReasonKind::Custom("token"));
    assert_eq!(outcome.reasons()[0].to_string(), "token: token fired");
    assert!(set.run(async {}).await.cancelled_by("token"));
}

// The other way: code that knows tokens only.
#[tokio::test(start_paused = true)]
async fn an_event_cancels_a_token() {
    let (stop, token) = (Event::new(), CancellationToken::new());
    let mut bridge = task::spawn(stop.cancels(token.clone()));
    assert_pending!(bridge.poll());
    assert!(!token.is_cancelled());
    stop.set();
    assert_ready!(bridge.poll());
    assert!(token.is_cancelled());
    let foreign = CancellationToken::new();
    foreign.cancel();
    Event::new().cancels(foreign).await;
}

// D11: a watch channel fires on `true`, not when its sender goes.
#[tokio::test(start_paused = true)]
async fn a_watch_channel_is_a_trigger() {
    let (send, receive) = watch::channel(false);
    let set = Fencing::new()
        .on("watch", &receive)
        .timeout(Duration::from_millis(50));
    let (outcome, ()) = tokio::join!(set.run(pending::<()>()), async {
        send.send_replace(false);
        sleep(Duration::from_millis(1)).await;
        send.send_replace(true);
    });
    assert_eq!(outcome.reasons()[0].kind(), ReasonKind::Custom("watch"));
    let (send, receive) = watch::channel(false);
    drop(send);
    let set = Fencing::new()
        .on("watch", &receive)
        .timeout(Duration::from_millis(50));
    assert!(set.run(pending::<()>()).await.cancelled_by("timeout"));
}

// D6: a trigger that panics while it is waited for takes nothing along.
#[tokio::test]
async fn a_trigger_that_panics_leaves_no_waiter() {
    struct Panics;
    impl Trigger for Panics {
        fn fired(&self) -> Option<Firing> {
            None
        }

        fn wait(&self) -> FiringFuture {
            Box::pin(async { panic!("while it is waited for") })
        }

        fn share(&self) -> Arc<dyn Trigger> {
            Arc::new(Self)
        }
    }
    let events: Vec<_> = (0..9).map(|_| Event::new()).collect();
    let numbered = events.iter().enumerate();
    let fencing = numbered.fold(Fencing::new(), |set, (n, event)| {
        set.on(format!("e{n}"), event)
    });
    let fence = fencing.on("panics", &Panics).run(pending::<()>());

    assert!(tokio::spawn(fence).await.unwrap_err().is_panic());

    let waiters: Vec<_> = events.iter().map(fence::__private::waiters).collect();
    assert_eq!(waiters, [0; 9]);
}

/// As under any other fence that cuts (D20).
#[tokio::test]
async fn no_time_is_left_once_one_has_fired() {
    let quota = Quota::default();
    let body = async {
        quota.0.used_up.set();
        fence::remaining()
    };
    let outcome = Fencing::new().on("quota", &quota).run(body).await;
    assert_eq!(outcome.unwrap(), Some(Duration::ZERO));
}

// Its waiter wakes the fence: only what somebody inside has seen fire is asked about again.
#[tokio::test(start_paused = true)]
async fn a_source_is_not_asked_again_at_each_poll() {
    let asked = |yields| async move {
        let quota = Quota::default();
        let body = async {
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
        };
        assert!(
            Fencing::new()
                .on("calls", &quota)
                .run(body)
                .await
                .is_completed()
        );
        quota.0.asked.load(Relaxed)
    };
    assert_eq!(asked(100).await, asked(2).await);
}

// D5: it has not been woken yet, and is asked all the same; so is one that has guards.
#[tokio::test(start_paused = true)]
async fn nothing_starts_inside_once_the_source_around_has_fired() {
    let (token, stop) = (CancellationToken::new(), Event::new());
    let by_token = Fencing::new().on("token", &token);
    let by_guard = Fencing::new().on("stop", &stop).guard(|_| true);
    let fire_token = || token.cancel();
    let fire_event = || assert!(stop.set());
    let rounds: [(&str, &Fencing, &dyn Fn()); 2] = [
        ("token", &by_token, &fire_token),
        ("stop", &by_guard, &fire_event),
    ];
    for (code, around, fire) in rounds {
        let (mut has_begun, mut has_started) = (false, false);
        let outcome = around.run(async {
            has_begun = true;
            fire();
            let _ = Fencing::new().run(async { has_started = true }).await;
        });
        let outcome = outcome.await;
        assert!(outcome.cancelled_by(code), "{outcome:?}");
        assert_eq!((has_begun, has_started), (true, false), "{code}");
    }
}
