//! What an editor shows over the options of the macros.

#![allow(
    non_upper_case_globals,
    reason = "they are called what the options are called"
)]

/// `timeout = "5s"`: each call has that long, from its first poll on. A string that is read at
/// compile time, or a `Duration` or `Option<Duration>`; `timeout("db", "5s")` gives it a code.
pub const timeout: () = ();

/// `budget = "5s"`: the fence has that long, shared with what is below it. A string that is read at
/// compile time, or a `Duration` or `Option<Duration>`; `budget("request", "5s")` gives it a code.
pub const budget: () = ();

/// `deadline = at`: the fence has until then. An `Instant` of tokio or std, or an `Option` of one;
/// `deadline("request", at)` gives it a code.
pub const deadline: () = ();

/// `idle = "30s"`: the fence has that long without progress, which `fence::progress()` reports. A
/// string that is read at compile time, or a `Duration` or `Option<Duration>`; `idle("feed", "30s")`
/// gives it a code.
pub const idle: () = ();

/// `on = "shutdown"`: what is bound under the name, else the event of the process with that name.
/// `on = STOP`: any `Trigger`, borrowed. `on = ["a", STOP]`: several; `on("stop", x)`: with a code.
pub const on: () = ();

/// `unless("shutdown", || BUSY.is_set())`: declines what fires under the code while the closure says
/// so.
pub const unless: () = ();

/// `grace = "2s"`: the body has that long to finish once the fence has fired.
pub const grace: () = ();

/// `cooperative`: the body is told that the fence has fired, and never cut.
pub const cooperative: () = ();

/// `cleanup = "2s"`: how long the cleanups have, together; 5 s unless given.
pub const cleanup: () = ();

/// `name = "fetch"`: the name in messages; that of the function unless given.
pub const name: () = ();

/// `inherit = false`: starts from an empty set instead of the bound one.
pub const inherit: () = ();

/// `linked`: a cancellation ends the fence around as well.
pub const linked: () = ();

/// `nested`: this block is meant to be inside of another fence of the same function.
pub const nested: () = ();

/// `try`: the function keeps its `Result<T, E>`; a cancellation is `Err(E::from(cancelled))`.
pub const r#try: () = ();
