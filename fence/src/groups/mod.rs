//! Tasks that end with the code that spawned them.

pub(crate) mod as_completed;
pub(crate) mod child;
pub(crate) mod child_outcome;
pub(crate) mod errors;
pub(crate) mod every;
pub(crate) mod gather;
pub(crate) mod group;
pub(crate) mod grouping;
pub(crate) mod join_guard;
pub(crate) mod options;
pub(crate) mod race;
pub(crate) mod run;
pub(crate) mod task_set;
pub(crate) mod try_grouping;
