//! Handlers that panic: once, and no client is said to have left for it.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, Once};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fence::Fencing;
use fence::service::{Fate, FenceLayer, Phase};
use futures::FutureExt;
use tokio::time::timeout;

use crate::connection::{self, Connection};
use crate::handler::{Event, Events, Report, next, ready};
use crate::raw::{read_to_end, read_until, send};
use crate::server::Server;
use crate::table::QUIET;

/// Every panic of a handler, and of a future that is polled after it has panicked.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn record_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let text = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned());
            let text = text
                .or_else(|| payload.downcast_ref().cloned())
                .unwrap_or_default();
            if text.starts_with("handler of") || text.contains("resumed after") {
                PANICS.lock().expect("nobody panics here").push(text);
            } else {
                others(info);
            }
        }));
    });
}

fn panics_of(case: Case) -> Vec<String> {
    let all = PANICS.lock().expect("nobody panics here");
    let is_own = |text: &&String| text.contains("resumed after") || **text == case.text();
    all.iter().filter(is_own).cloned().collect()
}

/// Who catches panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Catches {
    Nobody,
    Outside,
    Inside,
}

#[derive(Clone, Copy, Debug)]
struct Case {
    test: &'static str,
    catches: Catches,
    is_isolated: bool,
}

fn cases(test: &'static str) -> Vec<Case> {
    use Catches::{Inside, Nobody, Outside};
    let case = |catches| {
        [false, true].map(|is_isolated| Case {
            test,
            catches,
            is_isolated,
        })
    };
    [Nobody, Outside, Inside]
        .into_iter()
        .flat_map(case)
        .collect()
}

impl Case {
    fn text(self) -> String {
        format!("handler of {}: {self:?}", self.test)
    }

    /// A server whose handler of `/` panics when it is released.
    async fn start(self) -> (Server, FenceLayer, Report, Events) {
        record_panics();
        let (report, events) = Report::new();
        let layer = report.told_by(FenceLayer::new().isolate(self.is_isolated));
        let seen = report.clone();
        let app = Router::new()
            .route("/", get(move || panics(self.text(), seen.clone())))
            .fallback(|| async { "at once" });
        let app = match self.catches {
            Catches::Nobody => app.layer(layer.clone()),
            Catches::Outside => app.layer(layer.clone()).layer(from_fn(catch)),
            Catches::Inside => app.layer(from_fn(catch)).layer(layer.clone()),
        };
        (Server::start(app).await, layer, report, events)
    }
}

async fn panics(text: String, report: Report) {
    let wait = async {
        report.say(Event::Ready);
        report.released().await;
    };
    if Fencing::current().run(wait).await.is_cancelled() {
        report.say(Event::cut());
        report.released().await;
    }
    panic!("{text}");
}

async fn catch(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answer.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Nothing is told, and it panicked once.
async fn assert_nothing_told(case: Case, layer: &FenceLayer, events: &mut Events) {
    let told = timeout(QUIET, events.recv()).await;
    assert!(told.is_err(), "{case:?}: {told:?}");
    let detached = layer.detached();
    assert_eq!((detached.departed(), detached.active()), (0, 0), "{case:?}");
    assert_eq!(panics_of(case), [case.text()]);
}

#[tokio::test]
async fn over_http1_the_connection_ends_unless_somebody_catches() {
    let all = cases("http1").into_iter().map(async |case| {
        let (server, layer, report, mut events) = case.start().await;
        let mut stream = server.connect().await;
        send(&mut stream, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        ready(&mut events).await;
        report.release();
        if case.catches == Catches::Nobody {
            assert_eq!(read_to_end(&mut stream).await, "", "{case:?}");
        } else {
            let answer = read_until(&mut stream, "\r\n\r\n").await;
            assert!(answer.contains(" 500 "), "{case:?}: {answer}");
            send(&mut stream, b"GET /next HTTP/1.1\r\nhost: a\r\n\r\n").await;
            read_until(&mut stream, "at once").await;
        }
        assert_nothing_told(case, &layer, &mut events).await;
    });
    futures::future::join_all(all).await;
}

#[tokio::test]
async fn over_http2_the_stream_ends_and_the_connection_goes_on() {
    let all = cases("http2").into_iter().map(async |case| {
        let (server, layer, report, mut events) = case.start().await;
        let mut connection = Connection::new(server.connect().await).await;
        let sent = connection.send(connection::get("/"), true).await;
        ready(&mut events).await;
        report.release();
        let answer = sent.read().await.ok().map(|(status, _)| status.as_u16());
        let is_caught = case.catches != Catches::Nobody;
        assert_eq!(answer, is_caught.then_some(500), "{case:?}");
        let next = connection.send(connection::get("/next"), true).await;
        assert_eq!(next.read().await.expect("it is answered").1, "at once");
        assert_nothing_told(case, &layer, &mut events).await;
    });
    futures::future::join_all(all).await;
}

#[tokio::test]
async fn one_whose_client_has_left_is_told_of_with_its_fate() {
    let all = cases("left").into_iter().map(async |case| {
        let (server, layer, report, mut events) = case.start().await;
        let mut stream = server.connect().await;
        send(&mut stream, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        ready(&mut events).await;
        drop(stream);
        assert_eq!(next(&mut events).await, Event::cut(), "{case:?}");
        report.release();
        let is_caught = case.catches == Catches::Inside;
        let fate = if is_caught {
            Fate::Finished
        } else {
            Fate::Panicked
        };
        let told = Event::Told(Phase::Handler, fate);
        assert_eq!(next(&mut events).await, told, "{case:?}");
        let detached = layer.detached();
        let counts = (detached.departed(), detached.panicked(), detached.active());
        assert_eq!(counts, (1, u64::from(!is_caught), 0), "{case:?}");
        assert_eq!(panics_of(case), [case.text()]);
    });
    futures::future::join_all(all).await;
}
