//! Clients that stay: they are answered as without the layer, and nobody is said to have left.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::IntoResponse;
use axum::routing::{any, get};
use fence::service::FenceLayer;
use futures::stream::iter;

use crate::connection::{self, Connection};
use crate::handler::{Does, Event, Report, next, ready};
use crate::raw::{Leaves, Raw, Sends, read_to_end, read_until, send};
use crate::server::{Server, Serves, app};
use crate::table::Client;

/// What clients ask for, and what they get.
const ANSWERS: [(&str, &str, &str); 6] = [
    ("GET", "/at_once", "at once"),
    ("POST", "/echo", "what was sent"),
    ("POST", "/ignores", "at once"),
    ("GET", "/sized", "onetwo"),
    ("GET", "/streamed", "onetwo"),
    ("GET", "/empty", ""),
];

const SENT: &str = "what was sent";

fn router(layer: Option<FenceLayer>) -> Router {
    let chunks = || Body::from_stream(iter(["one", "two"].map(Ok::<_, std::io::Error>)));
    let sized = move || async move { ([(CONTENT_LENGTH, "6")], chunks()).into_response() };
    let app = Router::new()
        .route("/echo", any(|body: Bytes| async { body }))
        .route("/ignores", any(|| async { "at once" }))
        .route("/at_once", get(|| async { "at once" }))
        .route("/sized", get(sized))
        .route("/streamed", get(move || async move { chunks() }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }));
    match layer {
        Some(layer) => app.layer(layer),
        None => app,
    }
}

/// With the layer, and without it: `client` gets the same, and has not left.
async fn stays(client: impl AsyncFn(&Server)) {
    client(&Server::start(router(None)).await).await;
    for isolated in [false, true] {
        let layer = FenceLayer::new()
            .isolate(isolated)
            .on_disconnect(|left| panic!("{left:?}"));
        let detached = layer.detached();
        client(&Server::start(router(Some(layer))).await).await;
        assert_eq!((detached.departed(), detached.active()), (0, 0));
    }
}

fn text(method: &str, path: &str) -> String {
    let length = if method == "POST" { SENT.len() } else { 0 };
    let body = if method == "POST" { SENT } else { "" };
    format!("{method} {path} HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// How an answer ends in HTTP/1.1.
fn end(path: &str, body: &str) -> String {
    match path {
        "/streamed" => "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n".to_owned(),
        _ => format!("\r\n\r\n{body}"),
    }
}

#[tokio::test]
async fn one_request_after_the_other_on_a_connection() {
    stays(async |server| {
        let mut stream = server.connect().await;
        for (method, path, body) in ANSWERS {
            send(&mut stream, text(method, path).as_bytes()).await;
            read_until(&mut stream, &end(path, body)).await;
            send(&mut stream, text("HEAD", path).as_bytes()).await;
            read_until(&mut stream, "\r\n\r\n").await;
        }
    })
    .await;
}

#[tokio::test]
async fn all_requests_at_once_on_a_connection() {
    stays(async |server| {
        let mut stream = server.connect().await;
        let all = ANSWERS.map(|(method, path, _)| text(method, path));
        let last = "GET /at_once HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        send(&mut stream, (all.concat() + last).as_bytes()).await;
        let seen = read_to_end(&mut stream).await;
        let mut rest = &seen[..];
        for (_, path, body) in ANSWERS {
            let end = end(path, body);
            let (_, after) = rest.split_once(&end).expect("it is answered in its turn");
            rest = after;
        }
        assert!(rest.ends_with("at once"));
    })
    .await;
}

#[tokio::test]
async fn a_long_body_and_one_that_is_asked_for() {
    stays(async |server| {
        let mut stream = server.connect().await;
        let long = "x".repeat(1_000_000);
        let head = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n";
        send(&mut stream, (head.to_owned() + &long).as_bytes()).await;
        let answer = read_until(&mut stream, &long[..100_000]).await;
        assert!(!answer.contains("100 Continue"));
        let asked = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\
                     expect: 100-continue\r\nconnection: close\r\n\r\n";
        send(&mut stream, asked.as_bytes()).await;
        read_until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
        send(&mut stream, b"yes").await;
        assert!(read_to_end(&mut stream).await.ends_with("\r\n\r\nyes"));
    })
    .await;
}

#[tokio::test]
async fn many_streams_on_a_connection() {
    stays(async |server| {
        let mut connection = Connection::new(server.connect().await).await;
        for _ in 0..3 {
            for (method, path, body) in ANSWERS {
                let is_post = method == "POST";
                let request = if is_post {
                    connection::post(path)
                } else {
                    connection::get(path)
                };
                let mut sent = connection.send(request, !is_post).await;
                if is_post {
                    sent.body.send_data(SENT.into(), true).expect("it is open");
                }
                let (_, answer) = sent.read().await.expect("it is answered");
                assert_eq!(answer, body, "{path}");
            }
        }
    })
    .await;
}

/// One stream of a connection is reset; the others stay.
#[tokio::test]
async fn a_stream_that_is_reset_takes_no_other_along() {
    let (report, mut events) = Report::new();
    let app = app(Does::Waits, &report, Some(FenceLayer::new()));
    let server = Server::start(app).await;
    let mut connection = Connection::new(server.connect().await).await;
    let stays = connection.send(connection::get("/"), true).await;
    ready(&mut events).await;
    let mut leaves = connection.send(connection::get("/"), true).await;
    ready(&mut events).await;
    leaves.body.send_reset(h2::Reason::CANCEL);
    assert_eq!(next(&mut events).await, Event::cut());

    let next = connection.send(connection::get("/next"), true).await;
    assert_eq!(next.read().await.expect("it is answered").1, "at once");
    report.release();
    assert_eq!(stays.read().await.expect("it is answered").1, "answer");
}

/// What a client reads that has closed its side.
#[tokio::test]
async fn a_half_closed_client_is_answered_where_that_is_allowed() {
    for (serves, is_answered) in [(Serves::Plainly, false), (Serves::HalfClosed, true)] {
        for layer in [None, Some(FenceLayer::new())] {
            let (report, mut events) = Report::new();
            let server = serves.start(app(Does::Waits, &report, layer)).await;
            let client = Raw(Sends::Get, Leaves::HalfClose);
            let stream = client.leave(&server, &mut events).await;
            report.release();
            let answer = read_to_end(&mut stream.expect("it is open")).await;
            assert_eq!(answer.ends_with("answer"), is_answered, "{answer}");
        }
    }
}
