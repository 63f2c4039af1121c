//! What may fire: the trait, events, tokens, time.

#[cfg(feature = "tokio-util")]
mod cancellation_token;
pub(crate) mod check_cache;
mod event;
mod idle;
mod latch;
#[cfg(all(test, fence_loom))]
mod loom_models;
mod source;
mod time;
mod trigger;
mod waiters;

pub use event::{Event, Wait};
pub(crate) use idle::IdleLimit;
pub(crate) use latch::{Latch, fired_here, note_fired_here};
pub(crate) use source::{Entry, Parent, Source, SourceKind, asked};
pub(crate) use time::Time;
pub(crate) use time::{Earliest, Span, earliest, has_passed};
pub use time::{Limit, When};
pub use trigger::{FiringFuture, Trigger};
pub(crate) use waiters::{Key, Waiters};
