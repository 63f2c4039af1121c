//! Tasks that the fences around the spawning place enclose.

mod cancel_and_wait;
mod ended;
mod here;
mod spawn;
mod task;

pub use cancel_and_wait::{cancel_and_wait, cancel_and_wait_all};
pub use ended::{ChildOutput, Ended};
pub use here::{Here, here};
pub(crate) use spawn::{SpawnContext, spawn_thread};
pub use spawn::{spawn, spawn_blocking, spawn_local};
pub use task::Task;
