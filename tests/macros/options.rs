//! What does each option do, in each of its forms?

use fence::block::fenced;
use fence::{Event, Fencing};
use std::cell::RefCell;
use std::future::{pending, ready};
use std::time::Duration;
use tokio::time::{Instant, sleep};

static SHUTDOWN: Event = Event::new();

/// The codes under which a cancelled fence reports.
fn codes<T>(fenced: &fence::Fenced<T>) -> Vec<&str> {
    fenced.reasons().iter().map(fence::Reason::code).collect()
}

#[tokio::test(start_paused = true)]
async fn time_triggers_report_under_their_own_name() {
    let at = Instant::now() + Duration::from_secs(1);
    assert_eq!(
        codes(&fenced!(timeout = "1s", pending::<()>())),
        ["timeout"]
    );
    assert_eq!(codes(&fenced!(budget = "1s", pending::<()>())), ["budget"]);
    assert_eq!(
        codes(&fenced!(deadline = at, pending::<()>())),
        ["deadline"]
    );
}

#[tokio::test(start_paused = true)]
async fn time_triggers_with_codes_of_their_own() {
    let at = Instant::now() + Duration::from_secs(1);
    assert_eq!(
        codes(&fenced!(timeout("db", "1s"), pending::<()>())),
        ["db"]
    );
    assert_eq!(codes(&fenced!(budget("b", "1s"), pending::<()>())), ["b"]);
    assert_eq!(codes(&fenced!(deadline("d", at), pending::<()>())), ["d"]);
    let two = fenced!(
        timeout("a", "1s"),
        timeout("b", "1s"),
        timeout = "2s",
        pending::<()>()
    );
    assert_eq!(codes(&two), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn durations_as_strings_and_expressions() {
    let start = Instant::now();
    assert!(fenced!(timeout = "1m 30s", pending::<()>()).is_cancelled());
    assert_eq!(start.elapsed(), Duration::from_secs(90));
    let limit = Duration::from_secs(2);
    assert!(fenced!(timeout = limit * 2, pending::<()>()).is_cancelled());
    assert_eq!(start.elapsed(), Duration::from_secs(94));
    let none: Option<Duration> = None;
    assert!(fenced!(timeout = Some(limit), budget = none, pending::<()>()).is_cancelled());
    assert_eq!(start.elapsed(), Duration::from_secs(96));
}

#[fence::fenced(idle = "2s", idle("silence", limit))]
async fn silent_after(limit: Option<Duration>, gap: u64) {
    sleep(Duration::from_millis(gap)).await;
    fence::progress();
    pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn idle_limits_in_every_form() {
    let start = Instant::now();
    assert_eq!(codes(&silent_after(None, 1500).await), ["idle"]);
    assert_eq!(start.elapsed(), Duration::from_millis(3500));
    let second = Duration::from_secs(1);
    assert_eq!(codes(&silent_after(Some(second), 900).await), ["silence"]);
    assert_eq!(start.elapsed(), Duration::from_millis(5400));

    let line = line!() + 1;
    let outcome = fenced!(idle = "2s", pending::<()>());
    assert_eq!(outcome.reasons()[0].to_string(), "idle: nothing for 2s");
    assert_eq!(outcome.reasons()[0].location().unwrap().line(), line);
    let bound = Fencing::new().idle(second);
    let below = async { fenced!(idle = "9s", pending::<()>()) };
    let start = Instant::now();
    assert!(bound.bind(below).await.cancelled_by("idle"));
    assert_eq!(start.elapsed(), second, "the tighter of two under one code");
}

#[tokio::test(start_paused = true)]
async fn deadlines_of_both_clocks() {
    let at = Instant::now() + Duration::from_secs(1);
    assert!(fenced!(deadline = at, pending::<()>()).is_cancelled());
    let none: Option<Instant> = None;
    assert_eq!(fenced!(deadline = none, ready(1)).completed(), Some(1));
    assert!(fenced!(deadline = Some(at.into_std()), pending::<()>()).is_cancelled());
}

struct Server {
    stop: Event,
}

impl Server {
    fn halt(&self) -> &Event {
        &self.stop
    }

    #[fence::fenced(on = self.stop)]
    async fn field(&self) {
        pending::<()>().await;
    }

    #[fence::fenced(on = self.halt())]
    async fn method(&self) {
        pending::<()>().await;
    }

    #[fence::fenced(on("end", self.stop), on("end too", &self.stop))]
    async fn own_codes(&self) {
        pending::<()>().await;
    }

    #[fence::fenced(on = ["a name", self.stop, (self.stop)])]
    async fn list(&self) {
        pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn triggers_as_expressions() {
    let server = Server { stop: Event::new() };
    server.stop.set();
    assert_eq!(codes(&server.field().await), ["stop"]);
    assert_eq!(codes(&server.method().await), ["halt"]);
    assert_eq!(codes(&server.own_codes().await), ["end", "end too"]);
    assert_eq!(codes(&server.list().await)[0], "stop");
}

#[tokio::test(start_paused = true)]
async fn a_static_takes_its_name_in_lower_case() {
    SHUTDOWN.set();
    assert_eq!(
        codes(&fenced!(on = SHUTDOWN, pending::<()>())),
        ["shutdown"]
    );
    assert_eq!(
        codes(&fenced!(on = &SHUTDOWN, pending::<()>())),
        ["shutdown"]
    );
    assert_eq!(
        codes(&fenced!(on = self::SHUTDOWN, pending::<()>())),
        ["shutdown"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_trigger_is_borrowed() {
    #[fence::fenced(on = stop)]
    async fn own(stop: Event) -> bool {
        tokio::task::yield_now().await;
        stop.is_set()
    }
    #[fence::fenced(on = stop)]
    async fn only_in_the_options(stop: &Event) {
        tokio::task::yield_now().await;
    }
    let stop = Event::new();
    assert_eq!(own(stop.clone()).await.completed(), Some(false));
    assert!(only_in_the_options(&stop).await.is_completed());
    stop.set();
    assert!(only_in_the_options(&stop).await.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_name_means_what_is_bound_or_else_the_event_of_the_process() {
    #[fence::fenced(on = "macro_options_stop")]
    async fn wait() {
        pending::<()>().await;
    }
    let bound = Event::new();
    bound.set();
    let fencing = Fencing::new().on("macro_options_stop", &bound);
    assert_eq!(codes(&fencing.bind(wait()).await), ["macro_options_stop"]);
    Event::named("macro_options_stop").set();
    assert_eq!(codes(&wait().await), ["macro_options_stop"]);
}

#[tokio::test(start_paused = true)]
async fn inherit_decides_whether_the_bound_fencing_counts() {
    let fencing = Fencing::new().timeout_as("bound", Duration::from_secs(1));
    let body = async {
        let with = fenced!(timeout = "5s", pending::<()>());
        let without = fenced!(timeout = "5s", inherit = false, pending::<()>());
        (codes(&with).join(","), codes(&without).join(","))
    };
    let (with, without) = fencing.bind(body).await;
    assert_eq!((with.as_str(), without.as_str()), ("bound", "timeout"));
}

#[tokio::test(start_paused = true)]
async fn the_name_is_that_of_the_function_unless_given() {
    #[fence::fenced(timeout = "1s")]
    async fn r#loop() {
        pending::<()>().await;
    }
    #[fence::fenced(timeout = "1s", name = "given")]
    async fn named() {
        pending::<()>().await;
    }
    let name = |fenced: fence::Fenced<()>| {
        fenced
            .into_result()
            .err()
            .and_then(|why| why.name().map(str::to_owned))
    };
    assert_eq!(name(r#loop().await).as_deref(), Some("loop"));
    assert_eq!(name(named().await).as_deref(), Some("given"));
    assert_eq!(
        name(fenced!(timeout = "1s", name = "block", pending())).as_deref(),
        Some("block")
    );
    assert_eq!(name(fenced!(timeout = "1s", pending())), None);
}

#[tokio::test(start_paused = true)]
async fn option_expressions_are_evaluated_once_and_before_the_body() {
    let mut calls = 0;
    let mut limit = || {
        calls += 1;
        Duration::from_secs(1)
    };
    let fenced = fenced!(timeout = limit(), async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    });
    assert!(fenced.is_completed());
    assert_eq!(calls, 1);
}

#[tokio::test(start_paused = true)]
async fn option_expressions_are_evaluated_in_the_order_in_which_they_are_written() {
    let order = RefCell::new(Vec::new());
    let limit = |option| {
        order.borrow_mut().push(option);
        Duration::from_secs(1)
    };
    let fenced = fenced!(
        cleanup = limit("cleanup"),
        unless("stop", {
            limit("unless");
            || true
        }),
        timeout = limit("timeout"),
        grace = limit("grace"),
        ready(())
    );
    assert!(fenced.is_completed());
    assert_eq!(order.take(), ["cleanup", "unless", "timeout", "grace"]);
}

#[tokio::test(start_paused = true)]
async fn no_options_at_all() {
    #[fence::fenced]
    async fn plain() -> u8 {
        ready(1).await
    }
    #[fence::fenced()]
    async fn brackets() -> u8 {
        ready(2).await
    }
    assert_eq!(
        (plain().await.completed(), brackets().await.completed()),
        (Some(1), Some(2))
    );
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_may_be_missing() {
    #[fence::fenced(timeout = "1s", on = stop)]
    async fn wait(stop: Option<&Event>) {
        pending::<()>().await;
    }
    let stop = Event::new();
    assert_eq!(codes(&wait(None).await), ["timeout"]);
    stop.set();
    assert_eq!(codes(&wait(Some(&stop)).await), ["stop"]);
    let receiver = tokio::sync::watch::channel(true).1;
    for (trigger, expected) in [(Some(receiver), "trigger"), (None, "timeout")] {
        let block = fenced!(timeout = "1s", on = trigger, { pending::<()>().await });
        assert_eq!(codes(&block), [expected]);
        let shared = fence::Trigger::share(&trigger);
        let built = Fencing::new()
            .on("trigger", &shared)
            .timeout(Duration::from_secs(1));
        assert_eq!(
            codes(&built.run(fence::Trigger::wait(&trigger)).await.map(drop)),
            [expected]
        );
    }
}
