//! A fence: what it keeps, what it looks at, and in which order.

mod arming;
pub(crate) mod blocking;
mod decision;
mod engine;
mod fence;
mod first_poll;
pub(crate) mod frames;
mod handle;
mod poll;
mod record;
mod state;
#[cfg(feature = "stream")]
mod stream;
mod teardown;
mod usual;

pub(crate) use engine::Core;
pub use fence::Fence;
pub(crate) use fence::{Plain, Try};
pub(crate) use frames::binding::Binding;
#[cfg(feature = "tower")]
pub(crate) use frames::binding::Owner;
#[cfg(feature = "tower")]
pub(crate) use frames::current::{owner, within_bound};
pub use handle::{DropGuard, Handle};
pub(crate) use state::blocked::Blocked;
pub(crate) use state::hold::Hold;
pub(crate) use state::inline_sources::InlineSources;
pub(crate) use state::phase::{Inherit, Phase};
pub(crate) use state::shared::Shared;
pub use state::shared::State;
#[cfg(feature = "stream")]
pub use stream::{FencedStream, UntilCancelled};
