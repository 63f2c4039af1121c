//! Tasks that are joined together: what groups, races and timers are made of (D29).
//!
//! 1. A task is in exactly one set: one at home, in `Members`, or one that a spawner or a joiner
//!    has taken out for as long as user code may run, which is never under the lock (D26).
//! 2. It is closed once every set is home and empty. From then on nothing is spawned.
//! 3. Whoever drops it midway aborts the tasks, unless a fence that cuts will join them: then the
//!    job that was left with that fence does.

use std::any::Any;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use crate::engine::handle::Handle;
use crate::groups::child::Work;
use crate::outcome::cleanup::Cleanup;
use crate::outcome::fenced::Fenced;
use crate::tasks::spawn::Surroundings;
use crate::util::catch_unwind::Caught;

#[derive(Default)]
pub(crate) struct Crew {
    surroundings: OnceLock<Surroundings>,
    members: Mutex<Members>,
    /// A set came home.
    returned: Notify,
    running: AtomicUsize,
    /// What went wrong, for a fence that cuts.
    report: Mutex<Cleanup>,
    /// The first panic of a child, to be resumed.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

#[derive(Default)]
struct Members {
    home: Vec<JoinSet<()>>,
    /// How many sets are out.
    out: usize,
    is_closed: bool,
}

/// What a joiner is to do next.
enum Next {
    Join(JoinSet<()>),
    Wait,
    Done,
}

impl Crew {
    /// Its tasks will be enclosed like this.
    pub(crate) fn open(&self, surroundings: Surroundings) {
        // It is opened once, so this is the first value.
        let _ = self.surroundings.set(surroundings);
    }

    /// Spawns a task, `settle` being told in the task how it ended. If the crew is closed there is
    /// no task, and the future is dropped.
    pub(crate) fn spawn<F>(
        self: &Arc<Self>,
        future: F,
        settle: impl FnOnce(&Handle, Caught<Fenced<F::Output>>) + Send + 'static,
    ) -> (Handle, Option<AbortHandle>)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let surroundings = self.surroundings.get().cloned().unwrap_or_default();
        let (fence, handle) = surroundings.enclose(future);
        let own = handle.clone();
        let task = Work::new(fence, self.begin(), move |outcome| settle(&own, outcome));
        let task = self.add(|set| set.spawn(task));
        (handle, task)
    }

    /// Has `spawn` add a task to a set of ours; `None` if it is closed.
    fn add<R>(&self, spawn: impl FnOnce(&mut JoinSet<()>) -> R) -> Option<R> {
        let set = {
            let mut members = self.members();
            if members.is_closed {
                return None;
            }
            members.out += 1;
            members.home.pop().unwrap_or_default()
        };
        let mut lent = Lent { crew: self, set };
        Some(spawn(&mut lent.set))
    }

    /// Waits until all tasks have ended, those included that are spawned meanwhile, and closes.
    pub(crate) async fn join(&self) {
        loop {
            let next = self.next();
            match next {
                Next::Join(set) => {
                    let mut lent = Lent { crew: self, set };
                    while lent.set.join_next().await.is_some() {}
                }
                Next::Wait => self.returned.notified().await,
                Next::Done => return,
            }
        }
    }

    fn next(&self) -> Next {
        let mut members = self.members();
        if let Some(set) = members.home.pop() {
            members.out += 1;
            return Next::Join(set);
        }
        members.is_closed = members.out == 0;
        if members.is_closed {
            Next::Done
        } else {
            Next::Wait
        }
    }

    /// Aborts all tasks, and closes.
    pub(crate) fn abort(&self) {
        let home = {
            let mut members = self.members();
            members.is_closed = true;
            mem::take(&mut members.home)
        };
        drop(home);
    }

    /// A task starts.
    fn begin(self: &Arc<Self>) -> Counted {
        self.running.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    /// Whether something that encloses the tasks has told them to stop.
    pub(crate) fn is_told(&self) -> bool {
        let surroundings = self.surroundings.get();
        surroundings.is_some_and(Surroundings::is_cut)
    }

    /// How many tasks have not ended.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Lets go of what has ended.
    fn reap(&self) {
        // Dropped after the lock: a panic may carry user code. Usually there is none.
        let mut panics = Vec::new();
        let mut members = self.members();
        for set in &mut members.home {
            while let Some(ended) = set.try_join_next() {
                panics.extend(ended.err());
            }
        }
    }

    /// Notes what went wrong.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Cleanup)) {
        note(&mut locked(&self.report));
    }

    pub(crate) fn take_report(&self) -> Cleanup {
        mem::take(&mut *locked(&self.report))
    }

    /// Keeps the first panic; `false` if there has been one.
    pub(crate) fn keep_panic(&self, panic: Box<dyn Any + Send>) -> bool {
        let mut kept = locked(&self.panic);
        if kept.is_none() {
            *kept = Some(panic);
            return true;
        }
        false
    }

    pub(crate) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        locked(&self.panic).take()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        locked(&self.members)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A set that is out. It goes home by itself; if that has been closed, its tasks are aborted.
struct Lent<'a> {
    crew: &'a Crew,
    set: JoinSet<()>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        {
            let mut members = self.crew.members();
            members.out -= 1;
            if !members.is_closed && !self.set.is_empty() {
                members.home.push(mem::take(&mut self.set));
            }
        }
        self.crew.returned.notify_one();
    }
}

/// A task that has not ended.
struct Counted(Arc<Crew>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.reap();
    }
}
