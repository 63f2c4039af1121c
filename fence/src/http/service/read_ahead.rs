//! Reading a body ahead of its handler, and the server's part in finding out whether it has ended.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Context;

use http_body::Body;

use super::reader::{ASKS_BEFORE_END, Read, Reader};

/// How much more than what it reads ahead it throws away for a handler that has dropped the body.
const DISCARD_FACTOR: usize = 4;

/// The server's part in reading a body, for as long as it waits for the answer or sends it.
pub(crate) struct ReadAhead(pub(super) Arc<dyn Ahead>);

impl ReadAhead {
    /// The server asks for the answer, or for more of it.
    pub(crate) fn ask(&self) {
        self.0.ask();
    }

    /// There is none yet: reads ahead of the handler, as far as it may.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) {
        self.0.poll_ahead(cx);
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

pub(crate) trait Ahead: Send + Sync {
    /// The server asks for the answer, before the handler is polled for it.
    fn ask(&self);

    /// The handler had none.
    fn poll_ahead(&self, cx: &mut Context<'_>);

    /// The server asks no more.
    fn let_go(&self);
}

impl<B> Ahead for Reader<B>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    fn ask(&self) {
        if !self.is_doubted.load(Ordering::Acquire) {
            return;
        }
        if let Some(asked) = &mut self.state().unconfirmed_end {
            *asked = asked.saturating_add(1);
        }
        self.exchange.wakers.handler.wake();
    }

    fn poll_ahead(&self, cx: &mut Context<'_>) {
        self.exchange.wakers.watcher.set(cx.waker());
        if self.is_doubted.load(Ordering::Acquire) {
            let asked = self.state().unconfirmed_end;
            if asked.is_some_and(|asked| asked < ASKS_BEFORE_END) {
                cx.waker().wake_by_ref();
            }
        }
        while let Some(body) = self.take_to_read_ahead() {
            let discarded = self.read(body, |state, frame| {
                if state.is_forgotten {
                    state.queue.discard(&frame);
                    return Some(frame);
                }
                state.queue.push(frame);
                None
            });
            match discarded {
                Read::Frame(discarded) => drop(discarded),
                Read::Nothing => return,
                Read::End => {}
            }
            self.exchange.wakers.handler.wake();
        }
    }

    fn let_go(&self) {
        if !self.is_framed {
            return;
        }
        let mut state = self.state();
        state.is_watched = false;
        let Some(asked) = &mut state.unconfirmed_end else {
            return;
        };
        *asked = ASKS_BEFORE_END;
        drop(state);
        self.exchange.wakers.handler.wake();
    }
}

impl<B: Body> Reader<B> {
    /// The body, if it may be read ahead.
    fn take_to_read_ahead(&self) -> Option<Pin<Box<B>>> {
        let mut state = self.state();
        if state.end.is_some() || self.limit == 0 {
            return None;
        }
        let may_read = if state.is_forgotten {
            let limit = self.limit.saturating_mul(DISCARD_FACTOR);
            state.queue.may_discard(limit)
        } else {
            state.queue.has_room(self.limit)
        };
        let body = if may_read { state.body.take() } else { None };
        state.is_stalled = body.is_none();
        body
    }
}
