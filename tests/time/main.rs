//! Timeouts, budgets, deadlines and idle limits, and what tokio says about time.

mod coop;
mod deadlines;
mod idle;
