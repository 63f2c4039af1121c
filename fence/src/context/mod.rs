//! What code inside of fences can ask and do.

mod ambient;
mod bound;
mod future_ext;
mod on_cancel;
mod shield;
#[cfg(feature = "stream")]
mod stream_ext;
mod wait_cancelled;

pub use ambient::{Checkpoint, check, checkpoint, current, deadline, progress, remaining};
pub use bound::{Bound, detached};
pub use future_ext::FutureExt;
pub(crate) use on_cancel::register;
pub use on_cancel::{OnCancel, on_cancel, on_cancel_with};
pub use shield::{Shield, shield};
#[cfg(feature = "stream")]
pub use stream_ext::StreamExt;
pub use wait_cancelled::{WaitCancelled, cancelled};
