//! What do fences cost, next to what people use today?
//!
//! `workloads` says what is measured and how good it has to be, once for instructions, time and
//! allocations; every other module is one way to measure.

pub mod compile_time;
pub mod contention;
pub mod figure;
pub mod fire;
pub mod instructions;
pub mod plots;
pub mod program;
pub mod report;
pub mod table;
pub mod time;
pub mod workload;
pub mod workloads;
