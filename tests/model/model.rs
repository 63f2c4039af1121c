//! The rules, as a plain state machine: no future, no waker, no timer.
//!
//! It walks the tree once a round. Everything is worked out anew at each question, the slow and
//! obvious way: what has fired, who encloses what, whether a shield is open somewhere below.

use crate::asked::visible;
use crate::cleanups::Cleaning;
use crate::fences::{Fence, Frame};
use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Case, EVENTS, Node, ROUND, ROUNDS, Undo};
use crate::record::{Line, Record};
use crate::sets::Set;
use crate::sometimes::Fact;
use crate::walk::{Panicked, Run, Step};

#[derive(Clone, Default)]
pub struct Env {
    pub bound: Set,
    /// Outermost first.
    pub frames: Vec<Frame>,
}

impl Env {
    pub fn inside(&self, frame: Frame) -> Self {
        let mut env = self.clone();
        env.frames.push(frame);
        env
    }
}

pub struct Model<'c> {
    case: &'c Case,
    pub round: u64,
    pub now: u64,
    /// When each event was set: the time, and a number for the order.
    pub events: [Option<(u64, u64)>; EVENTS],
    sequence: u64,
    /// How often code has fired something.
    pub fired_here: u64,
    pub record: Record,
    pub fences: Vec<Fence>,
    pub jobs: Vec<Option<(usize, &'c Undo)>>,
    tasks: Vec<Task<'c>>,
    pub handed: Vec<Cleaning>,
    /// The fences that have a handle, by node.
    pub handles: BTreeMap<usize, usize>,
    /// Sets that live outside of the fences that poll them.
    pub pools: Vec<Vec<Option<Run<'c>>>>,
    /// How much has happened: a set is polled until nothing does.
    pub stirred: u64,
    /// Which rare states were reached.
    pub facts: BTreeSet<Fact>,
}

struct Task<'c> {
    id: usize,
    root: usize,
    env: Env,
    body: Option<Box<Run<'c>>>,
    done: bool,
}

/// Runs the case and returns what should happen.
pub fn expect(case: &Case) -> (Record, BTreeSet<Fact>) {
    let mut model = Model::new(case);
    for round in 0..ROUNDS {
        model.begin(round);
        if case.kill == Some(round) {
            model.drop_task(0);
        }
        let mut next = 0;
        while next < model.tasks.len() {
            model.poll_task(next);
            next += 1;
        }
        model.run_handed();
    }
    for task in 0..model.tasks.len() {
        model.drop_task(task);
    }
    (model.record, model.facts)
}

impl<'c> Model<'c> {
    fn new(case: &'c Case) -> Self {
        let mut model = Self {
            case,
            round: 0,
            now: 0,
            events: [None; EVENTS],
            sequence: 1,
            fired_here: 0,
            record: Record::default(),
            fences: Vec::new(),
            jobs: Vec::new(),
            tasks: Vec::new(),
            handed: Vec::new(),
            handles: BTreeMap::new(),
            pools: Vec::new(),
            stirred: 0,
            facts: BTreeSet::new(),
        };
        // The first task has a fence too, with nothing that could fire: it is not on its frames.
        let root = model.open(Fence::default());
        model.tasks.push(Task {
            id: usize::MAX,
            root,
            env: Env::default(),
            body: Some(Run::boxed(&case.tree)),
            done: false,
        });
        model
    }

    fn begin(&mut self, round: u64) {
        (self.round, self.now) = (round, round * ROUND);
        for event in 0..EVENTS {
            if self.case.sets[event] == round {
                self.set(event);
            }
        }
        for fence in 0..self.fences.len() {
            if self.fences[fence].cancel == Some(round) {
                self.cancel(fence);
            }
        }
    }

    pub fn cancel(&mut self, fence: usize) {
        self.sequence += 1;
        self.stirred += 1;
        self.fired_here += 1;
        let firing = (self.now, self.sequence, "handle".to_owned());
        self.fences[fence].fire(Some(firing));
    }

    pub fn set(&mut self, event: usize) {
        self.sequence += 1;
        self.fired_here += 1;
        self.stirred += 1;
        let (at, sequence) = (self.now, self.sequence);
        self.events[event].get_or_insert((at, sequence));
    }

    pub fn is_foreign(&self, event: usize) -> bool {
        self.case.foreign[event]
    }

    pub fn log(&mut self, text: String) {
        let round = self.round;
        self.stirred += 1;
        self.record.lines.push(Line { round, text });
    }

    pub fn open(&mut self, fence: Fence) -> usize {
        self.fences.push(fence);
        self.fences.len() - 1
    }

    fn poll_task(&mut self, task: usize) {
        if self.tasks[task].done {
            return;
        }
        let (env, root, id) = (
            self.tasks[task].env.clone(),
            self.tasks[task].root,
            self.tasks[task].id,
        );
        let mut body = self.tasks[task].body.take();
        let step = match &mut body {
            Some(body) if task == 0 => self.poll(body, &env),
            body => match self.poll_fence(root, body, &env) {
                Ok(None) => Step::Pending,
                Ok(Some(outcome)) => {
                    self.log(format!("task {id} {outcome}"));
                    Step::Ready
                }
                Err(Panicked) => {
                    self.abandon(root, body, &env);
                    Step::Panicked
                }
            },
        };
        if step == Step::Panicked {
            self.log("a task panicked".to_owned());
        }
        self.tasks[task].done = step != Step::Pending;
        self.tasks[task].body = body;
    }

    fn drop_task(&mut self, task: usize) {
        let (env, root) = (self.tasks[task].env.clone(), self.tasks[task].root);
        let body = self.tasks[task].body.take();
        if std::mem::replace(&mut self.tasks[task].done, true) {
            return;
        }
        match body {
            Some(mut body) if task == 0 => self.discard(&mut body, &env),
            mut body => self.abandon(root, &mut body, &env),
        }
    }

    pub fn spawn(&mut self, id: usize, body: &'c Node, env: &Env) {
        self.adopt(&env.frames);
        let enclosing = visible(&env.frames).into_iter().rev();
        // What encloses a task is not on its frames.
        let lineage = enclosing.flat_map(|fence| {
            let mut around = self.fences[fence].lineage.clone();
            around.push(fence);
            around
        });
        let alive = |fence: &usize| self.is_alive(*fence);
        let lineage = lineage.filter(alive).collect();
        let root = self.open(Fence {
            lineage,
            is_root: true,
            ..Fence::default()
        });
        let bound = env.bound.clone();
        self.tasks.push(Task {
            id,
            root,
            env: Env {
                bound,
                frames: Vec::new(),
            },
            body: Some(Run::boxed(body)),
            done: false,
        });
    }
}
