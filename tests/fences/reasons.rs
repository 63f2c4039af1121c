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
async fn a_cancellation_is_an_error_with_a_source() {
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
    let cause = why
        .source()
        .unwrap()
        .downcast_ref::<std::io::Error>()
        .unwrap();
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
