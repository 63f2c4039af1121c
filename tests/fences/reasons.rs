//! What is reported, in which order, and how it reads (D9, D10, D12).

use std::error::Error;
use std::future::pending;

use fence::{Cancelled, Event, Fenced, Fencing, Handle};
use support::ms;
use tokio::time::sleep;

fn codes<T>(outcome: &Fenced<T>) -> Vec<&str> {
    outcome.reasons().iter().map(fence::Reason::code).collect()
}

// D9
#[tokio::test(start_paused = true)]
async fn two_events_in_one_poll_are_both_reported() {
    let (a, b) = (Event::new(), Event::new());
    let fencing = Fencing::new()
        .on("shutdown", &a)
        .on("disconnect", &b)
        .timeout(ms(50));
    let outcome = fencing
        .run(async {
            b.set();
            a.set();
            pending::<()>().await;
        })
        .await;
    assert_eq!(
        codes(&outcome),
        ["disconnect", "shutdown"],
        "as they fired, not as declared"
    );
    assert!(outcome.cancelled_by("shutdown") && outcome.cancelled_by("disconnect"));
    assert!(!outcome.cancelled_by("timeout"));
    assert_eq!(outcome.cancelled().unwrap().primary().code(), "disconnect");
}

// D9: events and time, in the order in which they came.
#[tokio::test(start_paused = true)]
async fn time_and_events_are_ordered_together() {
    let (late, early) = (Event::new(), Event::new());
    let fencing = Fencing::new()
        .on("late", &late)
        .timeout(ms(20))
        .on("early", &early);
    let outcome = fencing.run(async {
        // The clock moves on and the timeout passes while this is one step away from its end.
        tokio::time::advance(ms(30)).await;
        late.set();
        pending::<()>().await;
    });
    assert_eq!(codes(&outcome.await), ["timeout", "late"]);
}

// D10
#[tokio::test(start_paused = true)]
async fn one_event_under_two_codes_is_two_reasons() {
    let stop = Event::new();
    let fencing = Fencing::new()
        .on("a", &stop)
        .on("b", &stop)
        .on("a", &stop.clone());
    stop.set();
    assert_eq!(codes(&fencing.run(async {}).await), ["a", "b"]);
}

// D10, D17: bound and written, the same source under the same code.
#[tokio::test(start_paused = true)]
async fn a_source_both_bound_and_written_is_one_reason() {
    #[fence::fenced(on("stop", stop), on("other", stop))]
    async fn work(stop: &Event) {
        pending::<()>().await;
    }
    let stop = Event::new();
    stop.set();
    let outcome = Fencing::new().on("stop", &stop).bind(work(&stop)).await;
    assert_eq!(outcome.reasons().len(), 2);
    assert!(outcome.cancelled_by("stop") && outcome.cancelled_by("other"));
}

// D19: every limit that has passed is a reason.
#[tokio::test(start_paused = true)]
async fn equal_deadlines_are_two_reasons() {
    let at = tokio::time::Instant::now() + ms(5);
    let fencing = Fencing::new().deadline_as("x", at).deadline_as("y", at);
    assert_eq!(codes(&fencing.run(pending::<()>()).await), ["x", "y"]);
}

#[tokio::test(start_paused = true)]
async fn reasons_read_well() {
    let stop = Event::new();
    let fencing = Fencing::new()
        .named("page")
        .on("stop", &stop)
        .timeout_as("db", ms(1500));
    let run = |handle: fn(&Handle)| {
        let mut fence = fencing.run(pending::<()>());
        handle(&fence.handle());
        fence
    };
    let why = run(|_| ()).await.cancelled().unwrap();
    assert_eq!(
        why.to_string(),
        "`page` cancelled: db: timed out after 1.5s"
    );
    stop.set_because("deploy");
    let why = run(|handle| _ = handle.cancel()).await.cancelled().unwrap();
    let text = "`page` cancelled: stop: deploy; handle: cancelled through its handle";
    assert_eq!(why.to_string(), text);
    assert!(!why.by("") && !Fenced::Completed(1).cancelled_by("stop"));
}

// D12
#[tokio::test(start_paused = true)]
async fn a_cancellation_is_an_error_that_tells_its_cause_once() {
    fn is_error<E: Error + Send + Sync + Clone + 'static>(_: &E) {}
    let stop = Event::new();
    stop.set_because(std::io::Error::other("disk full"));
    let line = line!() - 1;
    let why = Fencing::new()
        .on("stop", &stop)
        .run(async {})
        .await
        .into_result()
        .unwrap_err();
    is_error(&why);
    assert_eq!(size_of::<Cancelled>(), size_of::<usize>());
    assert!(why.source().is_none(), "the message has told of it");
    let cause = why.primary().cause().unwrap();
    let cause = cause.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.to_string(), "disk full");
    assert_eq!(why.primary().location().unwrap().line(), line);
    assert!(!why.is_timeout());
}

// D9: what fires in a destructor still counts, behind what fired first.
#[tokio::test(start_paused = true)]
async fn a_destructor_may_add_a_reason() {
    struct Sets(Event);
    impl Drop for Sets {
        fn drop(&mut self) {
            self.0.set();
        }
    }
    let late = Event::new();
    let sets = Sets(late.clone());
    let fencing = Fencing::new().on("late", &late).timeout(ms(1));
    let outcome = fencing.run(async move {
        let _sets = sets;
        sleep(ms(1000)).await;
    });
    assert_eq!(codes(&outcome.await), ["timeout", "late"]);
}

/// A line of a log stays one, whatever comes from outside.
#[tokio::test(start_paused = true)]
async fn what_is_shown_is_one_line_and_steers_no_terminal() {
    let quota = Event::new();
    quota.set_because("line\r\nforged line \u{1b}[31m\u{2028}\u{202e}\0 grün \\n");
    let named = Fencing::new().named("a\nb").on("quo\nta", &quota);
    let why = named.run(async {}).await.cancelled().unwrap();
    let told = "quo\\nta: line\\r\\nforged line \\u{1b}[31m\\u{2028}\\u{202e}\\u{0} grün \\n";
    assert_eq!(why.primary().to_string(), told);
    assert_eq!(why.to_string(), format!("`a\\nb` cancelled: {told}"));

    let stop = Event::new();
    let undone = Fencing::new().on("stop", &stop).run(async {
        fence::on_cancel(async { panic!("two\nlines") });
        stop.set();
        std::future::pending::<()>().await;
    });
    let why = undone.await.cancelled().unwrap();
    assert!(
        why.to_string().ends_with("1 panicked: two\\nlines)"),
        "{why}"
    );
}

// D12: of a limit, the line that declared it, in the builder and in both macros.
#[tokio::test(start_paused = true)]
async fn a_limit_names_the_line_that_declared_it() {
    let declared = line!() + 1;
    let set = Fencing::new().timeout(ms(5)).budget(ms(5));
    let outcome = set.run(pending::<()>()).await;
    let lines = outcome
        .reasons()
        .iter()
        .map(|reason| reason.location().unwrap().line());
    assert_eq!(lines.collect::<Vec<_>>(), [declared, declared]);
    assert!(
        outcome.reasons()[0]
            .location()
            .unwrap()
            .file()
            .ends_with("reasons.rs")
    );

    let declared = line!() + 1;
    let outcome = fence::block::fenced!(timeout = "5ms", pending::<()>());
    let location = outcome.reasons()[0].location().unwrap();
    assert_eq!((location.line(), location.file()), (declared, file!()));
}

// A budget below a running one of the same code: one limit, one reason, however deep.
#[tokio::test(start_paused = true)]
async fn budgets_below_budgets_are_one_reason() {
    async fn deeper(levels: usize, limit: u64) -> Fenced<()> {
        let set = Fencing::current().budget(ms(limit));
        if levels == 0 {
            return set.run(pending()).await;
        }
        set.bind(Box::pin(deeper(levels - 1, limit))).await
    }
    for (outer, inner, after) in [(10, 30, 10), (30, 10, 10)] {
        let start = tokio::time::Instant::now();
        let bound = Fencing::new().budget(ms(outer)).bind(deeper(5, inner));
        let outcome = bound.await;
        assert_eq!(start.elapsed(), ms(after));
        tokio::time::advance(ms(100)).await;
        let texts: Vec<_> = outcome.reasons().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["budget: timed out after 10ms"]);
    }
    let bound = Fencing::new().budget(ms(20));
    let text =
        bound.bind(async { format!("{:?}", Fencing::current().budget(ms(50)).budget(ms(40))) });
    assert_eq!(
        text.await.matches("budget").count(),
        1,
        "the set does not grow"
    );
}

// The message of a deadline counts from where it was declared, as that of a timeout does.
#[tokio::test(start_paused = true)]
async fn a_deadline_says_how_long_it_was() {
    let set = Fencing::new().deadline(tokio::time::Instant::now() + ms(3000));
    tokio::time::sleep(ms(2000)).await;
    let why = set.run(pending::<()>()).await.cancelled().unwrap();
    assert_eq!(why.to_string(), "cancelled: deadline: timed out after 3s");
    assert_eq!(why.elapsed(), ms(1000));
}

// The body's time, and not that of what is undone after it.
#[tokio::test(start_paused = true)]
async fn cleanups_are_not_in_the_time_that_the_body_ran() {
    let outcome = Fencing::new().timeout(ms(5)).run(async {
        fence::on_cancel(tokio::time::sleep(ms(400)));
        pending::<()>().await;
    });
    assert_eq!(outcome.await.cancelled().unwrap().elapsed(), ms(5));
}
