//! What the macros expand to. Nothing in here is stable.

pub use fence_macros::__fenced_block;

pub use crate::macros::call_site::{Site, Written};
pub use crate::macros::in_place::{Block, Body, End, Value, left, value};
pub use crate::macros::lint;
pub use crate::macros::option;
pub use crate::util::Returns;

use std::borrow::Cow;
use std::panic::Location;
use std::time::Duration;

use crate::engine::{Core, Fence, Inherit, InlineSources, Phase, Plain, Try};
use crate::fencing::{Amend, Fencing};
use crate::macros::call_site::{At, Name};
use crate::macros::sources::Slot;
use crate::trigger::{Event, Limit, Span, Time, Trigger, When};

/// The options of one fence, in the text of a program.
#[derive(Debug)]
#[must_use]
pub struct Options<S> {
    own: S,
    inherit: bool,
}

/// No options: a fence under the bound set.
pub fn options() -> Options<()> {
    Options {
        own: (),
        inherit: true,
    }
}

/// Nothing but a name.
pub fn named(name: &'static str) -> Options<Name> {
    options().with(|()| Name(name))
}

/// Options that are known at compile time.
#[inline]
#[track_caller]
pub fn at<const T: usize, const E: usize>(
    site: &'static Site,
    name: &'static str,
    times: [Written; T],
    events: [&'static str; E],
) -> Options<At> {
    let at = site.at(name, times, events);
    options().with(|()| at)
}

impl<S: InlineSources> Options<S> {
    /// A length of time that every run of this fence gets the whole of: a `Duration`.
    #[track_caller]
    pub fn timeout(self, code: &'static str, limit: impl Limit) -> Options<(S, Time)> {
        self.time(code, Span::Timeout(limit.limit().unwrap_or(Duration::MAX)))
    }

    /// A length of time that starts with the fence and that everything below spends from.
    #[track_caller]
    pub fn budget(self, code: &'static str, limit: impl Limit) -> Options<(S, Time)> {
        self.time(code, Span::Budget(limit.limit().unwrap_or(Duration::MAX)))
    }

    /// A point in time: an `Instant`.
    #[track_caller]
    pub fn deadline(self, code: &'static str, at: impl When) -> Options<(S, Time)> {
        let never = Span::Budget(Duration::MAX);
        self.time(code, at.when().map_or(never, Span::deadline))
    }

    /// A length of time in which some progress has to be made.
    #[track_caller]
    pub fn idle(self, code: &'static str, limit: impl Limit) -> Options<(S, Amend)> {
        let limit = limit.limit().unwrap_or(Duration::MAX);
        let idle = Amend::idle(Cow::Borrowed(code), limit);
        self.with(|own| (own, idle))
    }

    /// A trigger, which is borrowed and not moved.
    pub fn on<T: Trigger + ?Sized>(self, code: &'static str, trigger: &T) -> Options<(S, Slot)> {
        self.with(|own| (own, Slot::of(code, trigger)))
    }

    /// The name of the fence, for messages.
    pub fn name(self, name: &'static str) -> Options<(S, &'static str)> {
        self.with(|own| (own, name))
    }

    /// Whether the fence extends the bound set (the default) or starts from an empty one.
    pub fn inherit(self, inherit: bool) -> Self {
        Self { inherit, ..self }
    }

    /// How long the body has once the fence has fired.
    pub fn grace(self, time: impl Limit) -> Options<(S, Amend)> {
        let grace = time.limit().map_or(Amend::Cooperative, Amend::Grace);
        self.with(|own| (own, grace))
    }

    /// The body is never cut.
    pub fn cooperative(self) -> Options<(S, Amend)> {
        self.with(|own| (own, Amend::Cooperative))
    }

    /// A cancellation goes up.
    pub fn linked(self) -> Options<(S, Amend)> {
        self.with(|own| (own, Amend::Linked))
    }

    /// How long the cleanups have.
    pub fn cleanup(self, limit: impl Limit) -> Options<(S, Amend)> {
        let limit = limit.limit().unwrap_or(Duration::MAX);
        self.with(|own| (own, Amend::Cleanup(limit)))
    }

    /// Declines what fires under a code while the condition holds.
    pub fn unless(
        self,
        code: &'static str,
        condition: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Options<(S, Amend)> {
        self.with(|own| (own, Amend::unless(Cow::Borrowed(code), condition)))
    }

    #[track_caller]
    fn time(self, code: &'static str, span: Span) -> Options<(S, Time)> {
        let time = Time {
            code: Cow::Borrowed(code),
            span,
            location: Location::caller(),
        };
        self.with(|own| (own, time))
    }

    fn with<L>(self, extend: impl FnOnce(S) -> L) -> Options<L> {
        Options {
            own: extend(self.own),
            inherit: self.inherit,
        }
    }

    fn core(self) -> Core<S> {
        let extends = if self.inherit {
            Inherit::Bound
        } else {
            Inherit::BoundNames
        };
        let mut core = Core::new(Fencing::new(), self.own);
        core.state.set_phase(Phase::Waiting(extends));
        core
    }
}

impl<S> Options<(S, Slot)> {
    /// The code of the trigger that was given last.
    pub fn code(mut self, code: &'static str) -> Self {
        self.own.1.rename(code);
        self
    }
}

/// The fence of `#[fenced]` and `fenced!`.
pub fn fence<F: IntoFuture, S: InlineSources>(
    options: Options<S>,
    body: F,
) -> Fence<F::IntoFuture, S, Plain> {
    Fence::from_core(options.core(), body.into_future())
}

/// The fence of `#[fenced(try)]`.
pub fn fence_try<F: IntoFuture, S: InlineSources>(
    options: Options<S>,
    body: F,
) -> Fence<F::IntoFuture, S, Try> {
    Fence::from_core(options.core(), body.into_future())
}

/// What [`spawn`](crate::spawn) spawns, for tests that poll it by hand.
pub fn enclosed<F: Future>(future: F) -> crate::context::Bound<Fence<F>> {
    crate::tasks::SpawnContext::here().enclose(future).0
}

/// How many wait for an event, for tests that nothing is left behind.
#[must_use]
pub fn waiters(event: &Event) -> usize {
    event.latch().waiters.len()
}
