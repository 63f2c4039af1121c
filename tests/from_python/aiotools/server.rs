//! Servers that stop in order.

use std::io;
use std::sync::Arc;

use fence::block::fenced;
use fence::{Event, Fencing, Group, group};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

use crate::{NEVER, event_after, millis};

const WORKERS: usize = 4;

/// README, the multi-process server: four workers on one port, a client, and a stop. They are tasks
/// here, and join in order; the event stands for the signal, as in `examples/worker.rs`.
#[tokio::main(flavor = "current_thread")]
pub async fn server() {
    if let Err(error) = serve().await {
        println!("no server: {error}");
    }
}

async fn serve() -> io::Result<()> {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await?);
    let address = listener.local_addr()?;
    let (shutdown, started) = (Event::new(), Arc::new(Barrier::new(WORKERS + 1)));
    let main = group().on_error(|error: io::Error| println!("failed: {error}"));
    let main = main.run(async |group| {
        let start = |index| group.spawn(worker(index, listener.clone(), started.clone()));
        let workers: Vec<_> = (0..WORKERS).map(start).collect();
        started.wait().await;
        println!("echo: {}", call(TcpStream::connect(address).await?).await?);
        shutdown.set_because("SIGTERM");
        for (index, worker) in workers.into_iter().enumerate() {
            if worker.await.is_finished() {
                println!("[{index}] terminated");
            }
        }
        Ok(())
    });
    Fencing::new()
        .on("shutdown", &shutdown)
        .bind(main)
        .await
        .unwrap()
}

/// Connections that are open when the server stops end by themselves: their group waits for them.
async fn worker(index: usize, listener: Arc<TcpListener>, started: Arc<Barrier>) -> io::Result<()> {
    println!("[{index}] started");
    started.wait().await;
    let connections = group().on_error(|error: io::Error| println!("lost: {error}"));
    let accepting = connections.run(async |group| accept(&listener, &group).await);
    accepting.await.unwrap().unwrap_or(Ok(()))
}

/// Only this may be interrupted.
#[fence::fenced(on = "shutdown")]
async fn accept(listener: &TcpListener, connections: &Group<io::Error>) -> io::Result<()> {
    loop {
        let (client, _) = listener.accept().await?;
        connections.spawn(echo(client));
    }
}

async fn echo(mut client: TcpStream) -> io::Result<()> {
    let mut data = [0; 100];
    let length = client.read(&mut data).await?;
    client.write_all(&data[..length]).await
}

async fn call(mut server: TcpStream) -> io::Result<String> {
    server.write_all(b"hello").await?;
    let mut answer = String::new();
    server.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// The docs of `server`: a worker that asks with which signal it is stopped.
#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn stop_signals() {
    for (interrupt, terminate) in [(millis(100), NEVER), (NEVER, millis(100))] {
        let signals = Fencing::new()
            .on("SIGINT", &event_after(interrupt))
            .on("SIGTERM", &event_after(terminate));
        let workers = group().run(async |group| {
            for worker in [0, 1].map(|index| group.spawn(signalled(index))) {
                worker.await.unwrap();
            }
        });
        signals.bind(workers).await.unwrap();
    }
}

async fn signalled(index: usize) {
    println!("[{index}] init");
    let outcome = fenced!(std::future::pending::<()>());
    let how = if outcome.cancelled_by("SIGINT") {
        "graceful"
    } else {
        "forced"
    };
    println!("[{index}] {how} {}", outcome.reasons()[0].code());
}
