//! Several tasks: groups, lists of jobs, and what is done again and again.

mod cut_children;
mod depth;
mod endings;
mod every;
mod grace;
mod groups;
mod hazards;
mod lists_of_jobs;
mod on_threads;
mod panics;
mod try_groups;
