//! One reader of a request's body for two who want to know of it: the handler, and the response
//! future, which watches for the client to leave.
//!
//! 1. The body is out of `State` while it is polled: no lock is held meanwhile (D26). Whoever finds
//!    it out waits.
//! 2. It is always polled with a waker that wakes both, so that whoever polled last may go away.
//! 3. After its end the body is dropped, and never polled again.
//! 4. An HTTP/2 body may seem to end well that has not been sent to its end: hyper takes a stream
//!    that was reset without an error, and a connection that it gave up, for a complete one. The
//!    server drops such a request when it asks for the answer the next time, so the body has not
//!    ended before the server has asked twice.

use std::collections::VecDeque;
use std::error::Error;
use std::io::ErrorKind::UnexpectedEof;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};

use super::Next;
use super::body_error::BodyError;
use super::exchange::Exchange;
use super::read_ahead::Ahead;

/// How much more than what it reads ahead it throws away for a handler that has dropped the body.
const DISCARDED: usize = 4;

/// How often the server asks before an end is one (4).
const ENOUGH: u32 = 2;

pub(crate) struct Reader<B: Body> {
    state: Mutex<State<B>>,
    wakers: Arc<Both>,
    exchange: Arc<Exchange>,
    limit: usize,
    is_framed: bool,
}

struct State<B: Body> {
    /// Out while it is polled; gone after its end.
    body: Option<Pin<Box<B>>>,
    frames: VecDeque<Frame<B::Data>>,
    /// How many bytes are in them, or were thrown away.
    held: usize,
    end: Option<Result<(), BodyError>>,
    /// It seemed to end well, and the server has asked so often since (4).
    doubt: Option<u32>,
    /// The server still asks for the answer.
    is_watched: bool,
    /// The handler has dropped its part.
    is_forgotten: bool,
    hint: SizeHint,
}

impl<B: Body> Reader<B> {
    /// `is_framed` is for the body of an HTTP/2 request.
    pub(crate) fn new(body: B, exchange: Arc<Exchange>, limit: usize, is_framed: bool) -> Self {
        Self {
            state: Mutex::new(State {
                hint: body.size_hint(),
                body: Some(Box::pin(body)),
                frames: VecDeque::new(),
                held: 0,
                end: None,
                doubt: None,
                is_watched: true,
                is_forgotten: false,
            }),
            wakers: Arc::default(),
            exchange,
            limit,
            is_framed,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        locked(&self.state)
    }

    /// Whether the server has to ask for the answer again (4).
    fn is_asked_again(&self) -> bool {
        let mut state = self.state();
        let asked = state.doubt.as_mut().filter(|asked| **asked < ENOUGH);
        asked.is_some_and(|asked| {
            *asked += 1;
            true
        })
    }

    /// The handler reads no more.
    pub(crate) fn forget(&self) {
        let frames = {
            let mut state = self.state();
            state.is_forgotten = true;
            std::mem::take(&mut state.frames)
        };
        drop(frames);
        self.wakers.watcher.wake();
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        let state = self.state();
        let is_read = || state.body.as_ref().is_some_and(|body| body.is_end_stream());
        state.frames.is_empty() && (matches!(state.end, Some(Ok(()))) || is_read())
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.state().hint
    }
}

impl<B> Reader<B>
where
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>>,
{
    /// The next frame for the handler.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Next<B::Data, BodyError> {
        self.wakers.handler.set(cx.waker());
        loop {
            let next = self.take();
            if next.is_ready() {
                self.wakers.watcher.wake();
                return next;
            }
            if !self.read() {
                return Poll::Pending;
            }
        }
    }

    /// What has been read already.
    fn take(&self) -> Next<B::Data, BodyError> {
        let mut state = self.state();
        if let Some(frame) = state.frames.pop_front() {
            let bytes = size(&frame);
            state.held -= bytes;
            state.hint = shorter(&state.hint, bytes);
            return Poll::Ready(Some(Ok(frame)));
        }
        self.settle(&mut state);
        match &state.end {
            Some(end) => Poll::Ready(end.clone().err().map(Err)),
            None => Poll::Pending,
        }
    }

    /// Makes up its mind about a body that seems to have ended well (4).
    fn settle(&self, state: &mut State<B>) {
        let Some(asked) = state.doubt.filter(|_| state.end.is_none()) else {
            return;
        };
        if self.exchange.has_left() {
            let broken = std::io::Error::from(UnexpectedEof);
            state.end = Some(Err(BodyError::of(broken)));
        } else if asked >= ENOUGH {
            state.end = Some(Ok(()));
        }
    }

    /// Reads one frame: whether that led anywhere.
    fn read(&self) -> bool {
        let Some(mut body) = self.state().body.take() else {
            return false;
        };
        let waker = Waker::from(self.wakers.clone());
        match body.as_mut().poll_frame(&mut Context::from_waker(&waker)) {
            Poll::Pending => {
                self.state().body = Some(body);
                return false;
            }
            Poll::Ready(Some(Ok(frame))) => self.keep(body, frame),
            Poll::Ready(Some(Err(error))) => self.finish(Err(BodyError::of(error))),
            Poll::Ready(None) if self.is_framed && !body.is_end_stream() => {
                let mut state = self.state();
                state.doubt = Some(if state.is_watched { 0 } else { ENOUGH });
                drop(state);
                waker.wake();
                return false;
            }
            Poll::Ready(None) => self.finish(Ok(())),
        }
        true
    }

    fn keep(&self, body: Pin<Box<B>>, frame: Frame<B::Data>) {
        let mut state = self.state();
        state.body = Some(body);
        state.held += size(&frame);
        if !state.is_forgotten {
            return state.frames.push_back(frame);
        }
        drop(state);
        drop(frame);
    }

    fn finish(&self, end: Result<(), BodyError>) {
        // Fired before anybody reads the error.
        if end.as_ref().is_err_and(BodyError::has_left) {
            self.exchange
                .leave("the client left while it sent its request");
        }
        self.state().end = Some(end);
    }
}

impl<B> Ahead for Reader<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send,
{
    fn poll_ahead(&self, cx: &mut Context<'_>) {
        self.wakers.watcher.set(cx.waker());
        if self.is_asked_again() {
            self.wakers.wake_by_ref();
        }
        loop {
            let is_full = {
                let state = self.state();
                let times = if state.is_forgotten { DISCARDED } else { 1 };
                state.end.is_some() || state.held >= self.limit.saturating_mul(times)
            };
            if is_full || !self.read() {
                return;
            }
            self.wakers.handler.wake();
        }
    }

    fn let_go(&self) {
        let mut state = self.state();
        state.is_watched = false;
        let Some(asked) = &mut state.doubt else {
            return;
        };
        *asked = ENOUGH;
        drop(state);
        self.wakers.handler.wake();
    }
}

fn size<D: Buf>(frame: &Frame<D>) -> usize {
    frame.data_ref().map_or(0, Buf::remaining)
}

/// What is left of a body after so many bytes.
fn shorter(hint: &SizeHint, bytes: usize) -> SizeHint {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let mut left = SizeHint::new();
    if let Some(upper) = hint.upper() {
        left.set_upper(upper.saturating_sub(bytes));
    }
    left.set_lower(hint.lower().saturating_sub(bytes));
    left
}

/// The two who wait for the body.
#[derive(Default)]
struct Both {
    handler: Slot,
    watcher: Slot,
}

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.handler.wake();
        self.watcher.wake();
    }
}

/// A waker, if anybody waits.
#[derive(Default)]
struct Slot(Mutex<Option<Waker>>);

impl Slot {
    fn set(&self, waker: &Waker) {
        // Wakers are user code: cloned and dropped outside of the lock (D26).
        let fresh = Some(waker.clone());
        let before = std::mem::replace(&mut *locked(&self.0), fresh);
        drop(before);
    }

    fn wake(&self) {
        let waker = locked(&self.0).take();
        waker.into_iter().for_each(Waker::wake);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
