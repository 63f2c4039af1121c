//! A table of clients that leave, and of what becomes of their handlers.

use std::fmt;
use std::time::Duration;

use fence::service::{Fate, FenceLayer, Phase};
use futures::future::join_all;
use tokio::time::timeout;

use crate::handler::{Does, Event, Events, Report};
use crate::server::{Server, Serves, app};

/// However slow the machine: longer than anything takes that is to happen.
pub const WATCHDOG: Duration = Duration::from_secs(20);

/// Nothing happens for that long where nothing is to happen.
pub const QUIET: Duration = Duration::from_millis(150);

/// How far the layer reads ahead in the tables.
const AHEAD: usize = 16 * 1024;

/// What became of a handler whose client left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It was dropped.
    Dropped,
    /// It was dropped, after `"disconnect"` was set: a stream.
    Stopped,
    /// Its fence was cut by `"disconnect"`, and the rest ran to its end.
    Cut,
    /// It could not read the request, and nothing else happened.
    Failed,
    /// It could not read the request, and was dropped then.
    FailedAndDropped,
    /// It could not be called, for lack of an argument.
    Rejected,
    /// Nobody noticed anything: it ran on until it was released.
    Nothing,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropped => "dropped",
            Self::Stopped => "stopped",
            Self::Cut => "cut",
            Self::Failed => "failed",
            Self::FailedAndDropped => "failed, dropped",
            Self::Rejected => "rejected",
            Self::Nothing => "nothing",
        })
    }
}

/// A client that sends something, and leaves once the handler is ready.
pub trait Client: fmt::Debug {
    /// What it keeps open.
    type Rest;

    async fn leave(&self, server: &Server, events: &mut Events) -> Self::Rest;
}

/// The client, what its handler does, and what is seen without the layer and with it.
pub type Row<C> = (C, Does, [Seen; 2]);

/// What is seen, or the events that have no name.
type Found = Result<Seen, Vec<Event>>;

/// Looks at all rows at once: without the layer, with it, and with handlers in tasks of their own,
/// where the same is seen. Those that differ are printed.
pub async fn check<C: Client>(rows: &[Row<C>], how: Serves) {
    let differences = join_all(rows.iter().map(|row| async {
        let layer = || FenceLayer::new().read_ahead(AHEAD);
        let (without, with) = (look(row, None, how), look(row, Some(layer()), how));
        let isolated = look(row, Some(layer().isolate(true)), how);
        let found = tokio::join!(without, with, isolated);
        let (client, does, [without, with]) = row;
        (found != (Ok(*without), Ok(*with), Ok(*with)))
            .then(|| format!("{client:?}, {does:?}: {without:?}, {with:?}; but now {found:?}"))
    }));
    let differences: Vec<_> = differences.await.into_iter().flatten().collect();
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

async fn look<C: Client>(row: &Row<C>, layer: Option<FenceLayer>, how: Serves) -> Found {
    let (client, does, expected) = row;
    let has_layer = layer.is_some();
    let (report, mut events) = Report::new();
    let layer = layer.map(|layer| report.told_by(layer));
    let server = how.start(app(*does, &report, layer)).await;
    let rest = client.leave(&server, &mut events).await;
    let expected = expected[usize::from(has_layer)];
    let found = follow(&mut events, &report, expected, has_layer).await;
    drop(rest);
    found
}

/// What happens from the departure on, until it is what was expected and there is no more of it.
async fn follow(events: &mut Events, report: &Report, expected: Seen, has_layer: bool) -> Found {
    let mut seen = Vec::new();
    let mut found = Ok(Seen::Nothing);
    loop {
        let is_enough = found == Ok(expected);
        let patience = if is_enough { QUIET } else { WATCHDOG };
        match timeout(patience, events.recv()).await {
            Ok(Some(event)) => seen.push(event),
            _ if seen.is_empty() => break,
            _ => return found,
        }
        found = name(&seen, has_layer);
    }
    report.release();
    match timeout(WATCHDOG, events.recv()).await {
        Ok(Some(Event::Finished)) => Ok(Seen::Nothing),
        other => Err(other.into_iter().flatten().collect()),
    }
}

/// With the layer, whatever is noticed is told of, once.
fn name(events: &[Event], has_layer: bool) -> Found {
    use Event::{Dropped, Failed, Finished};
    let is_told = |event: &Event| matches!(event, Event::Told(..));
    let (told, rest): (Vec<_>, Vec<_>) = events.iter().cloned().partition(is_told);
    let seen = match &rest[..] {
        [Dropped { is_set: false }] => Seen::Dropped,
        [Dropped { is_set: true }] => Seen::Stopped,
        [cut, Finished] if *cut == Event::cut() => Seen::Cut,
        [Failed] => Seen::Failed,
        [Failed, Dropped { is_set: false }] => Seen::FailedAndDropped,
        [Failed, Finished] => Seen::Rejected,
        _ => return Err(events.to_vec()),
    };
    let expected = match seen {
        _ if !has_layer => None,
        Seen::Stopped => Some(Event::Told(Phase::Body, Fate::Dropped)),
        _ => Some(Event::Told(Phase::Handler, Fate::Finished)),
    };
    if told == Vec::from_iter(expected) {
        Ok(seen)
    } else {
        Err(events.to_vec())
    }
}
