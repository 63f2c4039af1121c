//! What fences and groups allocate. Alone, since `allocation-counter` replaces the allocator of the
//! process.

mod fences;
mod groups;
mod tasks;
