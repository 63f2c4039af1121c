//! Servers to leave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use fence::service::FenceLayer;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use crate::handler::{Does, Report, answer};
use crate::table::WATCHDOG;

/// How a server serves.
#[derive(Clone, Copy)]
pub enum Serves {
    /// As axum does.
    Plainly,
    /// Also connections whose client has closed its side.
    HalfClosed,
    /// It asks clients that are silent whether they are there: HTTP/2 only.
    WithPings,
    /// Until it drops its connections.
    Briefly,
}

/// How often it asks.
const PING: Duration = Duration::from_millis(100);

impl Serves {
    pub async fn start(self, app: Router) -> Server {
        let set = |builder: &mut Builder<_>| match self {
            Self::Plainly | Self::Briefly => {}
            Self::HalfClosed => drop(builder.http1().half_close(true)),
            Self::WithPings => {
                let mut http2 = builder.http2();
                http2.timer(TokioTimer::new());
                http2.keep_alive_interval(PING).keep_alive_timeout(PING);
            }
        };
        match self {
            Self::Plainly => Server::start(app).await,
            _ => Server::built(app, set).await,
        }
    }
}

/// Listens for as long as it lives.
pub struct Server {
    address: SocketAddr,
    accepts: AbortHandle,
    /// Those that are not axum's.
    connections: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Server {
    /// Serves as axum does.
    pub async fn start(app: Router) -> Self {
        let (listener, address) = listen().await;
        let serve = axum::serve(listener, app).into_future();
        let accepts = tokio::spawn(serve).abort_handle();
        let connections = Arc::default();
        Self {
            address,
            accepts,
            connections,
        }
    }

    /// Serves as axum does, until it is told to stop: then it ends once all have been answered.
    pub async fn stopping(app: Router) -> (Self, Stop) {
        let (listener, address) = listen().await;
        let (stop, stopped) = oneshot::channel();
        let serve = axum::serve(listener, app);
        let serve = serve.with_graceful_shutdown(async { drop(stopped.await) });
        let task = tokio::spawn(serve.into_future());
        let accepts = task.abort_handle();
        let connections = Arc::default();
        let server = Self {
            address,
            accepts,
            connections,
        };
        (server, Stop { stop, task })
    }

    /// Serves as the builder of hyper's connections says, which axum keeps to itself.
    pub async fn built(app: Router, set: impl Fn(&mut Builder<TokioExecutor>)) -> Self {
        let (listener, address) = listen().await;
        let mut builder = Builder::new(TokioExecutor::new());
        set(&mut builder);
        let connections = Arc::<Mutex<Vec<AbortHandle>>>::default();
        let accepted = connections.clone();
        let accept = async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(app.clone());
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                let connection = tokio::spawn(connection.into_owned());
                let mut accepted = accepted.lock().expect("nobody panics here");
                accepted.push(connection.abort_handle());
            }
        };
        let accepts = tokio::spawn(accept).abort_handle();
        Self {
            address,
            accepts,
            connections,
        }
    }

    /// One that somebody else runs.
    pub fn at(address: SocketAddr) -> Self {
        Self {
            address,
            accepts: tokio::spawn(async {}).abort_handle(),
            connections: Arc::default(),
        }
    }

    pub async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await;
        stream.expect("it listens")
    }

    pub fn drop_connections(&self) {
        let connections = self.connections.lock().expect("nobody panics here");
        connections.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Tells a server to stop.
pub struct Stop {
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Stop {
    /// Waits until it has.
    pub async fn stop(self) {
        self.stop.send(()).expect("it serves");
        let served = timeout(WATCHDOG, self.task).await;
        let served = served.expect("it stops").expect("it does not panic");
        served.expect("it has no error");
    }
}

/// `/` behaves as `does` says, everything else is answered at once.
pub fn app(does: Does, report: &Report, layer: Option<FenceLayer>) -> Router {
    let report = report.clone();
    let handler = move |request: Request| answer(does, report.clone(), request);
    let app = Router::new()
        .route("/", axum::routing::any(handler))
        .fallback(|| async { "at once" });
    match layer {
        Some(layer) => app.layer(layer),
        None => app,
    }
}
