//! Servers that stop while handlers run on without their clients.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::routing::get;
use fence::service::{BodyDrop, Detached, Fate, FenceLayer, Phase};
use fence::{Event as Source, Fencing};
use futures::stream::unfold;
use h2::Reason;

use crate::connection::{self, Connection};
use crate::handler::{Does, Event, Events, Report, next, ready};
use crate::raw::{Leaves, Raw, Sends, read_until, send};
use crate::server::{Server, Stop, app};
use crate::table::{Client, QUIET, WATCHDOG};

/// A server, and a handler with something to do whose client is about to leave.
async fn saving() -> (Server, Stop, Detached, Report, Events) {
    let (report, events) = Report::new();
    let layer = FenceLayer::new();
    let detached = layer.detached();
    let app = app(Does::Saves, &report, Some(layer));
    let (server, stop) = Server::stopping(app).await;
    (server, stop, detached, report, events)
}

/// The server ends, and leaves it to us to wait.
async fn stop_and_drain(stop: Stop, detached: Detached, report: Report, mut events: Events) {
    assert_eq!(next(&mut events).await, Event::cut());
    stop.stop().await;
    assert_eq!(detached.drain(QUIET).await, 1, "it runs on");
    assert!(events.is_empty(), "it has not ended");
    report.release();
    assert_eq!(detached.drain(WATCHDOG).await, 0);
    assert_eq!(next(&mut events).await, Event::Finished);
}

#[tokio::test]
async fn a_server_of_http1_stops_and_the_handlers_are_drained() {
    let (server, stop, detached, report, mut events) = saving().await;
    let client = Raw(Sends::Get, Leaves::Fin);
    client.leave(&server, &mut events).await;
    stop_and_drain(stop, detached, report, events).await;
}

#[tokio::test]
async fn a_server_of_http2_stops_and_the_handlers_are_drained() {
    let (server, stop, detached, report, mut events) = saving().await;
    let mut connection = Connection::new(server.connect().await).await;
    let mut sent = connection.send(connection::get("/"), true).await;
    ready(&mut events).await;
    sent.body.send_reset(Reason::CANCEL);
    stop_and_drain(stop, detached, report, events).await;
}

/// A stream that goes on until its fence is cut, and then says by what.
fn fenced(report: &Report, layer: FenceLayer) -> Router {
    let report = report.clone();
    let handler = move || {
        let state = (report.clone(), report.ending(), 0);
        let chunks = unfold(state, |(report, mut ending, chunk)| async move {
            if chunk == 0 {
                let first = Bytes::from_static(b"first");
                return Some((Ok::<_, Infallible>(first), (report, ending, 1)));
            }
            report.say(Event::Ready);
            let never = std::future::pending::<()>();
            let fence = Fencing::current().on_named("shutdown");
            let why = fence.run(never).await.cancelled()?;
            let codes = why.reasons().iter().map(|why| why.code().to_owned());
            report.say(Event::Cut(codes.collect()));
            ending.finish();
            None
        });
        async { Response::new(Body::from_stream(chunks)) }
    };
    Router::new().route("/", get(handler)).layer(layer)
}

#[tokio::test]
async fn a_stream_that_is_fenced_lets_the_server_stop() {
    let (report, mut events) = Report::new();
    let source = Source::new();
    let layer = report.told_by(FenceLayer::new().shutdown(&source));
    let (server, stop) = Server::stopping(fenced(&report, layer)).await;
    let mut stream = server.connect().await;
    send(&mut stream, &Sends::Get.bytes()).await;
    ready(&mut events).await;
    source.set();
    stop.stop().await;
    read_until(&mut stream, "5\r\nfirst\r\n0\r\n\r\n").await;
    assert_eq!(
        next(&mut events).await,
        Event::Cut(vec!["shutdown".to_owned()])
    );
    assert_eq!(next(&mut events).await, Event::Finished);
    assert!(events.is_empty(), "its client has not left");
}

/// So that it can save what it has done.
#[tokio::test]
async fn a_stream_that_is_drained_ends_by_itself() {
    for reset in [false, true] {
        let (report, mut events) = Report::new();
        let layer = report.told_by(FenceLayer::new().on_body_drop(BodyDrop::Drain));
        let server = Server::start(fenced(&report, layer)).await;
        if reset {
            let mut connection = Connection::new(server.connect().await).await;
            let mut sent = connection.send(connection::get("/"), true).await;
            ready(&mut events).await;
            sent.body.send_reset(Reason::CANCEL);
            assert_eq!(next(&mut events).await, Event::cut());
        } else {
            let client = Raw(Sends::Get, Leaves::Fin);
            client.leave(&server, &mut events).await;
            assert_eq!(next(&mut events).await, Event::cut());
        }
        assert_eq!(next(&mut events).await, Event::Finished);
        let told = Event::Told(Phase::Body, Fate::Finished);
        assert_eq!(next(&mut events).await, told);
    }
}
