//! Timeouts, budgets and deadlines, and what tokio says about time.

mod coop;
mod deadlines;
