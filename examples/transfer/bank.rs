//! How money moves: in two steps, between which the transfer may be cut.

use std::time::Duration;

use rusqlite::Result;

use super::books::{Books, Order, Side};

/// What a transfer is doing. It is not started until its first step.
pub const WAITING: &str = "waiting to start";
pub const RESERVING: &str = "reserving the money";
pub const CHECKING: &str = "waiting for the risk check";
pub const SETTLING: &str = "settling";

/// How a transfer ends that nobody cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Done,
    Refused(&'static str),
}

/// Moves the money, or leaves it where it is; nothing in between outlasts it.
///
/// `risk` says whether it may move. `doing` is what tells afterwards where it was cut.
#[fence::fenced(timeout = limit, on = "shutdown")]
pub async fn transfer(
    books: &Books,
    order: Order,
    limit: Duration,
    risk: impl Future<Output = bool>,
    doing: &mut &'static str,
) -> Result<Ending> {
    // Registered before there is anything to undo: cut while it waits for the answer, nobody knows
    // whether the reservation was made. Undoing one that was not, or has ended, changes nothing.
    let undo = fence::on_cancel(give_back(books.clone(), order.id));
    *doing = RESERVING;
    if !books.reserve(order).await? {
        return Ok(Ending::Refused("too little money"));
    }
    *doing = CHECKING;
    let (to, ending) = if risk.await {
        (Side::Target, Ending::Done)
    } else {
        // A transfer that ends by itself is not cancelled, so it gives back by itself.
        (Side::Source, Ending::Refused("too risky"))
    };
    // Begun, it is heard out: whoever is told "cancelled" can rely on it that nothing moved. No
    // await follows, so that nothing can cut between here and the end.
    fence::shield(async {
        *doing = SETTLING;
        books.settle(order.id, to).await?;
        undo.disarm();
        Ok(ending)
    })
    .await
}

/// What goes wrong in a cleanup as a panic is told by `Cancelled::cleanup`.
async fn give_back(books: Books, id: u32) {
    let settled = books.settle(id, Side::Source).await;
    settled.expect("the reservation is given back");
}
