//! Clients that leave an HTTP/2 server.

use std::fmt;

use bytes::Bytes;
use h2::Reason;

use crate::connection::{Connection, Sent, post};
use crate::handler::Does::{Extracts, HasRead, Holds, Reads, Streams, Waits};
use crate::handler::Stream::{Floods, Idles, Produced, Ticks};
use crate::handler::{Events, ready};
use crate::server::{Server, Serves};
use crate::table::Seen::{Cut, Dropped, FailedAndDropped, Nothing, Rejected, Stopped};
use crate::table::{Client, Row, Seen, check};

/// How much of a request a client sends.
#[derive(Clone, Copy, Debug)]
enum Sends {
    Get,
    Whole,
    Half,
}
use Sends::{Get, Half, Whole};

/// How a client leaves.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    /// It resets the stream.
    Reset,
    /// It resets the stream without an error, as Envoy does.
    ResetWell,
    /// It closes the connection.
    Fin,
    /// It resets the connection.
    Rst,
    /// It closes its side of the connection.
    HalfClose,
    /// It closes the connection in the middle of a frame.
    Torn,
    /// It neither reads nor writes.
    Silent,
    /// It stays; the server drops the connection.
    Dismissed,
}
use Leaves::{Dismissed, Fin, HalfClose, Reset, ResetWell, Rst, Silent, Torn};

const NOTICED: [Leaves; 6] = [Reset, ResetWell, Fin, Rst, HalfClose, Torn];

#[derive(Clone, Copy)]
struct Framed(Sends, Leaves);

impl fmt::Debug for Framed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP/2 {:?}, {:?}", self.0, self.1)
    }
}

#[tokio::test]
async fn a_client_of_http2_leaves() {
    let mut rows: Vec<Row<Framed>> = Vec::new();
    for leaves in NOTICED {
        rows.extend([
            (Framed(Get, leaves), Waits, [Dropped, Cut]),
            (Framed(Whole, leaves), HasRead, [Dropped, Cut]),
            (Framed(Whole, leaves), Holds, [Dropped, Cut]),
            (Framed(Half, leaves), Waits, [Dropped, Cut]),
            (Framed(Half, leaves), Holds, [Dropped, Cut]),
            (Framed(Half, leaves), Reads, [seen_by_a_reader(leaves), Cut]),
        ]);
    }
    check(&rows, Serves::Plainly).await;
}

#[tokio::test]
async fn a_client_of_http2_leaves_a_stream() {
    let mut rows: Vec<Row<Framed>> = Vec::new();
    for leaves in NOTICED {
        for stream in [Ticks, Idles, Floods, Produced] {
            rows.push((Framed(Get, leaves), Streams(stream), [Dropped, Stopped]));
        }
    }
    check(&rows, Serves::Plainly).await;
}

#[tokio::test]
async fn a_server_of_http2_drops_its_connections() {
    let rows: &[Row<Framed>] = &[
        (Framed(Get, Dismissed), Waits, [Dropped, Cut]),
        (Framed(Half, Dismissed), Holds, [Dropped, Cut]),
        (Framed(Half, Dismissed), Reads, [FailedAndDropped, Cut]),
        (Framed(Half, Dismissed), Extracts, [Rejected, Rejected]),
    ];
    check(rows, Serves::Briefly).await;
}

fn seen_by_a_reader(leaves: Leaves) -> Seen {
    match leaves {
        // It reads what seems to be all of it.
        ResetWell => Dropped,
        _ => FailedAndDropped,
    }
}

/// Only the server's pings show that nobody is there any more.
#[tokio::test]
async fn a_client_of_http2_falls_silent() {
    let silent = |seen| (Framed(Get, Silent), Waits, seen);
    let silent_midway = (Framed(Half, Silent), Reads, [Dropped, Cut]);
    let plain = [silent([Nothing, Nothing])];
    let pinged = [silent([Dropped, Cut]), silent_midway];
    tokio::join!(
        check(&plain, Serves::Plainly),
        check(&pinged, Serves::WithPings)
    );
}

type Rest = Option<(Connection, Sent)>;

impl Client for Framed {
    type Rest = Rest;

    async fn leave(&self, server: &Server, events: &mut Events) -> Rest {
        let Self(sends, leaves) = *self;
        let stream = server.connect().await;
        if matches!(leaves, Rst) {
            stream.set_zero_linger().expect("it is a socket");
        }
        let mut connection = Connection::new(stream).await;
        let is_all = matches!(sends, Get);
        let mut sent = connection.send(post("/"), is_all).await;
        if !is_all {
            let body = Bytes::from_static(b"first");
            let sent = sent.body.send_data(body, matches!(sends, Whole));
            sent.expect("the stream is open");
        }
        ready(events).await;
        leaves.leave(server, connection, sent)
    }
}

impl Leaves {
    /// Returns what is still open.
    fn leave(self, server: &Server, mut connection: Connection, mut sent: Sent) -> Rest {
        match self {
            Reset => sent.body.send_reset(Reason::CANCEL),
            ResetWell => sent.body.send_reset(Reason::NO_ERROR),
            Dismissed => server.drop_connections(),
            Silent => connection.fall_silent(),
            Torn => {
                connection.tear();
                connection.half_close();
            }
            HalfClose => connection.half_close(),
            Fin | Rst => return None,
        }
        Some((connection, sent))
    }
}
