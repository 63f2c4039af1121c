//! Clients that leave an HTTP/1.1 server.

use crate::handler::Does::{Extracts, HasRead, Holds, Reads, Streams, Waits};
use crate::handler::Stream::{Floods, Idles, Produced, Ticks};
use crate::raw::Leaves::{Dismissed, Fin, HalfClose, Rst};
use crate::raw::Raw;
use crate::raw::Sends::{
    Expecting, Get, GetAfterGet, GetAndByte, GetAndGet, GetHttp10, Half, HalfChunked, HalfOfMuch,
    Whole, WholeChunked,
};
use crate::server::Serves;
use crate::table::Seen::{Cut, Dropped, Failed, Nothing, Rejected, Stopped};
use crate::table::{Row, check};

/// Behind bytes that nobody has read yet, hyper does not see the end of a connection.
#[tokio::test]
async fn a_client_of_http1_leaves() {
    let rows: &[Row<Raw>] = &[
        (Raw(Get, Fin), Waits, [Dropped, Cut]),
        (Raw(Get, Rst), Waits, [Dropped, Cut]),
        (Raw(Get, HalfClose), Waits, [Dropped, Cut]),
        (Raw(GetHttp10, Fin), Waits, [Dropped, Cut]),
        (Raw(GetAfterGet, Fin), Waits, [Dropped, Cut]),
        (Raw(GetAfterGet, Rst), Waits, [Dropped, Cut]),
        (Raw(GetAndGet, Fin), Waits, [Nothing, Nothing]),
        (Raw(GetAndGet, Rst), Waits, [Nothing, Nothing]),
        (Raw(GetAndByte, Fin), Waits, [Nothing, Nothing]),
    ];
    check(rows, Serves::Plainly).await;
}

#[tokio::test]
async fn a_client_of_http1_leaves_that_has_sent_its_body() {
    let rows: &[Row<Raw>] = &[
        (Raw(Whole, Fin), HasRead, [Dropped, Cut]),
        (Raw(Whole, Fin), Waits, [Dropped, Cut]),
        (Raw(Whole, Fin), Holds, [Dropped, Cut]),
        (Raw(Whole, Rst), Holds, [Dropped, Cut]),
        (Raw(WholeChunked, Fin), HasRead, [Dropped, Cut]),
        (Raw(WholeChunked, Fin), Waits, [Dropped, Cut]),
        (Raw(WholeChunked, Fin), Holds, [Nothing, Cut]),
    ];
    check(rows, Serves::Plainly).await;
}

/// The layer reads ahead, but not forever, nor if that asks for the body.
#[tokio::test]
async fn a_client_of_http1_leaves_that_has_sent_half_of_its_body() {
    let rows: &[Row<Raw>] = &[
        (Raw(Half, Fin), Waits, [Nothing, Cut]),
        (Raw(Half, Rst), Waits, [Nothing, Cut]),
        (Raw(Half, Fin), Holds, [Nothing, Cut]),
        (Raw(Half, Rst), Holds, [Nothing, Cut]),
        (Raw(Half, Fin), Reads, [Failed, Cut]),
        (Raw(Half, Rst), Reads, [Failed, Cut]),
        (Raw(Half, HalfClose), Reads, [Failed, Cut]),
        (Raw(Half, Fin), Extracts, [Rejected, Rejected]),
        (Raw(HalfChunked, Fin), Waits, [Nothing, Cut]),
        (Raw(HalfChunked, Fin), Holds, [Nothing, Cut]),
        (Raw(HalfChunked, Fin), Reads, [Failed, Cut]),
        (Raw(HalfOfMuch, Fin), Waits, [Nothing, Nothing]),
        (Raw(HalfOfMuch, Fin), Holds, [Nothing, Nothing]),
        (Raw(HalfOfMuch, Fin), Reads, [Failed, Cut]),
        (Raw(Expecting, Fin), Waits, [Nothing, Nothing]),
        (Raw(Expecting, Fin), Holds, [Nothing, Nothing]),
    ];
    check(rows, Serves::Plainly).await;
}

#[tokio::test]
async fn a_client_of_http1_leaves_a_stream() {
    let rows: &[Row<Raw>] = &[
        (Raw(Get, Fin), Streams(Ticks), [Dropped, Stopped]),
        (Raw(Get, Rst), Streams(Ticks), [Dropped, Stopped]),
        (Raw(Get, HalfClose), Streams(Ticks), [Dropped, Stopped]),
        (Raw(Get, Fin), Streams(Idles), [Dropped, Stopped]),
        (Raw(Get, Rst), Streams(Idles), [Dropped, Stopped]),
        (Raw(Get, HalfClose), Streams(Idles), [Dropped, Stopped]),
        // Nobody reads: a connection that is closed then is reset.
        (Raw(Get, Fin), Streams(Floods), [Dropped, Stopped]),
        (Raw(Get, HalfClose), Streams(Floods), [Dropped, Stopped]),
        (Raw(Get, Fin), Streams(Produced), [Dropped, Stopped]),
    ];
    check(rows, Serves::Plainly).await;
}

#[tokio::test]
async fn a_client_of_http1_leaves_a_server_that_serves_half_closed_connections() {
    let rows: &[Row<Raw>] = &[
        (Raw(Get, Fin), Waits, [Nothing, Nothing]),
        (Raw(Get, Rst), Waits, [Nothing, Nothing]),
        (Raw(Get, HalfClose), Waits, [Nothing, Nothing]),
        (Raw(Half, Fin), Reads, [Failed, Cut]),
        (Raw(Get, Fin), Streams(Idles), [Nothing, Nothing]),
        (Raw(Get, Rst), Streams(Ticks), [Dropped, Stopped]),
    ];
    check(rows, Serves::HalfClosed).await;
}

/// What was sent by then is not taken for all of it.
#[tokio::test]
async fn a_server_of_http1_drops_its_connections() {
    let rows: &[Row<Raw>] = &[
        (Raw(Get, Dismissed), Waits, [Dropped, Cut]),
        (Raw(Half, Dismissed), Holds, [Dropped, Cut]),
        (Raw(Half, Dismissed), Reads, [Dropped, Cut]),
        (Raw(Half, Dismissed), Extracts, [Dropped, Rejected]),
        (Raw(HalfChunked, Dismissed), Reads, [Dropped, Cut]),
        (Raw(HalfChunked, Dismissed), Extracts, [Dropped, Rejected]),
    ];
    check(rows, Serves::Briefly).await;
}
