//! How much time a request has: what the layer answers by itself, what it lets go on, and what
//! reads of its body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use fence::service::{FenceLayer, RequestFence};
use fence::{Fencing, fenced};
use http::{Request, Response, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use support::{ms, never, secs};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::service::client::{Sender, Sent, Told, body, call, data, get, start, take};

fn empty() -> Response<Empty<Bytes>> {
    Response::new(Empty::new())
}

async fn text<B>(response: Response<B>) -> String
where
    B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>,
{
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

fn of_version(version: Version) -> Request<Sent> {
    let mut request = get();
    *request.version_mut() = version;
    request
}

fn grpc(time: &str) -> Request<Sent> {
    let mut request = of_version(Version::HTTP_2);
    let headers = request.headers_mut();
    headers.insert("content-type", "application/grpc".parse().unwrap());
    headers.insert("grpc-timeout", time.parse().unwrap());
    request
}

/// It obeys nobody, and runs on.
#[tokio::test(start_paused = true)]
async fn the_layer_answers_when_the_handler_does_not() {
    for isolated in [false, true] {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let (told, (send, done)) = (Told::default(), oneshot::channel());
            let layer = told.layer().isolate(isolated);
            let layer = layer.respond_by(|_| Some(ms(300)));
            let (start, request) = (Instant::now(), of_version(version));
            let answer = call(&layer, request, |_| async move {
                sleep(ms(1000)).await;
                send.send(RequestFence::current().unwrap()).unwrap();
                empty()
            });
            let response = take(answer).await;
            assert_eq!(
                (start.elapsed(), response.status().as_u16()),
                (ms(300), 504)
            );
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert!(text(response).await.contains(r#""code":"deadline""#));

            let detached = layer.detached();
            assert_eq!((detached.active(), detached.departed()), (1, 0));
            assert!(!done.await.unwrap().disconnect().is_set(), "it is there");
            assert_eq!(
                (start.elapsed(), detached.drain(ms(1)).await),
                (ms(1000), 0)
            );
            assert!(told.all().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_of_grpc_gets_its_status() {
    for time in ["1010m", "500m"] {
        let layer = FenceLayer::new().respond_by(|_| None);
        let start = Instant::now();
        let answer = call(&layer, grpc(time), |_| async {
            // What is saved once the time is over takes a moment.
            let cut = Fencing::current().run(never()).await;
            assert!(cut.cancelled_by("deadline"));
            sleep(ms(20)).await;
            empty()
        });
        let response = take(answer).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["grpc-status"], "4");
        let given = time.trim_end_matches('m').parse().map(ms).unwrap();
        let after = start.elapsed();
        assert!(after + ms(25) <= given, "{after:?}, and the way back");
    }
}

/// The function of the request, the client and the layer: whichever is the first.
#[tokio::test(start_paused = true)]
async fn the_shortest_time_counts() {
    let layer = FenceLayer::new()
        .max_deadline(ms(800))
        .respond_by(|request| {
            let time = request.uri.query()?.parse().ok()?;
            Some(ms(time))
        });
    for (target, version, time, after) in [
        ("/", Version::HTTP_11, None, ms(800)),
        ("/?300", Version::HTTP_11, None, ms(300)),
        ("/?900", Version::HTTP_2, None, ms(800)),
        ("/?300", Version::HTTP_2, Some("200m"), ms(190)),
    ] {
        let mut request = time.map_or_else(|| of_version(version), grpc);
        *request.uri_mut() = target.parse().unwrap();
        let start = Instant::now();
        let answer = call(&layer, request, |_| async {
            never().await;
            empty()
        });
        take(answer).await;
        assert_eq!(start.elapsed(), after, "{target} {time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_answers_in_that_moment_comes_first() {
    let layer = FenceLayer::new().respond_by(|_| Some(ms(300)));
    let by_itself = call(&layer, get(), |_| async {
        sleep(ms(300)).await;
        Response::new(Full::new(Bytes::from("just in time")))
    });
    assert_eq!(text(take(by_itself).await).await, "just in time");
    let by_its_fence = call(&layer, get(), |_| async {
        let cut = Fencing::current().run(never()).await;
        assert!(cut.cancelled_by("deadline"));
        Response::new(Full::new(Bytes::from("half of it")))
    });
    assert_eq!(text(take(by_its_fence).await).await, "half of it");
    assert_eq!(layer.detached().active(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_time_is_not_handled() {
    for isolated in [false, true] {
        let calls = Arc::new(AtomicU32::new(0));
        let layer = FenceLayer::new().respond_by(|_| None).isolate(isolated);
        let called = calls.clone();
        let answer = call(&layer, grpc("0m"), move |_| async move {
            called.fetch_add(1, Ordering::Relaxed);
            empty()
        });
        assert_eq!(take(answer).await.headers()["grpc-status"], "4");
        assert_eq!(
            (calls.load(Ordering::Relaxed), layer.detached().active()),
            (0, 0)
        );
    }
}

/// A client that sends little by little holds nobody: not one who reads, nor one who does not.
#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_read_for_as_long_as_there_is_time() {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        for (reads, responds) in [(true, true), (false, true), (true, false)] {
            let (send, stream) = body();
            let request = Request::post("/upload")
                .version(version)
                .body(stream)
                .unwrap();
            let dripping = tokio::spawn(async move {
                while send.send(data("x")).is_ok() {
                    sleep(ms(50)).await;
                }
            });
            let (say, failed) = oneshot::channel();
            let layer = FenceLayer::new().max_deadline(ms(400));
            let layer = if responds {
                layer.respond_by(|_| None)
            } else {
                layer
            };
            let start = Instant::now();
            let answer = call(&layer, request, move |mut request| async move {
                if !reads {
                    never().await;
                }
                let error = loop {
                    if let Err(error) = request.body_mut().frame().await.unwrap() {
                        break error;
                    }
                };
                assert!(request.body_mut().frame().await.is_none());
                say.send((error.is_timeout(), error.has_left())).unwrap();
                Response::builder()
                    .status(400)
                    .body(Empty::<Bytes>::new())
                    .unwrap()
            });
            let response = take(answer).await;
            assert_eq!(start.elapsed(), ms(400));
            // The layer's answer comes before that of a handler that cannot read.
            assert_eq!(response.status(), if responds { 504 } else { 400 });
            if reads {
                assert_eq!(failed.await, Ok((true, false)));
                assert_eq!(start.elapsed(), ms(400));
            }
            assert_eq!(layer.detached().departed(), 0);
            dripping.abort();
        }
    }
}

/// The reason tells more than the error.
#[tokio::test(start_paused = true)]
async fn a_fenced_read_is_cut_when_the_time_is_over() {
    let (_send, stream) = body();
    let request = Request::post("/upload").body(stream).unwrap();
    let layer = FenceLayer::new().max_deadline(ms(400));
    let answer = call(&layer, request, |mut request| async move {
        let read = async { request.body_mut().frame().await.map(drop) };
        assert!(Fencing::current().run(read).await.cancelled_by("deadline"));
        let read = async { request.body_mut().frame().await.unwrap().map(drop) };
        let declines = Fencing::current().unless("deadline", || true);
        assert!(declines.run(read).await.unwrap().unwrap_err().is_timeout());
        empty()
    });
    take(answer).await;
}

/// A token each second, each of them fenced; then the code that cut one.
fn tokens() -> impl futures::Stream<Item = Result<Frame<Bytes>, std::io::Error>> + Send {
    #[fenced]
    async fn token() {
        sleep(ms(1000)).await;
    }
    futures::stream::unfold(0, |count| async move {
        if count == 10 {
            return None;
        }
        match token().await.cancelled() {
            None => Some((Ok(Frame::data(Bytes::from("token "))), count + 1)),
            Some(why) => {
                let code = why.primary().code().to_owned();
                Some((Ok(Frame::data(Bytes::from(code))), 10))
            }
        }
    })
}

/// What limits the head is over with it; what the client asked for is not.
#[tokio::test(start_paused = true)]
async fn a_stream_whose_head_went_out_in_time_goes_on() {
    let layer = FenceLayer::new().max_deadline(secs(4));
    for (layer, request, sent) in [
        (layer.clone(), get(), "token ".repeat(10)),
        (layer.clone(), grpc("8S"), "token ".repeat(7) + "deadline"),
        (layer.clone(), grpc("3S"), "token ".repeat(2) + "deadline"),
        (
            layer.deadline_covers_body(true),
            get(),
            "token ".repeat(3) + "deadline",
        ),
    ] {
        let answer = call(&layer, request, |_| async {
            sleep(ms(100)).await;
            assert!(fence::remaining().unwrap() < secs(4));
            Response::new(StreamBody::new(tokens()).boxed_unsync())
        });
        assert_eq!(text(take(answer).await).await, sent);
    }
}

/// The task of a connection that was upgraded is none of the head's.
#[tokio::test(start_paused = true)]
async fn what_lives_on_is_bound_by_what_still_counts() {
    let (send, fence) = oneshot::channel();
    let layer = FenceLayer::new().max_deadline(secs(4));
    let answer = call(&layer, get(), |_| async {
        let fence = RequestFence::current().unwrap();
        assert_eq!(fence.deadline(), fence::deadline());
        send.send(fence).unwrap();
        Response::builder()
            .status(101)
            .body(Empty::<Bytes>::new())
            .unwrap()
    });
    take(answer).await;
    let fence: RequestFence = fence.await.unwrap();
    assert_eq!(fence.deadline(), None);
    let talk = fence.in_context(async { Fencing::current().run(sleep(secs(60))).await });
    assert!(talk.await.is_completed());
}

/// One frame, and then nothing.
fn stalls() -> (Sender, Sent) {
    let (send, stream) = body();
    send.send(data("first")).unwrap();
    (send, stream)
}

/// An answer that comes to a stop, though nothing in it is fenced.
#[tokio::test(start_paused = true)]
async fn a_body_is_ended_where_the_layer_answers_by_itself() {
    let responding = || FenceLayer::new().respond_by(|_| Some(secs(4)));
    for (layer, request, after) in [
        (responding(), grpc("2S"), Some(ms(1900))),
        (responding(), get(), None),
        (
            responding().deadline_covers_body(true),
            get(),
            Some(secs(4)),
        ),
        // Whatever is fenced in it has its say.
        (
            FenceLayer::new()
                .max_deadline(secs(4))
                .deadline_covers_body(true),
            get(),
            None,
        ),
    ] {
        let is_grpc = request.headers().contains_key("grpc-timeout");
        let (_send, stream) = stalls();
        let answer = call(&layer, request, |_| async move {
            let kind = if is_grpc {
                "application/grpc"
            } else {
                "text/plain"
            };
            Response::builder()
                .header("content-type", kind)
                .body(stream)
                .unwrap()
        });
        let (start, mut response) = (Instant::now(), take(answer).await);
        assert!(response.frame().await.unwrap().unwrap().is_data());
        let next = tokio::time::timeout(secs(60), response.frame()).await;
        let Some(after) = after else {
            assert!(next.is_err(), "it goes on");
            continue;
        };
        assert_eq!(start.elapsed(), after);
        match next.unwrap().unwrap() {
            Ok(frame) => assert_eq!(frame.trailers_ref().unwrap()["grpc-status"], "4"),
            Err(error) => assert!(!is_grpc && error.is::<fence::service::BodyTimeout>()),
        }
        assert!(response.frame().await.is_none());
        drop(response);
        assert_eq!(layer.detached().departed(), 0);
    }
}

/// What a client that counts in three digits, rounded up, has really got.
#[tokio::test(start_paused = true)]
async fn the_margin_grows_with_the_time() {
    for (asked, most) in [
        ("10m", ms(8)),
        ("100m", ms(95)),
        ("1010m", ms(980)),
        ("10100m", ms(9_950)),
        ("30100m", ms(29_900)),
        ("3610S", secs(3595)),
    ] {
        let mut answer = call(&FenceLayer::new(), grpc(asked), |_| async move {
            let left = fence::remaining().unwrap();
            let least = most.mul_f32(0.97).min(most.saturating_sub(ms(1)));
            assert!((least..=most).contains(&left), "{asked}: {left:?}");
            never().await;
            empty()
        });
        start(&mut answer).await;
    }
    let mut answer = call(&FenceLayer::new().margin(ms(7)), grpc("3610S"), |_| async {
        assert_eq!(fence::remaining(), Some(ms(3_609_993)));
        never().await;
        empty()
    });
    start(&mut answer).await;
}
