//! HTTP/1.1 by hand: every byte, and every way to leave.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::handler::{Events, ready};
use crate::server::Server;
use crate::table::{Client, WATCHDOG};

/// What a client sends before it leaves.
#[derive(Clone, Copy, Debug)]
pub enum Sends {
    Get,
    GetHttp10,
    /// A request that is answered, and another one on the same connection.
    GetAfterGet,
    /// Two requests at once.
    GetAndGet,
    /// A request and a byte more.
    GetAndByte,
    Whole,
    WholeChunked,
    Half,
    HalfChunked,
    /// Half of a body that is longer than anybody reads ahead.
    HalfOfMuch,
    /// A request whose body is to be asked for.
    Expecting,
}

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
pub enum Leaves {
    /// It closes the connection.
    Fin,
    /// It resets the connection.
    Rst,
    /// It closes its side, and could still read.
    HalfClose,
    /// It stays; the server drops the connection.
    Dismissed,
}

#[derive(Clone, Copy)]
pub struct Raw(pub Sends, pub Leaves);

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP/1.1 {:?}, {:?}", self.0, self.1)
    }
}

const MUCH: usize = 256 * 1024;

impl Sends {
    pub fn bytes(self) -> Vec<u8> {
        let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        let post = "POST / HTTP/1.1\r\nhost: a\r\n";
        let chunked = "transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n";
        let request = match self {
            Self::Get | Self::GetAfterGet => get.to_owned(),
            Self::GetHttp10 => "GET / HTTP/1.0\r\n\r\n".to_owned(),
            Self::GetAndGet => get.to_owned() + "GET /next HTTP/1.1\r\nhost: a\r\n\r\n",
            Self::GetAndByte => get.to_owned() + "\n",
            Self::Whole => format!("{post}content-length: 5\r\n\r\nfirst"),
            Self::WholeChunked => format!("{post}{chunked}0\r\n\r\n"),
            Self::Half => format!("{post}content-length: 10\r\n\r\nfirst"),
            Self::HalfChunked => format!("{post}{chunked}"),
            Self::HalfOfMuch => format!("{post}content-length: {}\r\n\r\n", 2 * MUCH),
            Self::Expecting => format!("{post}content-length: 5\r\nexpect: 100-continue\r\n\r\n"),
        };
        let mut bytes = request.into_bytes();
        if matches!(self, Self::HalfOfMuch) {
            bytes.resize(bytes.len() + MUCH, b'x');
        }
        bytes
    }
}

impl Client for Raw {
    type Rest = Option<TcpStream>;

    async fn leave(&self, server: &Server, events: &mut Events) -> Option<TcpStream> {
        let Self(sends, leaves) = *self;
        let mut stream = server.connect().await;
        if matches!(sends, Sends::GetAfterGet) {
            send(&mut stream, b"GET /first HTTP/1.1\r\nhost: a\r\n\r\n").await;
            read_until(&mut stream, "at once").await;
        }
        send(&mut stream, &sends.bytes()).await;
        ready(events).await;
        leaves.leave(server, stream).await
    }
}

impl Leaves {
    /// Returns what is still open.
    async fn leave(self, server: &Server, mut stream: TcpStream) -> Option<TcpStream> {
        match self {
            Self::Fin => return None,
            Self::Rst => stream.set_zero_linger().expect("it is a socket"),
            Self::HalfClose => {
                stream.shutdown().await.expect("it is connected");
                return Some(stream);
            }
            Self::Dismissed => {
                server.drop_connections();
                return Some(stream);
            }
        }
        None
    }
}

pub async fn send(stream: &mut TcpStream, bytes: &[u8]) {
    let sent = timeout(WATCHDOG, stream.write_all(bytes)).await;
    sent.expect("there is room").expect("it is connected");
}

/// Reads until it ends so.
pub async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut seen = String::new();
    while !seen.ends_with(end) {
        let more = read_some(stream).await;
        assert!(!more.is_empty(), "it ended with {seen:?}");
        seen += &more;
    }
    seen
}

/// Reads until the server closes.
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut seen = String::new();
    loop {
        match read_some(stream).await {
            more if more.is_empty() => return seen,
            more => seen += &more,
        }
    }
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = [0; 4096];
    let read = timeout(WATCHDOG, stream.read(&mut buffer)).await;
    let read = read.expect("something comes").unwrap_or(0);
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}
