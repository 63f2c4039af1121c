//! Tasks that are joined together: what groups, races and timers are made of (D29).
//!
//! 1. A task is in exactly one set: an idle one, in `Members`, or one that a spawner or a
//!    joiner has checked out for as long as user code may run, which is never under the lock (D26).
//! 2. It is closed once every set is idle and empty. From then on nothing is spawned.
//! 3. Dropped midway it aborts the tasks, unless a fence that cuts will join them: then the
//!    job that was left with that fence does.

use std::any::Any;
use std::mem;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use crate::cleanup::Batch;
use crate::engine::Handle;
use crate::engine::frames::current;
use crate::groups::child::{ChildTask, Contained, Outcome};
use crate::outcome::{Cleanup, Fenced, Reason};
use crate::tasks::SpawnContext;
use crate::util::{
    AtomicBool, AtomicUsize, Mutex, MutexGuard, OnceLock, Ordering, contained, unpoisoned,
};

#[derive(Default)]
pub(crate) struct TaskSet {
    context: OnceLock<SpawnContext>,
    members: Mutex<Members>,
    /// A set was checked in.
    checked_in: Notify,
    running: AtomicUsize,
    /// What children have panicked with that have not settled yet, in their code or in its
    /// destructors, by their index.
    torn: Mutex<Vec<(usize, Box<dyn Any + Send>)>>,
    has_torn: AtomicBool,
    /// What went wrong, for a fence that cuts.
    report: Mutex<Cleanup>,
    has_reported: AtomicBool,
    /// The first panic of a child, to be resumed.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

#[derive(Default)]
struct Members {
    idle: Vec<JoinSet<()>>,
    /// How many sets are checked out.
    checked_out: usize,
    is_closed: bool,
}

/// What a joiner is to do next.
enum Next {
    Join(JoinSet<()>),
    Wait,
    Done,
}

impl TaskSet {
    /// Its tasks will be enclosed like this.
    pub(crate) fn open(&self, context: SpawnContext) {
        // It is opened once, so this is the first value.
        let _ = self.context.set(context);
    }

    /// Spawns a task, `settle` being told in the task how it ended. If it is closed there is
    /// no task, and the future is dropped.
    pub(crate) fn spawn<F>(
        self: &Arc<Self>,
        index: usize,
        future: F,
        settle: impl FnOnce(&Handle, Outcome<F::Output>) + Send + 'static,
    ) -> (Handle, Option<AbortHandle>)
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let context = self.context.get().cloned().unwrap_or_default();
        let (fence, handle) = context.enclose(Contained::new(future, index, self.clone()));
        let (own, tasks) = (handle.clone(), self.clone());
        let settle = move |outcome| settle(&own, tasks.mend(index, outcome));
        let task = ChildTask::new(fence, self.begin(), settle);
        let task = self.add(|set| set.spawn(task));
        (handle, task)
    }

    /// Keeps what a child has panicked with until it settles.
    pub(crate) fn tear(&self, index: usize, panic: Box<dyn Any + Send>) {
        unpoisoned(self.torn.lock()).push((index, panic));
        self.has_torn.store(true, Ordering::Release);
    }

    /// How a child ended that may have panicked. One that was aborted is nobody's business.
    fn mend<T>(&self, index: usize, outcome: Outcome<T>) -> Outcome<T> {
        if !self.has_torn.load(Ordering::Acquire) {
            return outcome;
        }
        let mut torn = unpoisoned(self.torn.lock());
        let (mine, others) = mem::take(&mut *torn)
            .into_iter()
            .partition(|(of, _)| *of == index);
        *torn = others;
        drop(torn);
        let mine: Vec<_> = mine;
        let panic = mine.into_iter().map(|(_, panic)| panic).next();
        match (panic, outcome) {
            (Some(panic), Some(Ok(Fenced::Cancelled(why)))) => {
                self.note(|report| report.merge(why.cleanup().clone()));
                Some(Err(panic))
            }
            (Some(panic), Some(_)) => Some(Err(panic)),
            (Some(panic), None) => {
                contained(|| drop(panic));
                None
            }
            (None, outcome) => outcome,
        }
    }

    /// Has `spawn` add a task to a set of ours; `None` if it is closed.
    fn add<R>(&self, spawn: impl FnOnce(&mut JoinSet<()>) -> R) -> Option<R> {
        let set = {
            let mut members = self.members();
            if members.is_closed {
                return None;
            }
            members.checked_out += 1;
            members.idle.pop().unwrap_or_default()
        };
        let mut checked_out = CheckedOut { tasks: self, set };
        Some(spawn(&mut checked_out.set))
    }

    /// Whether one of these reasons is one of the fences around (D29).
    pub(crate) fn is_around(&self, reasons: &[Reason]) -> bool {
        let around = self.context.get().map(SpawnContext::all_fired);
        let around = around.unwrap_or_default();
        let mut pairs = reasons
            .iter()
            .flat_map(|one| around.iter().map(move |other| (one, other)));
        pairs.any(|(one, other)| one.is_of_one_source(other))
    }

    /// Waits until all tasks have ended, those included that are spawned meanwhile, and closes.
    pub(crate) async fn join(&self) {
        loop {
            let next = self.next();
            match next {
                Next::Join(set) => {
                    let mut checked_out = CheckedOut { tasks: self, set };
                    while checked_out.set.join_next().await.is_some() {}
                }
                Next::Wait => self.checked_in.notified().await,
                Next::Done => return,
            }
        }
    }

    fn next(&self) -> Next {
        let mut members = self.members();
        if let Some(set) = members.idle.pop() {
            members.checked_out += 1;
            return Next::Join(set);
        }
        members.is_closed = members.checked_out == 0;
        if members.is_closed {
            Next::Done
        } else {
            Next::Wait
        }
    }

    /// Aborts all tasks, and closes.
    pub(crate) fn abort(&self) {
        let idle = {
            let mut members = self.members();
            members.is_closed = true;
            mem::take(&mut members.idle)
        };
        drop(idle);
    }

    /// A task starts.
    fn begin(self: &Arc<Self>) -> Counted {
        self.running.fetch_add(1, Ordering::Relaxed);
        Counted(self.clone())
    }

    /// Whether something that encloses the tasks has told them to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        let context = self.context.get();
        context.is_some_and(SpawnContext::is_cut)
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
        for set in &mut members.idle {
            while let Some(ended) = set.try_join_next() {
                panics.extend(ended.err());
            }
        }
    }

    /// Notes what went wrong.
    pub(crate) fn note(&self, note: impl FnOnce(&mut Cleanup)) {
        let mut report = unpoisoned(self.report.lock());
        note(&mut report);
    }

    /// Reports what went wrong outside of a child to the fence that cuts, which may have had its
    /// report of the children already.
    pub(crate) fn tell(&self, report: Cleanup) {
        if self.has_reported.load(Ordering::Acquire) {
            // Without such a fence nobody is there to learn of it.
            let _ = current::leave_to_ending(vec![Batch::done(report)]);
        } else {
            self.note(|all| all.merge(report));
        }
    }

    pub(crate) fn take_report(&self) -> Cleanup {
        self.has_reported.store(true, Ordering::Release);
        mem::take(&mut *unpoisoned(self.report.lock()))
    }

    /// Keeps the first panic; `false` if there has been one.
    pub(crate) fn keep_panic(&self, panic: Box<dyn Any + Send>) -> bool {
        let mut kept = unpoisoned(self.panic.lock());
        if kept.is_none() {
            *kept = Some(panic);
            return true;
        }
        false
    }

    pub(crate) fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        unpoisoned(self.panic.lock()).take()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        unpoisoned(self.members.lock())
    }
}

/// A set that a spawner or a joiner has. It is checked in when it is dropped; if all is closed by
/// then, its tasks are aborted.
struct CheckedOut<'a> {
    tasks: &'a TaskSet,
    set: JoinSet<()>,
}

impl Drop for CheckedOut<'_> {
    fn drop(&mut self) {
        {
            let mut members = self.tasks.members();
            members.checked_out -= 1;
            if !members.is_closed && !self.set.is_empty() {
                members.idle.push(mem::take(&mut self.set));
            }
        }
        self.tasks.checked_in.notify_one();
    }
}

/// A task that has not ended.
struct Counted(Arc<TaskSet>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.reap();
    }
}
