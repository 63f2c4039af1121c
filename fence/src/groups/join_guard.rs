//! Tasks with the code that spawned it: what becomes of the one when the other ends (D29).

use std::sync::Arc;

use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use crate::cleanup::{Job, Turn};
use crate::context::register;
use crate::engine::frames::current;
use crate::groups::task_set::TaskSet;
use crate::outcome::Cleanup;
use crate::tasks::SpawnContext;
use crate::trigger::Event;

/// Held by the code that hosts tasks, which joins them before it ends.
///
/// Dropped before that, it leaves the joining to the fence that cuts this code, wherever it was
/// opened; if it is dropped from outside, nobody can wait, and the tasks are aborted.
pub(crate) struct JoinGuard {
    tasks: Arc<TaskSet>,
    /// Stops the tasks where the fence that cuts does not enclose them.
    stop: Option<Event>,
}

impl JoinGuard {
    /// Opens a set whose tasks are enclosed like this.
    pub(crate) fn open(tasks: &Arc<TaskSet>, context: SpawnContext, stop: Option<Event>) -> Self {
        tasks.open(context);
        Self {
            tasks: tasks.clone(),
            stop,
        }
    }
}

impl Drop for JoinGuard {
    fn drop(&mut self) {
        if !current::is_being_cut() {
            return self.tasks.abort();
        }
        if let Some(stop) = self.stop.as_ref().filter(|_| !self.tasks.is_cancelled()) {
            stop.set_internally("the code that waited for it was cut");
        }
        // The innermost fence is the one that ends, or one inside it. Without any, the rest is
        // dropped at once, and the tasks are aborted.
        let rest = Rest(self.tasks.clone());
        register(Job::new(
            Box::new(|_, due| Box::pin(rest.join(due))),
            Turn::Join,
        ));
    }
}

/// What is left to do with tasks whose host was cut. Dropped, it aborts what has not ended.
struct Rest(Arc<TaskSet>);

impl Rest {
    /// Joins what has been told to stop, until `due`; aborts what has not ended by then.
    async fn join(self, due: Option<Instant>) -> Cleanup {
        let is_timed = runtime::Handle::try_current().is_ok();
        let overran = match due.filter(|_| is_timed) {
            Some(due) if timeout_at(due, self.0.join()).await.is_err() => self.0.running(),
            Some(_) => 0,
            None => {
                self.0.join().await;
                0
            }
        };
        let mut report = self.0.take_report();
        report.overran += overran;
        report
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.abort();
    }
}
