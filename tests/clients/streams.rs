//! Handlers that answer with a stream.

use std::future::pending;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::StreamExt;
use futures::stream::{poll_fn, unfold};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::handler::{Ending, Event, Report, Stream};

/// How often a stream ticks.
const TICK: Duration = Duration::from_millis(5);

/// More than the buffers of two sockets hold.
const FLOOD: usize = 16 << 20;

pub fn response(stream: Stream, report: Report) -> Response {
    let ending = report.ending();
    Response::new(match stream {
        Stream::Produced => produced(report, ending),
        _ => generated(stream, report, ending),
    })
}

struct Generator {
    stream: Stream,
    chunks: usize,
    report: Report,
    ending: Ending,
}

fn generated(stream: Stream, report: Report, ending: Ending) -> Body {
    let generator = Generator {
        stream,
        chunks: 0,
        report,
        ending,
    };
    let chunks = unfold(generator, |mut generator| async {
        let chunk = generator.next().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), generator))
    });
    Body::from_stream(chunks)
}

impl Generator {
    async fn next(&mut self) -> Option<Bytes> {
        self.chunks += 1;
        let is_flood = self.stream == Stream::Floods;
        // A client that leaves now leaves a stream that has begun, or that is stuck.
        if self.chunks == if is_flood { 1 } else { 2 } {
            self.report.say(Event::Ready);
        }
        match (self.stream, self.chunks) {
            (Stream::Floods, 1) => Some(Bytes::from(vec![0; FLOOD])),
            (_, 1) => Some(Bytes::from_static(b"first")),
            (Stream::Ticks, _) => self.unless_released(sleep(TICK)).await,
            _ => self.unless_released(pending()).await,
        }
    }

    async fn unless_released(&mut self, next: impl Future<Output = ()>) -> Option<Bytes> {
        tokio::select! {
            () = next => Some(Bytes::from_static(b"tick")),
            () = self.report.released() => {
                self.ending.finish();
                None
            }
        }
    }
}

/// A task sends it, and learns of a client that left by the end of the channel.
fn produced(report: Report, mut ending: Ending) -> Body {
    let (send, mut chunks) = mpsc::channel(1);
    tokio::spawn(async move {
        let first = send.send(Bytes::from_static(b"first")).await;
        first.expect("nobody has left yet");
        report.say(Event::Ready);
        tokio::select! {
            () = send.closed() => {}
            () = report.released() => ending.finish(),
        }
    });
    let chunks = poll_fn(move |cx| chunks.poll_recv(cx));
    Body::from_stream(chunks.map(Ok::<_, std::convert::Infallible>))
}
