//! A handler that says how it fares, and waits for no clock.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fence::service::{Fate, FenceLayer, Phase, RequestFence};
use fence::{Fenced, Fencing};
use http_body_util::BodyExt;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::table::WATCHDOG;

/// What a handler does until it is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Drops the request and waits.
    Waits,
    /// Waits likewise, and waits again when it is cut.
    Saves,
    /// Holds the request, unread, and waits.
    Holds,
    /// Has read the request and waits.
    HasRead,
    /// Reads on.
    Reads,
    /// Takes the body as an argument, as `Bytes` or `Json` do.
    Extracts,
    /// Answers with a stream: see [`streams`](crate::streams).
    Streams(Stream),
}

/// A stream that a handler answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// One chunk after the other.
    Ticks,
    /// One chunk, then silence.
    Idles,
    /// More than a client takes that does not read.
    Floods,
    /// What a task sends.
    Produced,
}

/// What is said of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is where it was to be when the client leaves.
    Ready,
    /// Its fence was cut, with these codes.
    Cut(Vec<String>),
    /// It could not read the request.
    Failed,
    /// It was dropped; was `"disconnect"` set?
    Dropped { is_set: bool },
    /// It ran to its end.
    Finished,
    /// The layer tells of a client that left.
    Told(Phase, Fate),
}

impl Event {
    /// The only code is `"disconnect"`.
    pub fn cut() -> Self {
        Self::Cut(vec!["disconnect".to_owned()])
    }
}

pub type Events = mpsc::UnboundedReceiver<Event>;

/// What the handler and its test share.
#[derive(Clone)]
pub struct Report {
    events: mpsc::UnboundedSender<Event>,
    release: Arc<Notify>,
}

impl Report {
    pub fn new() -> (Self, Events) {
        let (events, seen) = mpsc::unbounded_channel();
        let release = Arc::default();
        (Self { events, release }, seen)
    }

    pub fn say(&self, event: Event) {
        // A test that has seen enough is gone.
        let _ = self.events.send(event);
    }

    /// Lets the handler end.
    pub fn release(&self) {
        self.release.notify_one();
    }

    pub async fn released(&self) {
        self.release.notified().await;
    }

    /// Says what the layer tells.
    pub fn told_by(&self, layer: FenceLayer) -> FenceLayer {
        let report = self.clone();
        layer.on_disconnect(move |left| report.say(Event::Told(left.phase, left.fate)))
    }

    /// Says how the handler of this request ends.
    pub fn ending(&self) -> Ending {
        Ending {
            report: self.clone(),
            fence: RequestFence::current(),
            has_finished: false,
        }
    }
}

/// Says that it was dropped, unless it has finished.
pub struct Ending {
    report: Report,
    fence: Option<RequestFence>,
    has_finished: bool,
}

impl Ending {
    pub fn finish(&mut self) {
        self.has_finished = true;
        self.report.say(Event::Finished);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let is_set = |fence: &RequestFence| fence.disconnect().is_set();
        let is_set = self.fence.as_ref().is_some_and(is_set);
        if !self.has_finished {
            self.report.say(Event::Dropped { is_set });
        }
    }
}

/// Answers a request as `does` says.
pub async fn answer(does: Does, report: Report, request: Request) -> Response {
    match does {
        Does::Streams(stream) => crate::streams::response(stream, report),
        Does::Extracts => extract(report, request).await,
        _ => fence(does, report, request).await,
    }
}

async fn extract(report: Report, request: Request) -> Response {
    let mut ending = report.ending();
    report.say(Event::Ready);
    let extracted = Bytes::from_request(request, &()).await;
    if let Err(rejection) = extracted {
        report.say(Event::Failed);
        ending.finish();
        return rejection.into_response();
    }
    report.released().await;
    ending.finish();
    StatusCode::OK.into_response()
}

/// What it does may be cut; the rest of the handler may not.
async fn fence(does: Does, report: Report, request: Request) -> Response {
    let mut ending = report.ending();
    let worked = Fencing::current().run(work(does, &report, request)).await;
    match &worked {
        Fenced::Completed(Ok(_)) => {}
        Fenced::Completed(Err(_)) => {
            report.say(Event::Failed);
            report.released().await;
        }
        Fenced::Cancelled(why) => {
            let codes = why.reasons().iter().map(|why| why.code().to_owned());
            report.say(Event::Cut(codes.collect()));
            if does == Does::Saves {
                report.released().await;
            }
        }
    }
    // It may be dropped here, as at any await.
    tokio::task::yield_now().await;
    drop(worked);
    ending.finish();
    "answer".into_response()
}

/// Returns what it still holds.
async fn work(
    does: Does,
    report: &Report,
    request: Request,
) -> Result<Option<Request>, axum::Error> {
    let mut held = None;
    match does {
        Does::Holds => held = Some(request),
        Does::HasRead => read(request.into_body()).await?,
        Does::Reads => {
            let mut body = request.into_body();
            body.frame().await.transpose()?;
            report.say(Event::Ready);
            read(body).await?;
            return Ok(None);
        }
        _ => drop(request),
    }
    report.say(Event::Ready);
    report.released().await;
    Ok(held)
}

async fn read(mut body: Body) -> Result<(), axum::Error> {
    while body.frame().await.transpose()?.is_some() {}
    Ok(())
}

/// The next event, which is to come.
pub async fn next(events: &mut Events) -> Event {
    let event = timeout(WATCHDOG, events.recv()).await;
    event
        .expect("something happens")
        .expect("the handler is there")
}

pub async fn ready(events: &mut Events) {
    assert_eq!(next(events).await, Event::Ready);
}
