//! All workloads, with their goals (`docs/performance.md` says which are missed, and why).

mod asking;
mod cancelled;
mod inner;
mod peers;
mod plotted;
mod request;
mod service;
mod spawned;
mod top_level;

pub use plotted::{DEPTHS, POLLS};

use std::time::Duration;

use crate::workload::{Difference, Workload};

/// How long the programs have that are not meant to run out of time.
pub const LONG: Duration = Duration::from_secs(30);

/// Which workloads.
#[derive(Clone, Copy, Debug)]
pub enum Suite {
    /// Those of the tables.
    Tables,
    /// Those of the plots.
    Plots,
}

impl Suite {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Plots => "plots",
        }
    }

    /// Its workloads in order.
    #[must_use]
    pub fn workloads(self) -> Vec<Workload> {
        match self {
            Self::Tables => tables(),
            Self::Plots => plotted::all(),
        }
    }
}

fn tables() -> Vec<Workload> {
    [
        top_level::all(),
        inner::all(),
        request::all(),
        service::all(),
        cancelled::all(),
        asking::all(),
        spawned::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every workload of the tables that is worked out from others.
#[must_use]
pub fn differences() -> Vec<Difference> {
    vec![top_level::further_poll()]
}
