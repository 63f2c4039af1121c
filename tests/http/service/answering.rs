//! Handlers whose client leaves before they are done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fence::service::{Fate, FenceLayer, Phase, RequestFence};
use fence::{Event, Fencing, on_cancel};
use http::Response;
use support::{ms, never};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until};

use super::client::{Sent, Told, body, call, get, start, take};

fn empty() -> Response<Sent> {
    Response::new(body().1)
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_answers_in_time_notices_nothing() {
    let told = Told::default();
    let layer = told.layer();
    let answer = call(&layer, get(), |_| async move {
        let fence = RequestFence::current().unwrap();
        let fenced = Fencing::current().run(sleep(ms(10))).await;
        assert!(fenced.is_completed() && !fence.disconnect().is_set());
        Response::builder().status(204).body(body().1).unwrap()
    });
    assert_eq!(take(answer).await.status(), 204);
    assert!(told.all().is_empty());
    assert_eq!(layer.detached().departed(), 0);
}

/// The fenced part stops, the rest runs to its end, and is told of after the cleanups.
#[tokio::test(start_paused = true)]
async fn only_what_is_fenced_stops_when_the_client_leaves() {
    let (told, (send, saved)) = (Told::default(), oneshot::channel());
    let layer = told.layer();
    let mut answer = call(&layer, get(), |_| async move {
        let generated = Fencing::current().run(async {
            on_cancel(async { sleep(ms(100)).await });
            never().await;
        });
        let why = generated.await.cancelled().unwrap();
        sleep(ms(50)).await;
        send.send(why).unwrap();
        empty()
    });
    start(&mut answer).await;
    sleep(ms(30)).await;
    drop(answer);
    assert_eq!(layer.detached().active(), 1);

    let why = saved.await.unwrap();
    assert_eq!(why.reasons().len(), 1);
    let reason = "disconnect: the client left before it was answered";
    assert_eq!(why.primary().to_string(), reason);
    assert!(why.primary().location().is_none(), "no line of code did it");
    assert_eq!(layer.detached().drain(ms(1000)).await, 0);
    let left = told.one();
    assert_eq!((left.code, left.phase), ("disconnect", Phase::Handler));
    assert_eq!((left.after, left.detached_for), (ms(30), ms(150)));
    assert_eq!((left.fate, left.uri.path()), (Fate::Finished, "/page"));
    let line = "GET /page: disconnect after 30ms in the handler, finished after another 150ms";
    assert_eq!(left.to_string(), line);
}

/// Who left: what the server or an outer layer knows of the client.
#[tokio::test(start_paused = true)]
async fn a_departure_knows_what_the_request_came_with() {
    let told = Told::default();
    let mut request = get();
    request.extensions_mut().insert("192.0.2.7");
    let mut answer = call(&told.layer(), request, |_| async {
        sleep(ms(10)).await;
        empty()
    });
    start(&mut answer).await;
    drop(answer);
    sleep(ms(100)).await;
    assert_eq!(told.one().extensions.get(), Some(&"192.0.2.7"));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_has_not_started_is_dropped() {
    let told = Told::default();
    let answer = call(&told.layer(), get(), |_| async {
        unreachable!("never polled");
        #[allow(unreachable_code, reason = "the type of the answer")]
        empty()
    });
    drop(answer);
    sleep(ms(10)).await;
    assert!(told.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_cap_run_on() {
    let (told, ended) = (Told::default(), Arc::new(AtomicU32::new(0)));
    let layer = told.layer().max_detached(2);
    for _ in 0..5 {
        let ended = ended.clone();
        let mut answer = call(&layer, get(), |_| async move {
            sleep(ms(100)).await;
            ended.fetch_add(1, Ordering::Relaxed);
            empty()
        });
        start(&mut answer).await;
        drop(answer);
    }
    assert_eq!((layer.detached().active(), layer.detached().shed()), (2, 3));
    assert_eq!(layer.detached().drain(ms(1000)).await, 0);
    assert_eq!(ended.load(Ordering::Relaxed), 2);
    assert_eq!(layer.detached().departed(), 5);
    let fates = told
        .all()
        .into_iter()
        .filter(|left| left.fate == Fate::Shed);
    assert_eq!(fates.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn none_runs_on_for_longer_than_its_grace() {
    let told = Told::default();
    let layer = told.layer().detach_grace(ms(400));
    let mut answer = call(&layer, get(), |_| async {
        never().await;
        empty()
    });
    start(&mut answer).await;
    drop(answer);
    assert_eq!(layer.detached().drain(ms(5000)).await, 0);
    let left = told.one();
    assert_eq!((left.fate, left.detached_for), (Fate::OutOfTime, ms(400)));
}

/// The panic goes to the server, once; nobody polls the handler again, and no client has left.
#[tokio::test(start_paused = true)]
async fn a_panic_is_no_departure() {
    for isolated in [false, true] {
        let (told, polls) = (Told::default(), Arc::new(AtomicU32::new(0)));
        let layer = told.layer().isolate(isolated);
        let seen = polls.clone();
        let answer = call(&layer, get(), |_| async move {
            seen.fetch_add(1, Ordering::Relaxed);
            sleep(ms(10)).await;
            panic!("handler");
            #[allow(unreachable_code, reason = "the type of the answer")]
            empty()
        });
        let caught = std::panic::AssertUnwindSafe(answer);
        let panic = futures::FutureExt::catch_unwind(caught).await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"handler"));
        sleep(ms(1000)).await;
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        assert!(told.all().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_after_the_client_left_is_counted() {
    let told = Told::default();
    let layer = told.layer();
    let mut answer = call(&layer, get(), |_| async {
        sleep(ms(10)).await;
        panic!("alone");
        #[allow(unreachable_code, reason = "the type of the answer")]
        empty()
    });
    start(&mut answer).await;
    drop(answer);
    assert_eq!(layer.detached().drain(ms(1000)).await, 0);
    assert_eq!(layer.detached().panicked(), 1);
    assert_eq!(told.one().fate, Fate::Panicked);
}

/// Whoever has drained may end the process.
#[tokio::test(start_paused = true)]
async fn a_departure_is_told_before_it_counts_as_drained() {
    let (layer, (send, active)) = (FenceLayer::new(), std::sync::mpsc::channel());
    let detached = layer.detached();
    let layer = layer.on_disconnect(move |_| send.send(detached.active()).unwrap());
    let mut answer = call(&layer, get(), |_| async {
        sleep(ms(10)).await;
        empty()
    });
    start(&mut answer).await;
    drop(answer);
    assert_eq!(layer.detached().drain(ms(1000)).await, 0);
    assert_eq!(active.try_recv(), Ok(1));
}

/// A task of its own from the start: it runs on, and is cut likewise.
#[tokio::test(start_paused = true)]
async fn an_isolated_handler_runs_on_where_it_is() {
    let (told, (send, task)) = (Told::default(), oneshot::channel());
    let layer = told.layer().isolate(true);
    let mut answer = call(&layer, get(), |_| async move {
        let before = tokio::task::id();
        let why = Fencing::current().run(never()).await;
        assert!(why.cancelled_by("disconnect"));
        send.send((before, tokio::task::id())).unwrap();
        empty()
    });
    start(&mut answer).await;
    sleep(ms(10)).await;
    drop(answer);
    let (before, after) = task.await.unwrap();
    assert_eq!(before, after);
    assert_eq!(layer.detached().drain(ms(1000)).await, 0);
    assert_eq!(told.one().fate, Fate::Finished);
}

/// A server that drops a request because its time is up, or because it stops, is no client.
#[tokio::test(start_paused = true)]
async fn the_deadline_and_the_shutdown_are_named() {
    let stop = Event::new();
    let told = Told::default();
    let layer = told.layer().max_deadline(ms(100)).shutdown(&stop);
    for (waits, code) in [(150, "deadline"), (50, "shutdown"), (50, "disconnect")] {
        if code == "shutdown" {
            stop.set();
        }
        let (send, seen) = oneshot::channel();
        let layer = match code {
            "disconnect" => layer.clone().shutdown(&Event::new()),
            _ => layer.clone(),
        };
        let mut answer = call(&layer, get(), |_| async move {
            let fence = Fencing::current().on_named("shutdown");
            let outcome = fence.run(never()).await;
            sleep(ms(200)).await;
            send.send(outcome.cancelled().unwrap().primary().code().to_owned())
                .unwrap();
            empty()
        });
        start(&mut answer).await;
        sleep(ms(waits)).await;
        drop(answer);
        assert_eq!(seen.await.unwrap(), code);
        sleep(ms(1)).await;
        assert_eq!(told.all().last().unwrap().code, code);
    }
}

/// A request that may go on during the shutdown has a client that may leave all the same.
#[tokio::test(start_paused = true)]
async fn what_declines_the_shutdown_still_obeys_the_client() {
    let (stop, (send, seen)) = (Event::new(), oneshot::channel());
    let layer = FenceLayer::new().shutdown(&stop);
    let mut answer = call(&layer, get(), |_| async {
        let fence = Fencing::current().on_named("shutdown");
        let fence = fence.unless("shutdown", || true);
        send.send(fence.run(never()).await).unwrap();
        empty()
    });
    stop.set();
    start(&mut answer).await;
    drop(answer);
    let outcome = tokio::time::timeout(ms(1000), seen).await.unwrap();
    assert!(outcome.unwrap().cancelled_by("disconnect"));
}

// A request that is not watched, and a layer in a layer.
#[tokio::test(start_paused = true)]
async fn what_is_not_watched_is_left_alone() {
    let (told, alive) = (Told::default(), Arc::new(()));
    let layer = told.layer().watch(|parts| parts.uri.path() != "/page");
    let held = alive.clone();
    let mut answer = call(&layer, get(), |_| async move {
        assert!(RequestFence::current().is_none());
        never().await;
        drop(held);
        empty()
    });
    start(&mut answer).await;
    drop(answer);
    assert_eq!(Arc::strong_count(&alive), 1, "it died with its client");
    assert!(told.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_layer_in_a_layer_leaves_it_to_the_outer_one() {
    use tower::{Layer, Service, service_fn};
    let (outer, inner) = (Told::default(), Told::default());
    let handler = service_fn(|_| async {
        sleep(ms(10)).await;
        Ok::<_, std::convert::Infallible>(empty())
    });
    let mut service = outer.layer().layer(inner.layer().layer(handler));
    let mut answer = Box::pin(service.call(get()));
    assert!(futures::poll!(&mut answer).is_pending());
    drop(answer);
    sleep(ms(100)).await;
    assert_eq!(outer.one().fate, Fate::Finished);
    assert!(inner.all().is_empty());
}

/// Whatever is below obeys the same sources, tasks included.
#[tokio::test(start_paused = true)]
async fn what_the_handler_spawns_obeys_too() {
    let (send, seen) = oneshot::channel();
    let layer = FenceLayer::new();
    let mut answer = call(&layer, get(), |_| async move {
        let fence = RequestFence::current().unwrap();
        let task = fence::spawn(async { Fencing::current().run(never()).await });
        let upgraded =
            tokio::spawn(fence.in_context(async { Fencing::current().run(never()).await }));
        let again = Fencing::current()
            .on("disconnect", fence.disconnect())
            .on("client_gone", fence.disconnect());
        let why = again.run(never()).await.cancelled().unwrap();
        let codes: Vec<_> = why
            .reasons()
            .iter()
            .map(|why| why.code().to_owned())
            .collect();
        let own = Fencing::new().run(sleep(ms(100))).await.is_completed();
        let spawned = task.await.unwrap().cancelled_by("disconnect");
        let upgraded = upgraded.await.unwrap().cancelled_by("disconnect");
        send.send((codes, own && spawned && upgraded)).unwrap();
        empty()
    });
    start(&mut answer).await;
    sleep(ms(10)).await;
    drop(answer);
    let (codes, others) = seen.await.unwrap();
    assert_eq!(codes, ["disconnect", "client_gone"]);
    assert!(others);
}

/// A request is on its way for a while, of which the server knows nothing.
#[tokio::test(start_paused = true)]
async fn a_client_whose_time_is_over_leaves_unless_a_margin_covers_the_way() {
    for (margin, code) in [(2, "disconnect"), (20, "deadline")] {
        let layer = FenceLayer::new().margin(ms(margin));
        let mut request = get();
        let time = http::HeaderValue::from_static("100");
        request.headers_mut().insert("connect-timeout-ms", time);
        *request.uri_mut() = "/page?connect=v1&message=1".parse().unwrap();
        let gives_up = Instant::now() + ms(100);
        sleep(ms(10)).await;
        let (send, seen) = oneshot::channel();
        let mut answer = call(&layer, request, |_| async move {
            let outcome = Fencing::current().run(never()).await;
            let why = outcome.cancelled().unwrap();
            send.send(why.primary().code().to_owned()).unwrap();
            empty()
        });
        tokio::select! {
            biased;
            () = sleep_until(gives_up) => drop(answer),
            _ = &mut answer => {}
        }
        assert_eq!(seen.await.unwrap(), code);
    }
}
