//! What a cancellation may not cut, and what it has to undo.

mod cleanups;
mod handed_up;
mod held;
mod shields;
