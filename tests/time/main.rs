//! Timeouts, budgets, deadlines and idle limits and streams under them, and what tokio says about time.

mod coop;
mod deadlines;
mod idle;
mod streams;
