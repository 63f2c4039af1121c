//! Reading a body ahead of its handler.

use std::sync::Arc;
use std::task::Context;

/// Reads a body ahead of the handler, as far as it may, for as long as the server waits.
pub(crate) struct ReadAhead(pub(super) Arc<dyn Ahead>);

impl ReadAhead {
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
    /// The server asks for the answer.
    fn poll_ahead(&self, cx: &mut Context<'_>);

    /// It asks no more.
    fn let_go(&self);
}
