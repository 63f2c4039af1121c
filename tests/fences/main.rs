//! What one fence does, from its first poll to its drop, and with fences around it.

mod blocking_scopes;
mod bridges;
mod destruction;
mod dropped_from_outside;
mod first_poll;
mod foreign_sources;
mod grace;
mod guards;
mod handles;
mod hosting;
mod left_behind;
mod links;
mod nesting;
mod odd_wakers;
mod one_clock;
mod owned_elsewhere;
mod reasons;
mod running;
mod wakeups;
mod without_time;
