//! One request and its answer: what their parts share.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Wake};

use tokio::time::Instant;

use super::departure::{Departure, Fate, Phase};
use super::request::DISCONNECT;
use super::seat::{Rest, Tell};
use super::settings::{BodyDrop, Settings};
use super::span::Span;
use super::time::Limits;
use super::wakers::WakeBoth;
use crate::engine::{Binding, Owner};
use crate::fencing::{Fencing, of_process};
use crate::trigger::{Entry, Event, Trigger};
use crate::util::unpoisoned;

const SHUTDOWN: &str = "shutdown";
const SHUTDOWN_HARD: &str = "shutdown-hard";

/// Shared by the response future and both bodies. Most requests are answered before anybody asks
/// for their sources, so these are made when somebody does.
pub(crate) struct Exchange {
    pub(super) settings: Arc<Settings>,
    /// What is bound around the layer, or what an outer layer of this kind binds.
    around: Fencing,
    limits: Limits,
    pub(super) span: Span,
    pub(super) is_head: bool,
    disconnect: Event,
    /// What is bound around the handler, and around the body of the answer.
    sets: [OnceLock<Fencing>; 2],
    /// The head of the answer is there, or the layer has answered: some limits are over.
    has_answered: AtomicBool,
    /// The time was over before the handler had answered.
    is_overdue: AtomicBool,
    /// Those who wait for the body of the request.
    pub(super) wakers: WakeBoth,
    /// Of a layer of this kind around, which has the same request.
    outer: Option<Arc<Exchange>>,
    /// Of the last layer inside that got the same request.
    inner: Mutex<Weak<Exchange>>,
    has_inner: AtomicBool,
    /// Only for a departure that somebody wants to know of.
    story: Option<Box<Story>>,
    /// The client has left, as far as anybody noticed: the code, and when.
    left: OnceLock<(&'static str, Instant)>,
    /// Once is enough.
    is_told: AtomicBool,
}

/// What there is to tell of a request.
struct Story {
    method: http::Method,
    uri: http::Uri,
    extensions: http::Extensions,
    start: Instant,
}

impl Story {
    fn of<B>(request: &http::Request<B>) -> Box<Self> {
        Box::new(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            extensions: request.extensions().clone(),
            start: Instant::now(),
        })
    }
}

impl Exchange {
    pub(super) fn new<B>(
        settings: Arc<Settings>,
        limits: Limits,
        outer: Option<Arc<Self>>,
        request: &http::Request<B>,
    ) -> Arc<Self> {
        let is_told = settings.on_disconnect.is_some();
        let (around, disconnect) = match &outer {
            Some(outer) => (outer.around_the_inner(), outer.disconnect.clone()),
            None => (Fencing::current(), Event::new()),
        };
        let this = Arc::new(Self {
            story: is_told.then(|| Story::of(request)),
            settings,
            around,
            limits,
            span: Span::current(),
            is_head: request.method() == http::Method::HEAD,
            disconnect,
            sets: [const { OnceLock::new() }; 2],
            has_answered: AtomicBool::new(false),
            is_overdue: AtomicBool::new(false),
            wakers: WakeBoth::default(),
            outer,
            inner: Mutex::default(),
            has_inner: AtomicBool::new(false),
            left: OnceLock::new(),
            is_told: AtomicBool::new(false),
        });
        if let Some(outer) = &this.outer {
            *unpoisoned(outer.inner.lock()) = Arc::downgrade(&this);
            outer.has_inner.store(true, Ordering::Release);
        }
        this
    }

    /// That of the layer inside which is nearest to the handler, if there is one.
    fn innermost(&self) -> Option<Arc<Self>> {
        if !self.has_inner.load(Ordering::Acquire) {
            return None;
        }
        let inner = unpoisoned(self.inner.lock()).upgrade()?;
        Some(inner.innermost().unwrap_or(inner))
    }

    /// What the layer inside builds on: what is bound where it is called, unless that is in a task
    /// which knows nothing of the request.
    fn around_the_inner(self: &Arc<Self>) -> Fencing {
        let here = crate::engine::owner().map(Owner::into_any);
        let is_known =
            here.is_some_and(|here| std::ptr::addr_eq(Arc::as_ptr(&here), Arc::as_ptr(self)));
        if is_known {
            Fencing::current()
        } else {
            self.fencing().clone()
        }
    }

    /// What is bound: around the handler, and once it has answered, around the body.
    pub(super) fn fencing(&self) -> &Fencing {
        let has_answered = self.has_answered();
        let limit = self.limit();
        let stage = usize::from(has_answered && limit != self.limits.head);
        self.sets[stage].get_or_init(|| self.make_set(stage == 1, limit))
    }

    fn make_set(&self, is_body: bool, limit: Option<Instant>) -> Fencing {
        let around = match self.outer.as_ref().filter(|_| is_body) {
            Some(outer) => outer.fencing().clone(),
            None => self.around.clone(),
        };
        let hard = self.settings.shutdown_hard.as_ref().map(|event| Entry {
            code: SHUTDOWN_HARD.into(),
            source: event.source(),
        });
        let meaning = || around.meaning(SHUTDOWN_HARD).cloned();
        let hard = hard.or_else(meaning);
        let hard = hard.unwrap_or_else(|| of_process(SHUTDOWN_HARD));
        let mut set = around.on(DISCONNECT, &self.disconnect);
        set.add(hard);
        if let Some(event) = &self.settings.shutdown {
            set = set.offer(SHUTDOWN, event);
        }
        set.deadline(limit)
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn disconnect(&self) -> &Event {
        &self.disconnect
    }

    /// By when what is going on has to be over.
    pub(super) fn limit(&self) -> Option<Instant> {
        let Limits { head, body } = self.limits;
        if self.has_answered() { body } else { head }
    }

    /// Whether the layer ends a body that is still being sent when its time is over.
    pub(super) fn ends_body(&self) -> bool {
        self.settings.respond_by.is_some() && self.limits.body.is_some()
    }

    /// Whether less is bound around the body of the answer than around the handler.
    pub(super) fn has_limits_of_the_head(&self) -> bool {
        self.limits.head != self.limits.body
    }

    fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Acquire)
    }

    /// The head of the answer is there: what limits it alone is over.
    pub(super) fn answer(&self) {
        self.has_answered.store(true, Ordering::Release);
    }

    /// The time is over, and the layer answers in place of the handler, which reads no more of the
    /// request.
    pub(super) fn answer_overdue(&self) {
        self.is_overdue.store(true, Ordering::Release);
        self.wakers.handler.wake();
    }

    /// By when the body of the request is to be read. Where the layer answers by itself, that is when
    /// it has: before, the handler would answer for a body that it cannot read.
    pub(super) fn reading_limit(&self) -> Option<Instant> {
        let is_left_to_layer = self.settings.respond_by.is_some() && !self.has_answered();
        self.limit().filter(|_| !is_left_to_layer)
    }

    /// Whether the layer has answered in place of the handler; wakes who reads when it has.
    pub(super) fn is_overdue_for(&self, cx: &mut Context<'_>) -> bool {
        if self.outer.is_some() {
            self.wakers.handler.set(cx.waker());
        }
        self.is_overdue()
    }

    /// Whether an outer layer of this kind has the same request.
    pub(super) fn is_inner(&self) -> bool {
        self.outer.is_some()
    }

    /// Whether that has happened, here or in a layer of this kind around.
    fn is_overdue(&self) -> bool {
        let outer = || self.outer.as_ref().is_some_and(|outer| outer.is_overdue());
        self.is_overdue.load(Ordering::Acquire) || outer()
    }
}

/// Departures.
impl Exchange {
    /// The client has left, or the server has dropped the request for it: nobody waits for the
    /// answer any more. Returns why.
    pub(super) fn leave(&self, why: &'static str) -> &'static str {
        // Also when something else came first: what declines that may still obey this.
        self.disconnect.set_internally(why);
        if let Some(outer) = &self.outer {
            return outer.leave(why);
        }
        let has_passed = |at: Instant| at <= Instant::now();
        let code = if self.limit().is_some_and(has_passed) {
            "deadline"
        } else if self.shuts_down() {
            SHUTDOWN
        } else {
            DISCONNECT
        };
        if self.left.set((code, Instant::now())).is_ok() {
            self.settings.detached.depart();
        }
        code
    }

    fn shuts_down(&self) -> bool {
        let meaning = || {
            let meaning = self.around.meaning(SHUTDOWN).cloned();
            meaning.unwrap_or_else(|| of_process(SHUTDOWN))
        };
        match &self.settings.shutdown {
            Some(event) => event.is_set(),
            None => meaning().is_latched(),
        }
    }

    fn left(&self) -> Option<&(&'static str, Instant)> {
        match &self.outer {
            Some(outer) => outer.left(),
            None => self.left.get(),
        }
    }

    /// Whether anybody has noticed that the client left.
    pub(super) fn has_left(&self) -> bool {
        self.left().is_some()
    }

    /// Whether a layer of this kind around has left what runs here to itself, and ends it.
    pub(super) fn is_ended_outside(&self) -> bool {
        self.outer.is_some() && (self.has_left() || self.is_overdue())
    }

    /// What was going on has ended where it was; tells of the client if it has left meanwhile, and
    /// nobody else has told of it.
    #[inline]
    pub(super) fn end(&self, phase: Phase) {
        if let Some((code, since)) = self.left() {
            self.tell(phase, code, *since, Fate::Finished);
        }
    }

    /// Runs what is left of the request by itself, and tells of it in the end.
    pub(super) fn detach(self: &Arc<Self>, phase: Phase, code: &'static str, rest: Rest) {
        let (this, since) = (self.clone(), Instant::now());
        let tell = move |fate| this.tell(phase, code, since, fate);
        self.run(rest, Box::new(tell));
    }

    /// Runs the handler on, in place of which the layer has answered.
    pub(super) fn detach_overdue(&self, rest: Rest) {
        self.run(rest, Box::new(|_| ()));
    }

    fn run(&self, rest: Rest, tell: Tell) {
        let inner = self.innermost();
        let own = &self.settings;
        let inner = inner.as_ref().map(|inner| &inner.settings);
        let grace = inner.unwrap_or(own).grace;
        let also = inner.map(|inner| (&inner.detached, inner.max_detached));
        own.detached.run(own.max_detached, grace, rest, tell, also);
    }

    /// How the layer that is nearest to the handler treats bodies whose client leaves.
    pub(super) fn body_drop(&self) -> BodyDrop {
        let inner = self.innermost();
        inner.map_or(self.settings.on_body_drop, |inner| {
            inner.settings.on_body_drop
        })
    }

    /// Tells that the client has left, now that everything has ended: by the outermost layer that
    /// tells anybody.
    pub(super) fn tell(&self, phase: Phase, code: &'static str, since: Instant, fate: Fate) {
        if let Some(outer) = self.outer.as_ref().filter(|outer| outer.tells()) {
            return outer.tell(phase, code, since, fate);
        }
        match (&self.story, unpoisoned(self.inner.lock()).upgrade()) {
            (Some(story), _) => self.tell_of(story, phase, code, since, fate),
            (None, Some(inner)) => inner.tell(phase, code, since, fate),
            (None, None) => {}
        }
    }

    fn tell_of(&self, story: &Story, phase: Phase, code: &'static str, since: Instant, fate: Fate) {
        let Some(on_disconnect) = &self.settings.on_disconnect else {
            return;
        };
        if self.is_told.swap(true, Ordering::AcqRel) {
            return;
        }
        let departure = Departure {
            method: story.method.clone(),
            uri: story.uri.clone(),
            extensions: story.extensions.clone(),
            code,
            phase,
            after: since - story.start,
            detached_for: since.elapsed(),
            fate,
        };
        self.span.within(|| on_disconnect(&departure));
    }

    /// Whether this layer, or one around, tells anybody.
    fn tells(&self) -> bool {
        self.story.is_some() || self.outer.as_ref().is_some_and(|outer| outer.tells())
    }
}

/// The set that is bound around the parts of the request.
impl Owner for Exchange {
    fn make(&self) -> Fencing {
        self.fencing().clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// Wakes whoever waits for the body of the request.
impl Wake for Exchange {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakers.wake();
    }
}

/// That whose set a binding holds.
#[inline]
pub(super) fn of(binding: &Binding) -> Option<&Exchange> {
    binding.owner()?.as_any().downcast_ref()
}

/// That whose set a binding holds, shared.
pub(super) fn shared(binding: &Binding) -> Option<Arc<Exchange>> {
    binding.owner()?.clone().into_any().downcast().ok()
}
