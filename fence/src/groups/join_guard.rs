//! A crew with the code that spawned it: what becomes of the one when the other ends (D29).

use std::sync::Arc;

use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use crate::cleanup::job::{Job, Turn};
use crate::context::on_cancel::register;
use crate::engine::frames::current;
use crate::groups::task_set::Crew;
use crate::outcome::cleanup::Cleanup;
use crate::tasks::spawn::Surroundings;
use crate::trigger::event::Event;

/// Held by the code that hosts a crew, which joins it before it ends.
///
/// Dropped before that, it leaves the joining to the fence that cuts this code, wherever it was
/// opened; if it is dropped from outside, nobody can wait, and the tasks are aborted.
pub(crate) struct Hosting {
    crew: Arc<Crew>,
    /// Stops the tasks where the fence that cuts does not enclose them.
    stop: Option<Event>,
}

impl Hosting {
    /// Opens a crew whose tasks are enclosed like this.
    pub(crate) fn open(crew: &Arc<Crew>, surroundings: Surroundings, stop: Option<Event>) -> Self {
        crew.open(surroundings);
        Self {
            crew: crew.clone(),
            stop,
        }
    }
}

impl Drop for Hosting {
    fn drop(&mut self) {
        if !current::is_being_cut() {
            return self.crew.abort();
        }
        if let Some(stop) = self.stop.as_ref().filter(|_| !self.crew.is_told()) {
            stop.set_by_ourselves("the code that waited for it was cut");
        }
        // The innermost fence is the one that ends, or one inside it. Without any, the rest is
        // dropped at once, and the tasks are aborted.
        let rest = Rest(self.crew.clone());
        register(Job::new(
            Box::new(|_, due| Box::pin(rest.join(due))),
            Turn::Join,
        ));
    }
}

/// What is left to do with a crew whose host was cut. Dropped, it aborts what has not ended.
struct Rest(Arc<Crew>);

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
