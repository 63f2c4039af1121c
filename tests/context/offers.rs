//! What is offered is obeyed by whoever names it, and by nobody else (D18, D18a).

use std::future::pending;

use fence::block::fenced;
use fence::{Event, Fenced, Fencing, FutureExt};
use support::{ms, never};
use tokio::time::sleep;

fn set() -> Event {
    let event = Event::new();
    event.set();
    event
}

#[fence::fenced(on = "offered")]
async fn names_it() {
    never().await;
}

#[fence::fenced(on = "offered", inherit = false)]
async fn names_it_alone() {
    never().await;
}

#[fence::fenced(timeout = "10ms")]
async fn names_nothing() -> &'static str {
    sleep(ms(5)).await;
    "done"
}

#[tokio::test(start_paused = true)]
async fn only_those_who_name_it_are_cut() {
    let server = Fencing::new().offer("offered", &set());
    server
        .bind(async {
            assert!(names_it().await.cancelled_by("offered"));
            assert!(names_it_alone().await.cancelled_by("offered"));
            assert_eq!(names_nothing().await.unwrap(), "done");
            let by_hand = Fencing::current().run(sleep(ms(1))).await;
            assert!(by_hand.is_completed());
            let named = Fencing::current().on_named("offered").run(never()).await;
            assert!(named.cancelled_by("offered"));
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn it_stands_in_for_the_event_of_the_process() {
    let offered = Event::new();
    let server = Fencing::new().offer("offered-and-named", &offered);
    Event::named("offered-and-named").set();
    let call = async { fenced!(on = "offered-and-named", sleep(ms(5))) };
    assert!(server.bind(call).await.is_completed());

    let call = async { fenced!(on = "offered-and-named", sleep(ms(5))) };
    assert!(call.await.cancelled_by("offered-and-named"));
    let named = Fencing::new().on_named("offered-and-named");
    assert!(named.run(never()).await.cancelled_by("offered-and-named"));
}

#[tokio::test(start_paused = true)]
async fn it_fires_while_the_body_waits() {
    let offered = Event::new();
    let call = Fencing::new().offer("offered", &offered).bind(names_it());
    let setting = async {
        sleep(ms(5)).await;
        offered.set();
    };
    let (outcome, ()) = tokio::join!(call, setting);
    assert_eq!(outcome.cancelled().unwrap().elapsed(), ms(5));
}

#[tokio::test(start_paused = true)]
async fn what_is_on_a_set_comes_before_what_it_offers() {
    let both = Fencing::new()
        .on("offered", &Event::new())
        .offer("offered", &set());
    let call = both.bind(async { fenced!(on = "offered", sleep(ms(5))) });
    assert!(call.await.is_completed());
    assert!(
        both.on_named("offered")
            .run(sleep(ms(5)))
            .await
            .is_completed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_later_offer_replaces_an_earlier_one() {
    let replaced = Fencing::new()
        .offer("offered", &set())
        .offer("offered", &Event::new());
    let call = replaced.bind(async { fenced!(on = "offered", sleep(ms(5))) });
    assert!(call.await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn the_innermost_bind_decides() {
    let (outer, inner) = (Event::new(), set());
    let call = Fencing::new().offer("offered", &inner).bind(names_it());
    let outcome = Fencing::new().on("offered", &outer).bind(call).await;
    assert!(outcome.cancelled_by("offered"));

    // An inner set that says nothing replaces what was bound: the process decides.
    let silent = Fencing::new().bind(async { fenced!(on = "offered", sleep(ms(5))) });
    let outcome = Fencing::new().offer("offered", &set()).bind(silent).await;
    assert!(outcome.is_completed());
}

#[tokio::test(start_paused = true)]
async fn a_set_that_names_is_looked_up_where_it_is_bound() {
    let (near, far) = (Event::new(), set());
    let inside = async {
        // By now it is on the set, and obeyed by all below.
        let late = Fencing::new().offer("offered", &near);
        let named = Fencing::current();
        late.bind(named.run(never())).await
    };
    let named = Fencing::new().on_named("offered").bind(inside);
    let outcome = Fencing::new().offer("offered", &far).bind(named).await;
    assert!(outcome.cancelled_by("offered"));

    let named = Fencing::new().on_named("offered");
    Fencing::new().offer("offered", &far).bind_sync(|| {
        named.bind_sync(|| {
            let asked = Fencing::current().run_blocking(|| ());
            assert!(asked.cancelled_by("offered"));
        });
    });
}

#[tokio::test(start_paused = true)]
async fn a_set_that_names_means_something_else_elsewhere() {
    let named = Fencing::new().on_named("offered");
    let cut = Fencing::new()
        .offer("offered", &set())
        .bind(named.run(never()));
    assert!(cut.await.cancelled_by("offered"));
    let kept = Fencing::new().offer("offered", &Event::new());
    assert!(kept.bind(named.run(sleep(ms(5)))).await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn any_trigger_can_be_offered() {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let call = Fencing::new().offer("offered", &stopped).bind(names_it());
    let (outcome, sent) = tokio::join!(call, async { stop.send(true) });
    sent.unwrap();
    assert!(outcome.cancelled_by("offered"));
}

#[tokio::test(start_paused = true)]
async fn guards_and_unless_name_nothing() {
    let guarded = Fencing::new().unless("offered", || false).guard(|_| true);
    let call = guarded.offer("offered", &set()).run(sleep(ms(5)));
    assert!(call.await.is_completed());
}

#[tokio::test(start_paused = true)]
async fn tasks_inside_find_it_too() {
    let server = Fencing::new().offer("offered", &set());
    let outcome: Fenced<()> = server
        .bind(async { fence::spawn(async { names_it().await }).await.unwrap() })
        .await;
    assert!(outcome.cancelled_by("offered"));
    let outcome = server
        .bind(async { tokio::spawn(names_it().in_context()).await.unwrap() })
        .await;
    assert!(outcome.cancelled_by("offered"));
}

#[tokio::test(start_paused = true)]
async fn a_named_source_is_one_reason() {
    let event = set();
    let set = Fencing::new()
        .on("offered", &event)
        .offer("offered", &event);
    let twice = set.on_named("offered").on_named("offered");
    let why = twice.run(pending::<()>()).await.cancelled().unwrap();
    assert_eq!(why.reasons().len(), 1);
}
