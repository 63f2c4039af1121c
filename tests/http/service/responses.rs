//! Clients that leave while the answer is sent.

use bytes::Bytes;
use fence::service::{BodyDrop, Fate, Phase};
use fence::{Fencing, fenced};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use support::ms;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::client::{Sent, Told, body, call, data, get, take};

/// Answers with a body that the test sends, and reads a frame of it.
async fn one_frame_of(
    told: &Told,
    response: http::response::Builder,
    frames: &[&'static str],
) -> Response<fence::service::ResponseBody<Sent>> {
    let (send, stream) = body();
    let response = response.body(stream).unwrap();
    let answer = call(&told.layer(), get(), |_| async { response });
    let mut response = take(answer).await;
    for frame in frames {
        send.send(data(frame)).unwrap();
    }
    // The test holds the other end: there may be more to come.
    std::mem::forget(send);
    response.frame().await.unwrap().unwrap();
    response
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_dropped_midway_is_a_departure() {
    let told = Told::default();
    let response = one_frame_of(&told, Response::builder(), &["one"]).await;
    drop(response);
    let left = told.one();
    assert_eq!((left.code, left.phase), ("disconnect", Phase::Body));
    assert_eq!(left.fate, Fate::Dropped);
}

/// A server need not poll a body to its end to know that it is there.
#[tokio::test(start_paused = true)]
async fn a_body_that_has_been_sent_is_none() {
    let told = Told::default();
    let sized = Response::builder().header("content-length", "3");
    drop(one_frame_of(&told, sized, &["one"]).await);
    assert!(told.all().is_empty());

    let sized = Response::builder().header("content-length", "6");
    drop(one_frame_of(&told, sized, &["one", "two"]).await);
    assert_eq!(told.one().phase, Phase::Body, "three bytes are missing");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_to_be_sent_is_none() {
    let told = Told::default();
    let layer = told.layer();
    for status in [101, 204, 304] {
        let response = Response::builder().status(status).body(body().1).unwrap();
        drop(take(call(&layer, get(), |_| async { response })).await);
    }
    let (_send, stream) = body();
    let head = Request::head("/page").body(stream).unwrap();
    drop(take(call(&layer, head, |_| async { Response::new(body().1) })).await);
    let full = || async { Response::new(Full::new(Bytes::new())) };
    drop(take(call(&layer, get(), |_| full())).await);
    assert!(told.all().is_empty());

    let never_polled = || async { Response::new(Full::new(Bytes::from_static(b"text"))) };
    drop(take(call(&layer, get(), |_| never_polled())).await);
    assert_eq!(told.one().phase, Phase::Body);
}

#[tokio::test(start_paused = true)]
async fn trailers_and_errors_end_a_body() {
    let told = Told::default();
    let (send, stream) = body();
    let response = Response::new(stream);
    let mut response = take(call(&told.layer(), get(), |_| async { response })).await;
    send.send(Ok(Frame::trailers(http::HeaderMap::new())))
        .unwrap();
    assert!(response.frame().await.unwrap().unwrap().is_trailers());
    drop(response);

    let (send, stream) = body();
    let response = Response::new(stream);
    let mut response = take(call(&told.layer(), get(), |_| async { response })).await;
    send.send(Err("the stream of the handler failed".into()))
        .unwrap();
    assert!(response.frame().await.unwrap().is_err());
    drop(response);
    assert!(told.all().is_empty());
}

/// A stream sees the sources of its request, and with `Drain` is read to its end.
#[tokio::test(start_paused = true)]
async fn a_stream_may_save_what_it_has_done() {
    for (on_drop, saves) in [(BodyDrop::Drain, true), (BodyDrop::Drop, false)] {
        let told = Told::default();
        let layer = told.layer().on_body_drop(on_drop);
        let (save, mut saved) = mpsc::unbounded_channel();
        let answer = call(&layer, get(), |_| async {
            Response::new(StreamBody::new(tokens(save)).boxed_unsync())
        });
        let mut response = take(answer).await;
        for _ in 0..2 {
            response.frame().await.unwrap().unwrap();
        }
        drop(response);
        assert_eq!(saved.recv().await, saves.then_some((2, true)));
        assert_eq!(layer.detached().drain(ms(1000)).await, 0);
        let fate = if saves { Fate::Finished } else { Fate::Dropped };
        assert_eq!(told.one().fate, fate);
    }
}

/// Tokens until the client leaves; then says how many, and whether it was cut.
fn tokens(
    save: mpsc::UnboundedSender<(u32, bool)>,
) -> impl futures::Stream<Item = Result<Frame<Bytes>, super::client::Error>> {
    futures::stream::unfold((0, save), |(count, save)| async move {
        match next_token().await {
            fence::Fenced::Completed(token) => Some((data(token), (count + 1, save))),
            fence::Fenced::Cancelled(why) => {
                save.send((count, why.by("disconnect"))).unwrap();
                None
            }
        }
    })
}

#[fenced]
async fn next_token() -> &'static str {
    sleep(ms(10)).await;
    "token"
}

/// A panic of the stream is no departure.
#[tokio::test(start_paused = true)]
async fn a_stream_that_panics_is_no_departure() {
    struct Panicking;
    impl Body for Panicking {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            panic!("stream")
        }
    }
    let told = Told::default();
    let mut response = take(call(&told.layer(), get(), |_| async {
        Response::new(Panicking)
    }))
    .await;
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = futures::FutureExt::now_or_never(response.frame());
    }));
    assert!(caught.is_err());
    drop(response);
    assert!(told.all().is_empty());
    assert!(Fencing::current().run(async {}).await.is_completed());
}
