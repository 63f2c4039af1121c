//! Bodies of requests: unchanged, read ahead, and broken off.

use bytes::Bytes;
use fence::Fencing;
use fence::service::FenceLayer;
use http::{Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Empty};
use support::ms;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::client::{Sender, Sent, Told, body, call, data, reset, start, take};

fn post() -> (Sender, Request<Sent>) {
    let (send, stream) = body();
    (send, Request::post("/upload").body(stream).unwrap())
}

/// The client goes away a moment later.
async fn leaves(send: Sender) {
    sleep(ms(1)).await;
    send.send(Err(reset())).unwrap();
}

fn empty() -> Response<Empty<Bytes>> {
    Response::new(Empty::new())
}

fn text(frame: &Frame<Bytes>) -> String {
    String::from_utf8(frame.data_ref().unwrap().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn frames_come_in_their_order_and_unchanged() {
    for (version, ahead) in [
        (Version::HTTP_11, 64),
        (Version::HTTP_11, 0),
        (Version::HTTP_2, 64),
    ] {
        let (send, mut request) = post();
        *request.version_mut() = version;
        let layer = FenceLayer::new().read_ahead(ahead);
        let answer = call(&layer, request, |mut request| async move {
            let mut seen = Vec::new();
            while let Some(frame) = request.body_mut().frame().await {
                match frame.unwrap().into_data() {
                    Ok(data) => seen.push(data),
                    Err(trailers) => assert!(trailers.is_trailers()),
                }
                // Slower than they come.
                sleep(ms(30)).await;
            }
            assert!(request.body_mut().frame().await.is_none());
            assert_eq!(seen, ["a", "b", "c", "d", "e"]);
            empty()
        });
        let sending = async {
            for chunk in ["a", "b", "c", "d", "e"] {
                send.send(data(chunk)).unwrap();
                sleep(ms(10)).await;
            }
            send.send(Ok(Frame::trailers(http::HeaderMap::new())))
                .unwrap();
            drop(send);
        };
        let (response, ()) = tokio::join!(take(answer), sending);
        assert_eq!(response.status(), 200);
    }
}

// What was read ahead comes first, then the departure, once; the event fires once.
#[tokio::test(start_paused = true)]
async fn a_departure_comes_after_what_was_sent_and_then_the_end() {
    let (send, stream) = body();
    let polled_late = stream.polled_late.clone();
    for chunk in ["1", "2", "3"] {
        send.send(data(chunk)).unwrap();
    }
    send.send(Err(reset())).unwrap();
    let (done, seen) = oneshot::channel();
    let request = Request::post("/upload").body(stream).unwrap();
    let layer = FenceLayer::new();
    let answer = call(&layer, request, |mut request| async move {
        let cut = Fencing::current().run(std::future::pending::<()>()).await;
        let mut frames = Vec::new();
        for _ in 0..6 {
            frames.push(match request.body_mut().frame().await {
                Some(Ok(frame)) => text(&frame),
                Some(Err(error)) => error.to_string(),
                None => "end".to_owned(),
            });
        }
        done.send((cut.cancelled_by("disconnect"), frames)).unwrap();
        empty()
    });
    take(answer).await;
    assert_eq!(layer.detached().departed(), 1);
    let (is_cut, frames) = seen.await.unwrap();
    assert!(is_cut);
    let left = "the client left before its request was complete";
    assert_eq!(frames, ["1", "2", "3", left, "end", "end"]);
    assert_eq!(*polled_late.lock().unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_valid_one_is_no_departure() {
    let told = Told::default();
    for reads in [true, false] {
        let (send, request) = post();
        send.send(data("fine")).unwrap();
        send.send(Err("invalid chunk size".into())).unwrap();
        let answer = call(&told.layer(), request, |mut request| async move {
            let outcome = Fencing::current().run(sleep(ms(10))).await;
            assert!(outcome.is_completed());
            if reads {
                assert_eq!(
                    text(&request.body_mut().frame().await.unwrap().unwrap()),
                    "fine"
                );
                let error = request.body_mut().frame().await.unwrap().unwrap_err();
                assert_eq!(error.to_string(), "invalid chunk size");
                assert!(!error.has_left());
            }
            empty()
        });
        take(answer).await;
    }
    assert!(told.all().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_fenced_read_is_cut_and_a_plain_one_fails() {
    for round in 0..1000 {
        let is_fenced = round % 2 == 0;
        let ahead = if round % 4 < 2 { 64 * 1024 } else { 0 };
        let (send, request) = post();
        let layer = FenceLayer::new().read_ahead(ahead);
        let answer = call(&layer, request, move |mut request| async move {
            let read = async { request.body_mut().frame().await.unwrap().unwrap_err() };
            if is_fenced {
                let outcome = Fencing::current().run(read).await;
                assert!(outcome.cancelled_by("disconnect"), "round {round}");
            } else {
                assert!(read.await.has_left());
            }
            empty()
        });
        tokio::join!(take(answer), leaves(send));
    }
}

/// A fence that declines the departure gets the error.
#[tokio::test(start_paused = true)]
async fn a_guarded_read_gets_the_error() {
    let (send, request) = post();
    let answer = call(&FenceLayer::new(), request, move |mut request| async move {
        let read = async { request.body_mut().frame().await.unwrap().unwrap_err() };
        let guarded = Fencing::current().unless("disconnect", || true);
        assert!(guarded.run(read).await.unwrap().has_left());
        empty()
    });
    tokio::join!(take(answer), leaves(send));
}

/// No more is read ahead than may be, and reading makes room.
#[tokio::test(start_paused = true)]
async fn what_is_read_ahead_is_bounded() {
    let (send, request) = post();
    let taken = request.body().taken.clone();
    for _ in 0..100 {
        send.send(data("0123456789")).unwrap();
    }
    let (tell, told) = oneshot::channel::<()>();
    let mut answer = call(
        &FenceLayer::new().read_ahead(50),
        request,
        |request| async {
            let _ = told.await;
            let mut body = request.into_body();
            let mut bytes = 0;
            while let Some(Ok(frame)) = body.frame().await {
                bytes += text(&frame).len();
            }
            assert_eq!(bytes, 1000);
            empty()
        },
    );
    start(&mut answer).await;
    sleep(ms(10)).await;
    assert_eq!(*taken.lock().unwrap(), 5);
    drop(tell);
    drop(send);
    take(answer).await;
}

/// What frames take is counted as well: of chunks of one byte it is a hundred times as much.
#[tokio::test(start_paused = true)]
async fn tiny_frames_are_read_ahead_for_what_they_hold() {
    const AHEAD: usize = 64 * 1024;
    for chunk in ["x", ""] {
        for drops in [false, true] {
            let (send, request) = post();
            let taken = request.body().taken.clone();
            for _ in 0..100_000 {
                send.send(data(chunk)).unwrap();
            }
            let layer = FenceLayer::new().read_ahead(AHEAD);
            let answer = call(&layer, request, |request| async move {
                let held = (!drops).then_some(request);
                std::future::pending::<()>().await;
                drop(held);
                empty()
            });
            // Polled on, as a server does: the budget of a poll is less.
            let answering = tokio::spawn(answer);
            sleep(ms(10)).await;
            answering.abort();
            let taken = *taken.lock().unwrap() as usize;
            let frame = size_of::<Frame<Bytes>>();
            // Of a body that is dropped nothing is held; four times as much is read.
            let most = if drops { 4 * AHEAD } else { AHEAD };
            assert!(taken * frame <= most + frame, "{taken} frames");
            assert!(taken * frame * 2 > most, "{taken} frames");
        }
    }
}

/// A client that leaves is noticed also if the handler has dropped the body.
#[tokio::test(start_paused = true)]
async fn a_dropped_body_is_watched() {
    let (send, request) = post();
    let mut answer = call(&FenceLayer::new(), request, |request| async {
        drop(request);
        let outcome = Fencing::current().run(std::future::pending::<()>()).await;
        assert!(outcome.cancelled_by("disconnect"));
        empty()
    });
    start(&mut answer).await;
    send.send(data("unread")).unwrap();
    send.send(Err(reset())).unwrap();
    take(answer).await;
}

/// A client that waits to be asked for its body is not asked by the layer.
#[tokio::test(start_paused = true)]
async fn nobody_asks_for_a_body_but_the_handler() {
    let (send, mut request) = post();
    request
        .headers_mut()
        .insert("expect", "100-continue".parse().unwrap());
    send.send(data("asked for")).unwrap();
    let mut answer = call(&FenceLayer::new(), request, |request| async move {
        sleep(ms(10)).await;
        drop(request);
        empty()
    });
    start(&mut answer).await;
    assert!(!send.is_closed());
    take(answer).await;
    assert!(send.is_closed(), "it was dropped, unread");
}
