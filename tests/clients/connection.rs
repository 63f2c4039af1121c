//! A connection that speaks HTTP/2.

use std::io::Write;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use http::{Method, Request, StatusCode};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A connection that is driven until it is dropped.
pub struct Connection {
    pub client: SendRequest<Bytes>,
    driver: JoinHandle<()>,
    side: std::net::TcpStream,
}

impl Connection {
    pub async fn new(stream: TcpStream) -> Self {
        let stream = stream.into_std().expect("it is a socket");
        let side = stream.try_clone().expect("it is a socket");
        let stream = TcpStream::from_std(stream).expect("there is a runtime");
        let (client, connection) = h2::client::handshake(stream)
            .await
            .expect("it speaks HTTP/2");
        let driver = tokio::spawn(async { drop(connection.await) });
        Self {
            client,
            driver,
            side,
        }
    }

    /// Sends the head of a request.
    pub async fn send(&mut self, request: Request<()>, is_all: bool) -> Sent {
        let client = self.client.clone().ready().await;
        self.client = client.expect("there is room for a stream");
        let sent = self.client.send_request(request, is_all);
        let (answer, body) = sent.expect("the request is valid");
        Sent { answer, body }
    }

    /// Whether the server has closed it.
    pub async fn is_closed(&mut self) -> bool {
        self.client.clone().ready().await.is_err()
    }

    /// Opens a stream and resets it, if it is open.
    pub async fn open_and_reset(&mut self, path: &str, reason: h2::Reason) {
        let Ok(client) = self.client.clone().ready().await else {
            return;
        };
        self.client = client;
        if let Ok((_, mut body)) = self.client.send_request(get(path), true) {
            body.send_reset(reason);
        }
    }

    /// Sends the beginning of a frame of data, and no more.
    pub fn tear(&mut self) {
        let header = [0, 0, 100, 0, 0, 0, 0, 0, 1];
        let sent = self.side.write_all(&header);
        sent.expect("there is room");
    }

    /// Sends frames behind the back of `h2`, in one piece.
    pub fn inject(&mut self, frames: &[u8]) {
        let sent = self.side.write_all(frames);
        sent.expect("there is room");
    }

    /// Neither reads nor writes any more, and closes nothing.
    pub fn fall_silent(&self) {
        self.driver.abort();
    }

    /// Closes its side.
    pub fn half_close(&self) {
        let closed = self.side.shutdown(std::net::Shutdown::Write);
        closed.expect("it is connected");
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A stream of a connection.
pub struct Sent {
    pub answer: ResponseFuture,
    pub body: SendStream<Bytes>,
}

impl Sent {
    /// The whole answer, if the stream is not reset.
    pub async fn read(self) -> Result<(StatusCode, Bytes), h2::Error> {
        let (head, mut body) = self.answer.await?.into_parts();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.data().await.transpose()? {
            body.flow_control().release_capacity(chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        Ok((head.status, bytes.into()))
    }
}

pub fn get(path: &str) -> Request<()> {
    request(Method::GET, path)
}

pub fn post(path: &str) -> Request<()> {
    request(Method::POST, path)
}

fn request(method: Method, path: &str) -> Request<()> {
    let uri = format!("http://a{path}");
    let request = Request::builder().method(method).uri(uri);
    request.body(()).expect("it is valid")
}
