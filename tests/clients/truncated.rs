//! HTTP/2 clients that break off what they send: half of it is not to be taken for all of it,
//! whoever reads it, and whenever.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::post;
use fence::service::FenceLayer;
use futures::StreamExt;
use h2::Reason;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tower::{Layer, ServiceExt, service_fn};

use crate::connection::{self, Connection};
use crate::server::Server;
use crate::table::WATCHDOG;

/// Who reads the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// The handler itself.
    Handler,
    /// A task that the handler waits for.
    AwaitedTask,
    /// A task that goes on while the answer is streamed.
    WhileStreaming,
    /// A task that goes on when everything has been answered.
    AfterTheAnswer,
    /// A handler below a middleware that runs the rest in a task.
    BelowASpawn,
}
use Reads::{AfterTheAnswer, AwaitedTask, BelowASpawn, Handler, WhileStreaming};

const ALL: [Reads; 5] = [
    Handler,
    AwaitedTask,
    WhileStreaming,
    AfterTheAnswer,
    BelowASpawn,
];

/// What an upload comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    Begun,
    Committed,
    Failed,
}

type Say = mpsc::UnboundedSender<Upload>;

async fn read(body: Body, say: Say) {
    let mut chunks = body.into_data_stream();
    let mut has_begun = false;
    while let Some(chunk) = chunks.next().await {
        if chunk.is_err() {
            let _ = say.send(Upload::Failed);
            return;
        }
        if !std::mem::replace(&mut has_begun, true) {
            let _ = say.send(Upload::Begun);
        }
    }
    let _ = say.send(Upload::Committed);
}

async fn handle(reads: Reads, request: Request, say: Say) -> Response {
    let body = request.into_body();
    match reads {
        Handler | BelowASpawn => read(body, say).await,
        AwaitedTask => tokio::spawn(read(body, say)).await.expect("it ends"),
        AfterTheAnswer => drop(tokio::spawn(read(body, say))),
        WhileStreaming => {
            drop(tokio::spawn(read(body, say)));
            let first = futures::stream::iter([Ok::<_, std::convert::Infallible>("first")]);
            return Response::new(Body::from_stream(first.chain(futures::stream::pending())));
        }
    }
    Response::new(Body::from("thanks"))
}

fn app(reads: Reads, layer: FenceLayer, say: &Say) -> Router {
    let say = say.clone();
    let handler = move |request: Request| handle(reads, request, say.clone());
    let app = Router::new().route("/", post(handler)).layer(layer);
    if reads != BelowASpawn {
        return app;
    }
    let spawns = from_fn(|request: Request, next: Next| async {
        tokio::spawn(next.run(request)).await.expect("it ends")
    });
    app.layer(spawns)
}

/// How a client ends what it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Well,
    Resets(Reason),
    /// As HAProxy 2.6 passes on a client that has reset its stream.
    HalvedByProxy,
    Closes,
}
use Ends::{Closes, HalvedByProxy, Resets, Well};

const ENDINGS: [Ends; 5] = [
    Well,
    Resets(Reason::CANCEL),
    Resets(Reason::NO_ERROR),
    HalvedByProxy,
    Closes,
];

/// An empty frame of data that is the last one, and a reset with the code 8, on the first stream.
const END_AND_RESET: [u8; 22] = [
    0, 0, 0, 0, 1, 0, 0, 0, 1, //
    0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8,
];

/// Sends half of a body, of which the length is stated or not, and ends so.
async fn upload(
    server: &Server,
    said: &mut mpsc::UnboundedReceiver<Upload>,
    ends: Ends,
    stated: bool,
) -> Upload {
    let mut connection = Connection::new(server.connect().await).await;
    let mut request = connection::post("/");
    let is_whole = ends == Well;
    if stated {
        let length = if is_whole { "4" } else { "1000" };
        request
            .headers_mut()
            .insert("content-length", length.parse().expect("it is valid"));
    }
    let mut sent = connection.send(request, false).await;
    let body = Bytes::from_static(b"half");
    sent.body.send_data(body, false).expect("it is open");
    assert_eq!(
        timeout(WATCHDOG, said.recv()).await,
        Ok(Some(Upload::Begun))
    );
    match ends {
        Well => sent.body.send_data(Bytes::new(), true).expect("it is open"),
        Resets(reason) => sent.body.send_reset(reason),
        HalvedByProxy => connection.inject(&END_AND_RESET),
        Closes => drop(connection),
    }
    let last = timeout(WATCHDOG, said.recv()).await;
    last.expect("it ends").expect("it ends with a word")
}

/// hyper takes such a reset for an end, and nobody asks for an answer any more who could tell:
/// without a length, and in axum's box, it cannot be told.
fn is_beyond_telling(reads: Reads, ends: Ends, stated: bool) -> bool {
    let nobody_asks = matches!(reads, AfterTheAnswer | BelowASpawn);
    let is_like_an_end = matches!(ends, Resets(Reason::NO_ERROR) | HalvedByProxy);
    nobody_asks && is_like_an_end && !stated
}

#[tokio::test]
async fn half_a_body_is_never_taken_for_all_of_it() {
    for reads in ALL {
        for (ends, stated) in ENDINGS
            .into_iter()
            .flat_map(|ends| [(ends, false), (ends, true)])
        {
            for isolated in [false, true] {
                let (say, mut said) = mpsc::unbounded_channel();
                let layer = FenceLayer::new().isolate(isolated);
                let server = Server::start(app(reads, layer, &say)).await;
                for round in 0..5 {
                    let upload = upload(&server, &mut said, ends, stated).await;
                    let expected = if ends == Well {
                        Upload::Committed
                    } else {
                        Upload::Failed
                    };
                    assert!(
                        upload == expected || is_beyond_telling(reads, ends, stated),
                        "{reads:?}, {ends:?}, stated {stated}, isolated {isolated}, {round}: {upload:?}"
                    );
                }
            }
        }
    }
}

/// Around hyper's own body, a reset is told from an end wherever it is read.
#[tokio::test]
async fn a_layer_around_the_body_of_hyper_tells_each_reset() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (listening, address) = watch::channel(None);
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        listening.send_replace(Some(listener.local_addr().expect("it is bound")));
        while let Ok((stream, _)) = listener.accept().await {
            let say = say.clone();
            let service = FenceLayer::new().layer(service_fn(move |request: http::Request<_>| {
                let body: fence::service::RequestBody<_> = request.into_body();
                tokio::spawn(read(Body::new(body), say.clone()));
                async {
                    Ok::<_, std::convert::Infallible>(http::Response::new(Body::from("thanks")))
                }
            }));
            let service = TowerToHyperService::new(service.boxed_clone());
            let builder = Builder::new(TokioExecutor::new());
            let connection = builder
                .serve_connection(TokioIo::new(stream), service)
                .into_owned();
            tokio::spawn(connection);
        }
    });
    let mut address = address;
    let address = *address.wait_for(Option::is_some).await.expect("it listens");
    let server = Server::at(address.expect("it listens"));
    for ends in [
        Well,
        Resets(Reason::NO_ERROR),
        Resets(Reason::CANCEL),
        Closes,
    ] {
        for _ in 0..20 {
            let upload = upload(&server, &mut said, ends, false).await;
            let expected = if ends == Well {
                Upload::Committed
            } else {
                Upload::Failed
            };
            assert_eq!(upload, expected, "{ends:?}");
        }
    }
}

/// Whole bodies of each framing arrive whole: the end with the last data, after it, in trailers.
#[tokio::test]
async fn whole_bodies_are_not_doubted_for_long() {
    let (say, mut said) = mpsc::unbounded_channel();
    for reads in ALL {
        let server = Server::start(app(reads, FenceLayer::new(), &say)).await;
        let mut connection = Connection::new(server.connect().await).await;
        for framing in 0..30 {
            let mut sent = connection.send(connection::post("/"), false).await;
            let (body, half) = (&mut sent.body, Bytes::from_static(b"half"));
            body.send_data(half.clone(), false).expect("it is open");
            match framing % 3 {
                0 => body.send_data(half, true).expect("it is open"),
                1 => body.send_data(Bytes::new(), true).expect("it is open"),
                _ => body
                    .send_trailers(http::HeaderMap::new())
                    .expect("it is open"),
            }
            for expected in [Upload::Begun, Upload::Committed] {
                let next = timeout(WATCHDOG, said.recv()).await;
                assert_eq!(next, Ok(Some(expected)), "{reads:?} {framing}");
            }
        }
    }
}
