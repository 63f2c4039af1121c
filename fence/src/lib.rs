//! Mark the part of async code that may be interrupted, say by what, and learn why it was.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod ambient;
pub mod block;
mod bound;
mod cancelled;
mod context;
mod engine;
mod event;
mod fence;
mod fencing;
mod fingerprint;
mod flow;
mod future_ext;
mod handle;
mod latch;
#[cfg(all(test, fence_loom))]
mod models;
mod outcome;
mod own;
mod reason;
mod source;
mod sync;
mod timer;
mod times;
#[cfg(feature = "tokio-util")]
mod token;
mod trigger;
mod waiters;
mod watch;

pub use fence_macros::fenced;

pub use crate::ambient::{Checkpoint, checkpoint, current, deadline, remaining};
pub use crate::bound::{Bound, detached};
pub use crate::cancelled::Cancelled;
pub use crate::event::{Event, Wait};
pub use crate::fence::Fence;
pub use crate::fencing::Fencing;
pub use crate::future_ext::FutureExt;
pub use crate::handle::{DropGuard, Handle, State};
pub use crate::outcome::Fenced;
pub use crate::reason::{Firing, Reason, ReasonKind};
pub use crate::times::{Limit, When};
pub use crate::trigger::{FiringFuture, Trigger};

/// What most files need: `use fence::prelude::*;`.
pub mod prelude {
    pub use crate::block::fenced;
    pub use crate::{Event, Fenced, Fencing, FutureExt};
}
