//! `aiofence`: fences, reasons, and what is bound at the boundary.
//!
//! | there | here |
//! | --- | --- |
//! | `on_timeout(5).event(e, code="stop")` | `fenced!(timeout = "5s", on("stop", e), { … })` |
//! | `.move_on_cancel()`, `fence.cancelled` | `Fenced::Completed`, `Fenced::Cancelled` |
//! | `.raise_on_cancel()`, `FenceCancelled` | `#[fenced(…, try)]`, `Cancelled` |
//! | `fence.cancelled_by`, `.cancel_reasons` | `outcome.cancelled_by`, `.reasons()` |
//! | `bind_fencing`, `get_current_fencing` | `Fencing::bind`; every fence extends what is bound |
//! | `.deadline(loop.time() + 30)` | `.budget(…)`, or `.deadline(…)` |
//! | `.unless`, `.guard`, `declined_by` | `unless(…)`, `Fencing::guard`, `Cancelled::declined` |
//!
//! A timeout starts with its fence and not where it is written, so a set with a timeout can be
//! bound and used again. Backends have no twin: there is one way in which a future is cut.

use crate::Program;

mod disconnects;
mod guards;
mod outcomes;
mod sources;

pub const PROGRAMS: &[Program] = &[
    Program::new(
        "aiofence/motivation",
        "one handler, three ways to end, told apart",
        outcomes::motivation,
    ),
    Program::new(
        "aiofence/inspect",
        "timeout and event, and why it was",
        outcomes::inspect,
    ),
    Program::new(
        "aiofence/raise_on_cancel",
        "a cancellation as an error",
        outcomes::raise_on_cancel,
    ),
    Program::new(
        "aiofence/instead_of_shield",
        "only the call may be cut",
        outcomes::instead_of_shield,
    ),
    Program::new(
        "aiofence/early_exit",
        "a source that has fired before",
        outcomes::early_exit,
    ),
    Program::new(
        "aiofence/task_group",
        "a raised cancellation ends the siblings",
        outcomes::task_group,
    ),
    Program::new(
        "aiofence/outer_timeout",
        "a timeout around goes on to work",
        outcomes::outer_timeout,
    ),
    Program::new(
        "aiofence/composable",
        "a set that is extended for one operation",
        sources::composable,
    ),
    Program::new(
        "aiofence/merging",
        "several limits, of which the tightest decides",
        sources::merging,
    ),
    Program::new(
        "aiofence/bound_context",
        "sources bound far above",
        sources::bound_context,
    ),
    Program::new(
        "aiofence/layers",
        "each layer adds a source",
        sources::layers,
    ),
    Program::new(
        "aiofence/reuse",
        "one deadline for two fences",
        sources::reuse,
    ),
    Program::new(
        "aiofence/two_codes",
        "one event under two codes",
        sources::two_codes,
    ),
    Program::new(
        "aiofence/fresh",
        "work that survives its client",
        sources::fresh,
    ),
    Program::new(
        "aiofence/unless",
        "a source that is declined once the work is as good as done",
        guards::unless,
    ),
    Program::new(
        "aiofence/streaming",
        "the same, with what is closed in any case",
        guards::streaming,
    ),
    Program::new("aiofence/guard", "one guard for all codes", guards::guard),
    Program::new(
        "aiofence/search",
        "a loop that asks whether the client is there",
        disconnects::search,
    ),
    Program::new(
        "aiofence/plain_handler",
        "a handler that is not async",
        disconnects::plain_handler,
    ),
    Program::new(
        "aiofence/disconnect",
        "a web service whose clients leave",
        disconnects::service,
    ),
];
