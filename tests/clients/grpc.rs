//! A gRPC client that leaves in the middle of what it streams: half of it is not to be taken for
//! all of it. tonic takes a stream that was cancelled for one that has ended.

use axum::Router;
use axum::extract::Request;
use axum::routing::post;
use bytes::{Buf, BufMut, Bytes};
use fence::service::FenceLayer;
use h2::Reason;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::Grpc;
use tonic::{Code, Response, Status, Streaming};
use tower::service_fn;

use crate::connection::{self, Connection, Sent};
use crate::server::Server;
use crate::table::WATCHDOG;

/// Messages are bytes.
#[derive(Clone, Copy)]
struct Plain;

impl Codec for Plain {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Plain {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// What an upload comes to.
#[derive(Debug, PartialEq, Eq)]
enum Upload {
    Received,
    /// All of it, so the server thinks.
    Committed(usize),
    Failed(Code),
}

type Say = mpsc::UnboundedSender<Upload>;

async fn upload(mut messages: Streaming<Bytes>, say: Say) -> Result<Response<Bytes>, Status> {
    let say = |upload| say.send(upload).expect("the test listens");
    let mut count = 0;
    loop {
        match messages.message().await {
            Ok(Some(_)) => {
                count += 1;
                say(Upload::Received);
            }
            Ok(None) => {
                say(Upload::Committed(count));
                return Ok(Response::new("thanks".into()));
            }
            Err(status) => {
                say(Upload::Failed(status.code()));
                return Err(status);
            }
        }
    }
}

fn app(say: &Say, layer: Option<FenceLayer>) -> Router {
    let say = say.clone();
    let call = move |request: Request| {
        let say = say.clone();
        let service = service_fn(move |request: tonic::Request<Streaming<Bytes>>| {
            upload(request.into_inner(), say.clone())
        });
        async { Grpc::new(Plain).client_streaming(service, request).await }
    };
    let app = Router::new().route("/upload", post(call));
    match layer {
        Some(layer) => app.layer(layer),
        None => app,
    }
}

fn message(text: &'static str) -> Bytes {
    let length = u32::try_from(text.len()).expect("it is short");
    let mut message = vec![0];
    message.put_u32(length);
    message.put(text.as_bytes());
    message.into()
}

#[derive(Clone, Copy, Debug)]
enum Ends {
    Well,
    Reset(Reason),
    Closed,
}

/// Streams a message, and ends so.
async fn streams(ends: Ends, layer: Option<FenceLayer>) -> Upload {
    let (say, mut said) = mpsc::unbounded_channel();
    let server = Server::start(app(&say, layer)).await;
    let mut connection = Connection::new(server.connect().await).await;
    let Sent { answer, mut body } = connection.send(connection::post("/upload"), false).await;
    let sent = body.send_data(message("one"), false);
    sent.expect("it is open");
    let first = timeout(WATCHDOG, said.recv()).await;
    assert_eq!(first, Ok(Some(Upload::Received)));
    match ends {
        Ends::Well => body.send_data(Bytes::new(), true).expect("it is open"),
        Ends::Reset(reason) => body.send_reset(reason),
        Ends::Closed => drop(connection),
    }
    let last = timeout(WATCHDOG, said.recv()).await;
    drop(answer);
    last.expect("it ends").expect("it ends with a word")
}

#[tokio::test]
async fn half_a_stream_is_not_committed() {
    for (ends, without) in [
        (Ends::Well, Upload::Committed(1)),
        (Ends::Reset(Reason::CANCEL), Upload::Committed(1)),
        (Ends::Reset(Reason::NO_ERROR), Upload::Committed(1)),
        (Ends::Closed, Upload::Failed(Code::Unknown)),
    ] {
        assert_eq!(streams(ends, None).await, without, "{ends:?}");
        let is_well = matches!(ends, Ends::Well);
        for is_isolated in [false, true] {
            let layer = FenceLayer::new().isolate(is_isolated);
            let upload = streams(ends, Some(layer)).await;
            let is_right = match upload {
                Upload::Failed(code) => !is_well && code != Code::Cancelled,
                _ => is_well && upload == Upload::Committed(1),
            };
            assert!(is_right, "{ends:?}, isolated: {is_isolated}: {upload:?}");
        }
    }
}
