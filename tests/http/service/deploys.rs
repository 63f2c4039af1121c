//! A shutdown in the middle of requests: the first stage is for those who name it, the second is for
//! all; and whose events these are.

use fence::service::FenceLayer;
use fence::{Event, Fenced, Fencing};
use http::Response;
use support::{ms, never};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::service::client::{Sent, body, call, get, start};

/// A handler with a piece of work that is fenced, and a stream that ends with a deploy.
async fn under(
    layer: &FenceLayer,
    around: &Fencing,
    fires: impl AsyncFn(),
) -> (Fenced<()>, Fenced<()>) {
    let (send, seen) = oneshot::channel();
    let handler = |_| async {
        let work = Fencing::current().run(sleep(ms(1000)));
        let stream = Fencing::current().on_named("shutdown").run(never());
        send.send(tokio::join!(work, stream)).unwrap();
        Response::<Sent>::new(body().1)
    };
    let mut answer = around.bind_sync(|| call(layer, get(), handler));
    start(&mut answer).await;
    sleep(ms(10)).await;
    fires().await;
    drop(answer.await);
    seen.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn requests_have_their_drain_and_streams_end() {
    let (soft, hard) = (Event::new(), Event::new());
    let layer = FenceLayer::new().shutdown(&soft).shutdown_hard(&hard);
    let (work, stream) = under(&layer, &Fencing::new(), async || assert!(soft.set())).await;
    assert!(work.is_completed(), "{work:?}");
    assert!(stream.cancelled_by("shutdown"));
}

#[tokio::test(start_paused = true)]
async fn the_second_stage_is_for_all() {
    let (soft, hard) = (Event::new(), Event::new());
    let layer = FenceLayer::new().shutdown(&soft).shutdown_hard(&hard);
    let both = async || {
        soft.set();
        sleep(ms(100)).await;
        hard.set();
    };
    let (work, stream) = under(&layer, &Fencing::new(), both).await;
    let why = work.cancelled().unwrap();
    assert_eq!((why.reasons().len(), why.by("shutdown-hard")), (1, true));
    assert!(stream.cancelled_by("shutdown"));
}

/// What is bound or offered around the server comes before the events of the process.
#[tokio::test(start_paused = true)]
async fn the_surroundings_say_what_a_shutdown_is() {
    for is_bound in [false, true] {
        let (soft, hard) = (Event::new(), Event::new());
        let around = Fencing::new().offer("shutdown", &soft);
        let around = if is_bound {
            around.on("shutdown-hard", &hard)
        } else {
            around.offer("shutdown-hard", &hard)
        };
        let fires = async || {
            soft.set();
            hard.set();
        };
        let (work, stream) = under(&FenceLayer::new(), &around, fires).await;
        let why = work.cancelled().unwrap();
        assert_eq!((why.reasons().len(), why.by("shutdown-hard")), (1, true));
        assert!(stream.cancelled_by("shutdown"));
    }
}

/// Replacing the event of the process by one of a test changes who fires it, and nothing else.
#[tokio::test(start_paused = true)]
async fn a_layer_with_events_of_its_own_knows_no_others() {
    let around = Event::new();
    let layer = FenceLayer::new()
        .shutdown(&Event::new())
        .shutdown_hard(&Event::new());
    let surroundings = Fencing::new()
        .offer("shutdown", &around)
        .offer("shutdown-hard", &around);
    let outcome = tokio::time::timeout(
        ms(5000),
        under(&layer, &surroundings, async || assert!(around.set())),
    );
    assert!(outcome.await.is_err(), "the stream goes on");
}
