//! One reader of a request's body for two who want to know of it: the handler, and the server,
//! which watches for the client to leave while it waits for the answer and sends it.
//!
//! 1. The body is out of `State` while it is polled: no lock is held meanwhile (D26). Whoever finds
//!    it out waits. What became of the frame is settled under the lock that puts the body back.
//! 2. It is always polled with a waker that wakes both, so that whoever polled last may go away.
//! 3. After its end the body is dropped, and never polled again. An error is told once.
//! 4. A body whose length was stated has ended when it has come to that length, and not before.
//! 5. Any other HTTP/2 body may seem to end well that has not been sent to its end: hyper takes a
//!    stream that was reset without an error, and a connection that it gave up, for a complete one,
//!    and HAProxy passes a client that left on as an end with a reset right behind it. The server
//!    drops such a request when it asks for more of the answer the next time, so the body has not
//!    ended before the server has asked twice (`unconfirmed_end`). Where nobody asks any more, the
//!    end is believed, but for one that hyper itself shows to be none (`is_reset`).

use std::any::Any;
use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use super::Next;
use super::body_error::BodyError;
use super::exchange::Exchange;
use super::queue::Queue;
use crate::util::unpoisoned;

/// How often the server asks before an end is one (5).
pub(super) const ASKS_BEFORE_END: u32 = 2;

pub(crate) struct Reader<B: Body> {
    state: Mutex<State<B>>,
    pub(super) exchange: Arc<Exchange>,
    /// Wakes both (2).
    waker: Waker,
    pub(super) limit: usize,
    pub(super) is_framed: bool,
    /// Whether there is an `unconfirmed_end`.
    pub(super) is_doubted: AtomicBool,
}

pub(super) struct State<B: Body> {
    /// Out while it is polled; gone after its end.
    pub(super) body: Option<Pin<Box<B>>>,
    pub(super) queue: Queue<B::Data>,
    /// An error is there until it is told (3).
    pub(super) end: Option<Result<(), BodyError>>,
    /// It seemed to end well, and the server has asked so often since (5).
    pub(super) unconfirmed_end: Option<u32>,
    /// The server still asks for the answer.
    pub(super) is_watched: bool,
    /// The handler has dropped its part.
    pub(super) is_forgotten: bool,
    /// Who reads ahead waits for the handler to make room, or to put the body back.
    pub(super) is_stalled: bool,
    /// How much is to come, if that was stated (4).
    owed: Option<u64>,
    hint: SizeHint,
}

/// What reading led to.
pub(super) enum Read<K> {
    Frame(K),
    Nothing,
    /// See what became of the body.
    End,
}

impl<B: Body> Reader<B> {
    /// `is_framed` is for the body of an HTTP/2 request.
    pub(crate) fn new(body: B, exchange: Arc<Exchange>, limit: usize, is_framed: bool) -> Self {
        let hint = body.size_hint();
        Self {
            state: Mutex::new(State {
                body: Some(Box::pin(body)),
                queue: Queue::new(),
                end: None,
                unconfirmed_end: None,
                is_watched: true,
                is_forgotten: false,
                is_stalled: false,
                owed: hint.exact(),
                hint,
            }),
            waker: Waker::from(exchange.clone()),
            exchange,
            limit,
            is_framed,
            is_doubted: AtomicBool::new(false),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<B>> {
        unpoisoned(self.state.lock())
    }

    /// The handler reads no more.
    pub(crate) fn forget(&self) {
        let mut state = self.state();
        state.is_forgotten = true;
        let (frames, has_ended) = (state.queue.clear(), state.end.is_some());
        drop(state);
        drop(frames);
        if !has_ended {
            self.exchange.wakers.watcher.wake();
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        let state = self.state();
        let body = state.body.as_ref().filter(|_| !self.is_framed);
        let is_read = body.is_some_and(|body| body.is_end_stream()) && !state.is_short();
        state.queue.is_empty() && (matches!(state.end, Some(Ok(()))) || is_read)
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.state().hint
    }
}

impl<B: Body> State<B> {
    /// Whether less has come than was stated (4).
    fn is_short(&self) -> bool {
        self.owed.is_some_and(|owed| owed > 0)
    }

    /// A frame has come.
    fn receive(&mut self, frame: &Frame<B::Data>) {
        self.owed = self.owed.map(|owed| owed.saturating_sub(length(frame)));
    }

    /// A frame goes to the handler: whether to wake who waits for that.
    fn hand_out(&mut self, frame: &Frame<B::Data>) -> bool {
        self.hint = shorter(&self.hint, length(frame));
        std::mem::take(&mut self.is_stalled)
    }
}

impl<B> Reader<B>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    /// The next frame for the handler.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Next<B::Data, BodyError> {
        self.exchange.wakers.handler.set(cx.waker());
        loop {
            let mut state = self.state();
            if let Some(frame) = state.queue.pop() {
                let is_awaited = state.hand_out(&frame);
                drop(state);
                return self.give(frame, is_awaited);
            }
            self.settle(&mut state);
            if let Some(end) = &mut state.end {
                return Poll::Ready(std::mem::replace(end, Ok(())).err().map(Err));
            }
            let Some(body) = state.body.take() else {
                return Poll::Pending;
            };
            drop(state);
            // Nobody else reads meanwhile: it is the next frame.
            let next = self.read(body, |state, frame| {
                let is_awaited = state.hand_out(&frame);
                (frame, is_awaited)
            });
            match next {
                Read::Frame((frame, is_awaited)) => return self.give(frame, is_awaited),
                Read::Nothing => return Poll::Pending,
                Read::End => {}
            }
        }
    }

    fn give(&self, frame: Frame<B::Data>, is_awaited: bool) -> Next<B::Data, BodyError> {
        if is_awaited {
            self.exchange.wakers.watcher.wake();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    /// Makes up its mind about a body that seems to have ended well (5).
    fn settle(&self, state: &mut State<B>) {
        let Some(asked) = state.unconfirmed_end.filter(|_| state.end.is_none()) else {
            return;
        };
        if self.exchange.has_left() {
            state.end = Some(Err(BodyError::left()));
        } else if asked >= ASKS_BEFORE_END {
            state.end = Some(Ok(()));
        }
    }

    /// Reads one frame from the body that was taken out, and puts that back; `keep` sees to the
    /// frame before anybody can read the next.
    pub(super) fn read<K>(
        &self,
        mut body: Pin<Box<B>>,
        keep: impl FnOnce(&mut State<B>, Frame<B::Data>) -> K,
    ) -> Read<K> {
        let mut cx = Context::from_waker(&self.waker);
        match body.as_mut().poll_frame(&mut cx) {
            Poll::Pending => {
                self.state().body = Some(body);
                Read::Nothing
            }
            Poll::Ready(Some(Ok(frame))) => {
                let mut state = self.state();
                state.body = Some(body);
                state.receive(&frame);
                Read::Frame(keep(&mut state, frame))
            }
            Poll::Ready(Some(Err(error))) => self.finish(Err(BodyError::of(error))),
            Poll::Ready(None) => self.doubt(&body),
        }
    }

    /// The body says that it has ended well.
    fn doubt<K>(&self, body: &Pin<Box<B>>) -> Read<K> {
        if !self.is_framed || self.state().owed.is_some() {
            let is_short = self.state().is_short();
            return self.finish(if is_short {
                Err(BodyError::left())
            } else {
                Ok(())
            });
        }
        // A stream that is reset forgets that its end had come.
        let is_reset = is_reset(&**body) || (self.exchange.has_left() && !body.is_end_stream());
        let mut state = self.state();
        // Otherwise nobody asks any more who could tell.
        if is_reset || !state.is_watched {
            drop(state);
            return self.finish(if is_reset {
                Err(BodyError::left())
            } else {
                Ok(())
            });
        }
        state.unconfirmed_end = Some(0);
        drop(state);
        self.is_doubted.store(true, Ordering::Release);
        self.waker.wake_by_ref();
        Read::Nothing
    }

    fn finish<K>(&self, end: Result<(), BodyError>) -> Read<K> {
        // Fired before anybody reads the error.
        if end.as_ref().is_err_and(BodyError::has_left) {
            let why = "the client left while it sent its request";
            self.exchange.leave(why);
        }
        self.state().end = Some(end);
        Read::End
    }
}

/// Whether a body that has ended was reset: hyper's own says whether it has seen the end.
fn is_reset<B: Body + 'static>(body: &B) -> bool {
    let body = (body as &dyn Any).downcast_ref::<hyper::body::Incoming>();
    body.is_some_and(|body| !body.is_end_stream())
}

fn length<D: Buf>(frame: &Frame<D>) -> u64 {
    let bytes = frame.data_ref().map_or(0, Buf::remaining);
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// What is left of a body after so many bytes.
fn shorter(hint: &SizeHint, bytes: u64) -> SizeHint {
    let mut left = SizeHint::new();
    if let Some(upper) = hint.upper() {
        left.set_upper(upper.saturating_sub(bytes));
    }
    left.set_lower(hint.lower().saturating_sub(bytes));
    left
}
