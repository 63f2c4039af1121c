//! A layer around an application, and another one around a route: one request, in whatever task it
//! comes; and a request that a handler sends, which is another one.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use fence::service::{BodyDrop, Fate, FenceLayer, RequestFence, ResponseBody};
use fence::{Cancelled, Fencing};
use http::{Request, Response};
use support::{ms, never};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};
use tower::buffer::BufferLayer;
use tower::util::BoxCloneService;
use tower::{Layer, ServiceBuilder, ServiceExt};

use crate::service::client::Told;

/// What stands between the two layers.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    /// The request is handled by a task that all requests share.
    Buffer,
    /// Each in a task of its own.
    Spawn,
}

const ALL: [Between; 3] = [Between::Nothing, Between::Buffer, Between::Spawn];

type App = BoxCloneService<Request<Body>, Response<Body>, Infallible>;

fn app<F>(outer: &FenceLayer, between: Between, inner: FenceLayer, handler: F) -> App
where
    F: AsyncHandler,
{
    let route = any(move || handler.clone().handle());
    let inner = Router::new().route("/", route).layer(inner);
    let between = match between {
        Between::Nothing => inner,
        Between::Spawn => inner.layer(from_fn(|request: Request<Body>, next: Next| async {
            tokio::spawn(next.run(request)).await.unwrap()
        })),
        Between::Buffer => {
            let buffered = ServiceBuilder::new()
                .map_err(|error: tower::BoxError| -> Infallible { panic!("{error}") })
                .layer(BufferLayer::new(8))
                .service(inner);
            Router::new().fallback_service(buffered)
        }
    };
    let service = outer.layer(between);
    let service = ServiceExt::<Request<Body>>::map_response(
        service,
        |response: Response<ResponseBody<Body>>| response.map(Body::new),
    );
    BoxCloneService::new(service)
}

/// A handler that can be called again.
trait AsyncHandler: Clone + Send + Sync + 'static {
    fn handle(self) -> impl Future<Output = Response<Body>> + Send;
}

impl<F, T> AsyncHandler for F
where
    F: Fn() -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Response<Body>> + Send,
{
    fn handle(self) -> impl Future<Output = Response<Body>> + Send {
        self()
    }
}

fn request() -> Request<Body> {
    Request::get("/").body(Body::empty()).unwrap()
}

/// Sends what cut it, and its request.
fn cut(send: &mpsc::UnboundedSender<(Cancelled, RequestFence)>) -> impl AsyncHandler {
    let send = send.clone();
    move || {
        let send = send.clone();
        async move {
            let why = Fencing::current().run(never()).await.cancelled().unwrap();
            let fence = RequestFence::current().unwrap();
            let _ = send.send((why, fence));
            Response::new(Body::empty())
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_tighter_limit_counts() {
    for between in ALL {
        for (outer, inner) in [(1000, 300), (300, 1000)] {
            let (send, mut seen) = mpsc::unbounded_channel();
            let outer = FenceLayer::new().max_deadline(ms(outer));
            let inner = FenceLayer::new().max_deadline(ms(inner));
            let start = Instant::now();
            let app = app(&outer, between, inner, cut(&send));
            assert_eq!(app.oneshot(request()).await.unwrap().status(), 200);
            let (why, fence) = seen.recv().await.unwrap();
            assert_eq!(start.elapsed(), ms(300), "{between:?}");
            assert_eq!((why.reasons().len(), why.by("deadline")), (1, true));
            assert!(!fence.disconnect().is_set());
        }
    }
}

/// Under a second for all, 300 ms for a route whose handler obeys nobody.
#[tokio::test(start_paused = true)]
async fn a_route_answers_in_its_own_time() {
    for between in ALL {
        let outer = FenceLayer::new().respond_by(|_| Some(ms(1000)));
        let inner = FenceLayer::new().respond_by(|_| Some(ms(300)));
        for (inner, after) in [(inner, 300), (FenceLayer::new(), 1000)] {
            let start = Instant::now();
            let slow = || async {
                sleep(ms(5000)).await;
                Response::new(Body::empty())
            };
            let app = app(&outer, between, inner.clone(), slow);
            assert_eq!(app.oneshot(request()).await.unwrap().status(), 504);
            assert_eq!(start.elapsed(), ms(after), "{between:?}");
            let (outside, inside) = (outer.detached(), inner.detached());
            assert_eq!(
                outside.active() + inside.active(),
                if after == 300 { 1 } else { 2 }
            );
            outside.drain(ms(10_000)).await;
            inside.drain(ms(10_000)).await;
            assert_eq!(start.elapsed(), ms(5000));
        }
    }
}

/// One client, one event, one reason; told once, by the outermost that tells.
#[tokio::test(start_paused = true)]
async fn a_client_leaves_once() {
    for between in ALL {
        for (tells_outside, tells_inside) in [(true, true), (true, false), (false, true)] {
            let (outside, inside) = (Told::default(), Told::default());
            let layer = |tells, told: &Told| {
                if tells {
                    told.layer()
                } else {
                    FenceLayer::new()
                }
            };
            let (outer, inner) = (layer(tells_outside, &outside), layer(tells_inside, &inside));
            let (send, mut seen) = mpsc::unbounded_channel();
            let app = app(&outer, between, inner, cut(&send));
            let answering = tokio::spawn(app.oneshot(request()));
            sleep(ms(10)).await;
            answering.abort();
            let (why, fence) = seen.recv().await.unwrap();
            assert_eq!(
                (why.reasons().len(), why.by("disconnect")),
                (1, true),
                "{between:?}"
            );
            assert!(fence.disconnect().is_set());
            sleep(ms(10)).await;
            assert_eq!(outer.detached().departed(), 1);
            let told = if tells_outside { &outside } else { &inside };
            assert_eq!(told.one().fate, Fate::Finished);
            assert_eq!(outside.all().len() + inside.all().len(), 1);
        }
    }
}

/// Its grace and its cap are those of the route, and it counts in both.
#[tokio::test(start_paused = true)]
async fn what_runs_on_obeys_the_layer_of_the_route() {
    for isolated in [false, true] {
        let alive = Arc::new(AtomicUsize::new(0));
        let outer = FenceLayer::new();
        let inner = FenceLayer::new()
            .isolate(isolated)
            .max_detached(2)
            .detach_grace(ms(500));
        let counts = alive.clone();
        let handler = move || {
            let alive = counts.clone();
            alive.fetch_add(1, Ordering::SeqCst);
            async move {
                let _alive = fence_on_drop(move || {
                    alive.fetch_sub(1, Ordering::SeqCst);
                });
                never().await;
                Response::new(Body::empty())
            }
        };
        let app = app(&outer, Between::Nothing, inner.clone(), handler);
        for _ in 0..5 {
            let answering = tokio::spawn(app.clone().oneshot(request()));
            sleep(ms(10)).await;
            answering.abort();
            sleep(ms(10)).await;
        }
        let (outside, inside) = (outer.detached(), inner.detached());
        assert_eq!(
            (outside.active(), inside.active(), inside.shed()),
            (2, 2, 3)
        );
        assert_eq!(alive.load(Ordering::SeqCst), 2);
        let start = Instant::now();
        assert_eq!(outside.drain(ms(10_000)).await, 0);
        assert!(start.elapsed() <= ms(500), "isolated: {isolated}");
        assert_eq!((inside.active(), alive.load(Ordering::SeqCst)), (0, 0));
    }
}

/// Calls it when it is dropped.
fn fence_on_drop(f: impl FnOnce() + Send) -> impl Drop + Send {
    struct OnDrop<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(|f| f());
        }
    }
    OnDrop(Some(f))
}

/// A stream whose client leaves is read to its end where the layer of its route says so.
#[tokio::test(start_paused = true)]
async fn a_body_is_treated_as_the_layer_of_the_route_says() {
    for (outer, inner, is_drained) in [
        (BodyDrop::Drop, BodyDrop::Drain, true),
        (BodyDrop::Drain, BodyDrop::Drop, false),
    ] {
        let (told, (send, mut saved)) = (Told::default(), mpsc::unbounded_channel());
        let outer = told.layer().on_body_drop(outer);
        let inner = FenceLayer::new().on_body_drop(inner);
        let handler = move || {
            let send = send.clone();
            let chunks = futures::stream::unfold((0, send), |(count, send)| async move {
                sleep(ms(10)).await;
                let _ = send.send(count);
                (count < 5).then_some((Ok::<_, Infallible>("chunk"), (count + 1, send)))
            });
            async { Response::new(Body::from_stream(chunks)) }
        };
        let app = app(&outer, Between::Nothing, inner, handler);
        let mut response = app.oneshot(request()).await.unwrap();
        http_body_util::BodyExt::frame(response.body_mut())
            .await
            .unwrap()
            .unwrap();
        drop(response);
        sleep(ms(1000)).await;
        let mut last = None;
        while let Ok(count) = saved.try_recv() {
            last = Some(count);
        }
        assert_eq!(last, Some(if is_drained { 5 } else { 0 }));
        let fate = if is_drained {
            Fate::Finished
        } else {
            Fate::Dropped
        };
        assert_eq!(told.one().fate, fate);
    }
}

/// It has its own client, who is the handler, and is left with the handler's as well.
#[tokio::test(start_paused = true)]
async fn a_request_of_a_handler_is_one_of_its_own() {
    let told = Told::default();
    let (send, mut seen) = mpsc::unbounded_channel();
    let (answers, answered) = oneshot::channel();
    let answers = Arc::new(std::sync::Mutex::new(Some(answers)));
    let store = Router::new().route(
        "/",
        any({
            let handler = cut(&send);
            move || handler.clone().handle()
        }),
    );
    let store = store.layer(told.layer());
    let front = move || {
        let (store, answers) = (store.clone(), answers.clone());
        async move {
            let own = RequestFence::current().unwrap();
            let call = tokio::time::timeout(ms(50), store.oneshot(request()));
            assert!(call.await.is_err());
            let answers = answers.lock().unwrap().take().unwrap();
            answers.send(own.disconnect().is_set()).unwrap();
            Response::new(Body::empty())
        }
    };
    let outer = FenceLayer::new().max_deadline(Duration::from_secs(1));
    let app = app(&outer, Between::Nothing, FenceLayer::new(), front);
    assert_eq!(app.oneshot(request()).await.unwrap().status(), 200);
    assert!(!answered.await.unwrap(), "the client of the front is there");
    let (why, fence) = seen.recv().await.unwrap();
    assert!(why.by("disconnect") && fence.disconnect().is_set());
    assert!(fence.deadline().is_none(), "it has said nothing of a time");
    assert_eq!(
        (told.one().fate, outer.detached().departed()),
        (Fate::Finished, 0)
    );
}
