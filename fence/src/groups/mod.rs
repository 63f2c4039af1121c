//! Tasks that end with the code that spawned them.

mod as_completed;
mod child;
mod child_outcome;
mod errors;
mod every;
mod gather;
mod group;
mod group_error;
mod grouping;
mod join_guard;
mod member;
mod options;
mod place;
mod race;
mod run;
mod task_set;
mod try_grouping;

pub use as_completed::{AsCompleted, as_completed};
pub use every::{Every, Overlap, ZeroInterval, every};
pub use gather::gather;
pub use group::{Group, Place};
pub use group_error::{Failure, GroupError};
pub use grouping::{Grouping, group};
pub use member::Child;
pub use race::{race, race_ok};
#[cfg(all(test, fence_shuttle))]
pub(crate) use task_set::TaskSet;
pub use try_grouping::{TryGrouping, try_group};
