//! A client that opens streams and resets them, again and again: what it leaves running is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use fence::service::FenceLayer;
use h2::Reason;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::connection::{self, Connection};
use crate::server::Server;
use crate::table::WATCHDOG;

/// How many streams it keeps open, and how many it resets.
const OPEN: usize = 20;
const RESET: usize = 200;

/// Counts handlers that run.
#[derive(Clone)]
struct Running {
    now: Arc<AtomicUsize>,
    started: mpsc::UnboundedSender<()>,
}

struct Runs(Arc<AtomicUsize>);

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn runs(running: Running) {
    running.now.fetch_add(1, Ordering::Relaxed);
    let runs = Runs(running.now);
    running.started.send(()).expect("the test counts");
    std::future::pending::<()>().await;
    drop(runs);
}

fn app(running: Running, layer: Option<FenceLayer>) -> Router {
    let app = Router::new().route("/", get(move || runs(running.clone())));
    match layer {
        Some(layer) => app.layer(layer),
        None => app,
    }
}

/// The most that ran at once, after every stream that was opened.
async fn most(layer: Option<FenceLayer>) -> usize {
    let (started, mut starts) = mpsc::unbounded_channel();
    let now = Arc::default();
    let running = Running { now, started };
    let server = Server::start(app(running.clone(), layer)).await;
    let mut connection = Connection::new(server.connect().await).await;
    let (mut open, mut most) = (Vec::new(), 0);
    for opened in 1..=OPEN + RESET {
        let mut sent = connection.send(connection::get("/"), true).await;
        let start = timeout(WATCHDOG, starts.recv()).await;
        start.expect("it starts").expect("it starts");
        most = most.max(running.now.load(Ordering::Relaxed));
        if opened <= OPEN {
            open.push(sent);
        } else {
            sent.body.send_reset(Reason::CANCEL);
        }
    }
    most
}

#[tokio::test]
async fn no_more_run_than_are_open_and_than_the_cap_allows() {
    // The last one that was reset may not have been dropped yet.
    let open = OPEN + 2;
    assert!(most(None).await <= open);

    let layer = FenceLayer::new().max_detached(10);
    let detached = layer.detached();
    let most_capped = most(Some(layer)).await;
    assert!(
        (OPEN + 10..=open + 10).contains(&most_capped),
        "{most_capped}"
    );
    // All but the last one for sure.
    assert!(detached.shed() + 11 >= RESET as u64, "{detached:?}");
    assert!(detached.active() <= 10, "{detached:?}");

    let most_uncapped = most(Some(FenceLayer::new())).await;
    assert!(
        most_uncapped >= RESET,
        "{most_uncapped}: what the cap is for"
    );
}
