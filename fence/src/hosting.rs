//! A crew with the code that spawned it: what becomes of the one when the other ends (D29).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use crate::cleanup::{Cleanup, Job, OnCancel, Turn, register};
use crate::context;
use crate::crew::Crew;
use crate::spawn::Surroundings;

/// Held by the code that hosts a crew, which joins it before it ends.
///
/// Dropped before that, it leaves the joining to the fence that cuts this code; if it is dropped
/// from outside, nobody can wait, and the tasks are aborted.
pub(crate) struct Hosting {
    crew: Arc<Crew>,
    left: Arc<AtomicBool>,
    rest: Option<OnCancel>,
}

impl Hosting {
    /// Opens a crew whose tasks are enclosed like this.
    pub(crate) fn open(crew: &Arc<Crew>, surroundings: Surroundings) -> Self {
        crew.open(surroundings);
        let left = Arc::new(AtomicBool::new(false));
        let rest = Rest {
            crew: crew.clone(),
            left: left.clone(),
        };
        let joining = Job::new(Box::new(|_, due| Box::pin(rest.join(due))), Turn::Join);
        Self {
            crew: crew.clone(),
            left,
            rest: Some(register(joining)),
        }
    }
}

impl Drop for Hosting {
    fn drop(&mut self) {
        if context::is_being_cut() {
            self.left.store(true, Ordering::Relaxed);
        } else {
            self.crew.abort();
            self.rest.take().map(OnCancel::disarm);
        }
    }
}

/// What is left to do with a crew whose host was cut.
struct Rest {
    crew: Arc<Crew>,
    left: Arc<AtomicBool>,
}

impl Rest {
    /// Joins what has been told to stop, until `due`; aborts what has not ended by then.
    async fn join(self, due: Option<Instant>) -> Cleanup {
        let is_timed = runtime::Handle::try_current().is_ok();
        let overran = match due.filter(|_| is_timed) {
            Some(due) if timeout_at(due, self.crew.join()).await.is_err() => self.crew.running(),
            Some(_) => 0,
            None => {
                self.crew.join().await;
                0
            }
        };
        let mut report = self.crew.take_report();
        report.overran += overran;
        report
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if self.left.load(Ordering::Relaxed) {
            self.crew.abort();
        }
    }
}
