//! One request and its answer: what their parts share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use super::departure::{Departure, Fate, Phase};
use super::detached::Detached;
use super::request::RequestFence;
use super::seat::Rest;
use super::settings::Settings;
use super::span::Span;
use crate::trigger::Event;

/// Shared by the response future and both bodies.
pub(crate) struct Exchange {
    pub(crate) settings: Arc<Settings>,
    pub(crate) detached: Detached,
    pub(crate) fence: RequestFence,
    pub(crate) span: Span,
    method: http::Method,
    uri: http::Uri,
    /// Only for a departure that somebody wants to know of.
    extensions: http::Extensions,
    start: Instant,
    /// The client has left, as far as anybody noticed: the code, and when.
    left: OnceLock<(&'static str, Instant)>,
    /// Once is enough.
    is_told: AtomicBool,
}

impl Exchange {
    pub(crate) fn new<B>(
        settings: Arc<Settings>,
        detached: Detached,
        fence: RequestFence,
        request: &http::Request<B>,
    ) -> Arc<Self> {
        let is_told = settings.on_disconnect.is_some();
        let extensions = is_told.then(|| request.extensions().clone());
        Arc::new(Self {
            extensions: extensions.unwrap_or_default(),
            settings,
            detached,
            fence,
            span: Span::current(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            start: Instant::now(),
            left: OnceLock::new(),
            is_told: AtomicBool::new(false),
        })
    }

    /// The client has left, or the server has dropped the request for it: nobody waits for the
    /// answer any more. Returns why.
    pub(crate) fn leave(&self, why: &'static str) -> &'static str {
        // Also when something else came first: what declines that may still obey this.
        self.fence.disconnect.set_internally(why);
        let has_passed = |at: Instant| at <= Instant::now();
        let code = if self.fence.deadline.is_some_and(has_passed) {
            "deadline"
        } else if self.settings.shutdown.as_ref().is_some_and(Event::is_set) {
            "shutdown"
        } else {
            super::request::DISCONNECT
        };
        if self.left.set((code, Instant::now())).is_ok() {
            self.detached.depart();
        }
        code
    }

    /// Whether anybody has noticed that the client left.
    pub(crate) fn has_left(&self) -> bool {
        self.left.get().is_some()
    }

    /// What was going on has ended where it was; tells of the client if it has left meanwhile, and
    /// nobody else has told of it.
    pub(crate) fn end(&self, phase: Phase) {
        if let Some((code, since)) = self.left.get() {
            self.tell(phase, code, *since, Fate::Finished);
        }
    }

    /// Runs what is left of the request by itself, and tells of it in the end.
    pub(crate) fn detach(self: &Arc<Self>, phase: Phase, code: &'static str, rest: Rest) {
        let (this, since) = (self.clone(), Instant::now());
        let tell = move |fate| this.tell(phase, code, since, fate);
        let Settings {
            max_detached,
            grace,
            ..
        } = *self.settings;
        self.detached.run(max_detached, grace, rest, Box::new(tell));
    }

    /// Tells that the client has left, now that everything has ended.
    pub(crate) fn tell(&self, phase: Phase, code: &'static str, since: Instant, fate: Fate) {
        let Some(on_disconnect) = &self.settings.on_disconnect else {
            return;
        };
        if self.is_told.swap(true, Ordering::AcqRel) {
            return;
        }
        let departure = Departure {
            method: self.method.clone(),
            uri: self.uri.clone(),
            extensions: self.extensions.clone(),
            code,
            phase,
            after: since - self.start,
            detached_for: since.elapsed(),
            fate,
        };
        self.span.within(|| on_disconnect(&departure));
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == http::Method::HEAD
    }
}

/// How long before the deadline that the client asked for ours is, so that it is our answer that
/// it gets.
pub(crate) const MARGIN: Duration = Duration::from_millis(2);
