//! `aiotools`: tasks that are cancelled and waited for, groups, timers, a server.
//!
//! | there | here |
//! | --- | --- |
//! | `cancel_and_wait(task)`, of a list | `cancel_and_wait`, `cancel_and_wait_all` |
//! | `ShieldScope` | `shield`, or `on_cancel` for what a `finally` does |
//! | `TaskScope(exception_handler=)`, `PersistentTaskGroup` | `group().on_error(…)` |
//! | `move_on_after(3.0)` | `group().fenced(&Fencing::new().timeout(…))` |
//! | `race(…)`, with `continue_on_error` | `race`, `race_ok` |
//! | `gather_safe`, `as_completed_safe` | `gather`, `as_completed` |
//! | `create_timer`, `TimerDelayPolicy` | `every(…).start(…)`, `Overlap` |
//! | `VirtualClock().patch_loop()` | tokio's `start_paused = true` |
//! | `@server`, `start_server` | a group, and an event that is bound as `"shutdown"` |

use crate::Program;

mod jobs;
mod server;
mod tasks;
mod timers;

pub const PROGRAMS: &[Program] = &[
    Program::new(
        "aiotools/cancel_and_wait",
        "a task is stopped, and what became of it",
        tasks::cancel_and_wait,
    ),
    Program::new(
        "aiotools/shielded_cleanup",
        "a cleanup that is cancelled twice",
        tasks::shielded_cleanup,
    ),
    Program::new(
        "aiotools/shield_scope",
        "a cleanup in place",
        tasks::shield_scope,
    ),
    Program::new(
        "aiotools/task_scope",
        "siblings that survive a failure",
        tasks::task_scope,
    ),
    Program::new(
        "aiotools/move_on_after",
        "a group with a limit",
        tasks::move_on_after,
    ),
    Program::new("aiotools/race", "the first of many", jobs::race),
    Program::new(
        "aiotools/gather_safe",
        "all of many, failed or not",
        jobs::gather_safe,
    ),
    Program::new(
        "aiotools/as_completed_safe",
        "what there is when time is up",
        jobs::as_completed_safe,
    ),
    Program::new("aiotools/timer", "a number each second", timers::timer),
    Program::new(
        "aiotools/timer_policies",
        "ticks that take longer than the interval",
        timers::policies,
    ),
    Program::new("aiotools/ticktock", "four ticks", timers::ticktock),
    Program::new(
        "aiotools/virtual_clock",
        "an hour at once",
        timers::virtual_clock,
    ),
    Program::new(
        "aiotools/server",
        "four workers that stop in order",
        server::server,
    ),
    Program::new(
        "aiotools/stop_signals",
        "workers that ask which signal it was",
        server::stop_signals,
    ),
];
