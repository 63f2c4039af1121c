//! Clients that mean no good: what they take is bounded, and everybody else is served meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::routing::{get, post};
use fence::Fencing;
use fence::service::FenceLayer;
use futures::StreamExt;
use h2::Reason;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::connection::{self, Connection};
use crate::raw::{read_until, send};
use crate::server::Server;
use crate::table::WATCHDOG;

/// A page that is there for everybody, whoever else comes.
async fn is_served(server: &Server) {
    let mut stream = server.connect().await;
    send(&mut stream, b"GET /ping HTTP/1.1\r\nhost: a\r\n\r\n").await;
    read_until(&mut stream, "pong").await;
}

fn with_ping(app: Router, layer: FenceLayer) -> Router {
    app.route("/ping", get(|| async { "pong" })).layer(layer)
}

/// More clients than there are threads break off what they send, to readers that pass over errors.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_in_a_loop_stop_nobody() {
    let errors = Arc::new(AtomicUsize::new(0));
    let (ended, mut ends) = mpsc::unbounded_channel();
    let counts = errors.clone();
    let handler = move |request: Request| {
        let (errors, ended) = (counts.clone(), ended.clone());
        async move {
            let mut chunks = request.into_body().into_data_stream();
            let _ = ended.send(Reads::Begun);
            while let Some(chunk) = chunks.next().await {
                let Ok(_) = chunk else {
                    errors.fetch_add(1, Ordering::Relaxed);
                    continue;
                };
            }
            let _ = ended.send(Reads::Ended);
        }
    };
    let app = Router::new().route("/", post(handler));
    let server = Server::start(with_ping(app, FenceLayer::new())).await;
    let mut count = 0;
    for client in 0..16 {
        if client % 2 == 0 {
            let mut stream = server.connect().await;
            let half = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nhalf";
            send(&mut stream, half).await;
            // One that is gone before it has begun does not begin.
            begun(&mut ends, &mut count).await;
        } else {
            let mut connection = Connection::new(server.connect().await).await;
            let mut sent = connection.send(connection::post("/"), false).await;
            sent.body
                .send_data(Bytes::from_static(b"half"), false)
                .expect("it is open");
            begun(&mut ends, &mut count).await;
        }
    }
    while count < 16 {
        let end = timeout(WATCHDOG, ends.recv()).await;
        let end = end.expect("each loop ends").expect("the handler says so");
        count += usize::from(end == Reads::Ended);
    }
    assert!(errors.load(Ordering::Relaxed) <= 16, "{errors:?}");
    is_served(&server).await;
}

#[derive(Debug, PartialEq, Eq)]
enum Reads {
    Begun,
    Ended,
}

/// Waits for the next to begin; counts those that end meanwhile.
async fn begun(reads: &mut mpsc::UnboundedReceiver<Reads>, ended: &mut usize) {
    loop {
        let next = timeout(WATCHDOG, reads.recv()).await;
        match next.expect("it begins").expect("the handler says so") {
            Reads::Begun => return,
            Reads::Ended => *ended += 1,
        }
    }
}

/// Ten thousand streams, each reset at once: no more run than may, and the last clients' rest runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_at_once_leave_no_more_than_may_run() {
    const STREAMS: usize = 10_000;
    const CAP: usize = 32;
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (counts, peak) = (running.clone(), most.clone());
    let slow = move || {
        let (running, most) = (counts.clone(), peak.clone());
        async move {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            let runs = Runs(running);
            tokio::time::sleep(Duration::from_secs(25)).await;
            drop(runs);
        }
    };
    let layer = FenceLayer::new().max_detached(CAP);
    let detached = layer.detached();
    let server = Server::start(with_ping(Router::new().route("/", get(slow)), layer)).await;
    let mut connection = Connection::new(server.connect().await).await;
    for opened in 0..STREAMS {
        // The server ends connections that do too much of it.
        if connection.is_closed().await {
            connection = Connection::new(server.connect().await).await;
        }
        connection.open_and_reset("/", Reason::CANCEL).await;
        if opened % 1000 == 0 {
            is_served(&server).await;
        }
    }
    is_served(&server).await;
    assert!(detached.active() <= CAP, "{detached:?}");
    // Those that a thread has taken out are dropped when it has polled them.
    let most = most.load(Ordering::SeqCst);
    assert!(most <= CAP + 200, "{most}");
    let start = Instant::now();
    while running.load(Ordering::SeqCst) > CAP {
        assert!(start.elapsed() < WATCHDOG, "{running:?}");
        tokio::task::yield_now().await;
    }
}

struct Runs(Arc<AtomicUsize>);

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A body that drips holds its handler for as long as the layer says, whether it is fenced or not.
#[tokio::test]
async fn a_body_that_drips_holds_nobody() {
    for fenced in [false, true] {
        let handler = move |request: Request| async move {
            let read = axum::body::to_bytes(request.into_body(), usize::MAX);
            if fenced {
                let outcome = Fencing::current().run(read).await;
                return format!("cut: {}", outcome.cancelled_by("deadline"));
            }
            format!("failed: {}", read.await.is_err())
        };
        let app = Router::new().route("/", post(handler));
        let layer = FenceLayer::new().max_deadline(Duration::from_millis(200));
        let server = Server::start(with_ping(app, layer)).await;
        let mut stream = server.connect().await;
        send(
            &mut stream,
            b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\n",
        )
        .await;
        let (mut read, mut write) = stream.split();
        let drips = async {
            while tokio::io::AsyncWriteExt::write_all(&mut write, b"x")
                .await
                .is_ok()
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mut answer = vec![0; 1000];
        let answered = tokio::io::AsyncReadExt::read(&mut read, &mut answer);
        let answered = async {
            tokio::select! {
                answered = answered => answered.expect("it is answered"),
                () = drips => unreachable!("it is answered first"),
            }
        };
        let length = timeout(WATCHDOG, answered).await.expect("in time");
        let text = String::from_utf8_lossy(&answer[..length]);
        assert!(
            text.contains(if fenced { "cut: true" } else { "failed: true" }),
            "{text}"
        );
    }
}

/// Chunks of one byte that nobody reads: what is held of them does not grow with what is sent.
#[tokio::test]
async fn tiny_chunks_are_not_held_for_a_hundred_times_their_size() {
    const AHEAD: usize = 16 * 1024;
    let (say, mut ready) = mpsc::unbounded_channel();
    let handler = move |request: Request| {
        let say = say.clone();
        async move {
            say.send(()).expect("the test waits");
            std::future::pending::<()>().await;
            drop(request);
        }
    };
    let app = Router::new().route("/", post(handler));
    let layer = FenceLayer::new().read_ahead(AHEAD);
    let server = Server::start(with_ping(app, layer)).await;
    let mut stream = server.connect().await;
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    send(&mut stream, head).await;
    timeout(WATCHDOG, ready.recv()).await.expect("it is called");
    // The server stops reading, so that the client cannot go on sending.
    let flood = async {
        let chunks = b"1\r\nx\r\n".repeat(1000);
        let mut sent = 0_usize;
        loop {
            let write = tokio::io::AsyncWriteExt::write_all(&mut stream, &chunks);
            if timeout(Duration::from_millis(500), write).await.is_err() {
                return sent;
            }
            sent += chunks.len();
            assert!(sent < 64 << 20, "it reads all of it");
        }
    };
    flood.await;
    is_served(&server).await;
}
