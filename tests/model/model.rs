//! The rules, as a plain state machine: no future, no waker, no timer.
//!
//! It walks the tree once a round. Everything is worked out anew at each question, the slow and
//! obvious way: what has fired, who encloses what, whether a shield is open somewhere below.

use crate::cleanups::{Batch, Cleaning};
use crate::fences::{Fence, Frame, Reason, Set, Status};
use crate::plan::{Case, EVENTS, Node, Plan, ROUND, ROUNDS, Undo};
use crate::record::{Line, Record};

#[derive(Clone, Default)]
pub struct Env {
    pub bound: Set,
    /// Outermost first.
    pub frames: Vec<Frame>,
}

impl Env {
    fn inside(&self, frame: Frame) -> Self {
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
    pub record: Record,
    pub fences: Vec<Fence>,
    pub jobs: Vec<Option<(usize, &'c Undo)>>,
    tasks: Vec<Task<'c>>,
    pub handed: Vec<Cleaning>,
}

struct Task<'c> {
    id: usize,
    root: usize,
    env: Env,
    body: Option<Box<Run<'c>>>,
    done: bool,
}

/// A part of the tree on its way.
pub struct Run<'c> {
    node: &'c Node,
    state: State<'c>,
}

enum State<'c> {
    New,
    /// Until that round.
    Ticks(u64),
    Waiting,
    Bound(Set, Box<Run<'c>>),
    Undo(usize, Box<Run<'c>>),
    Shield(Option<Box<Run<'c>>>),
    Fence(usize, Option<Box<Run<'c>>>),
    Seq(usize, Box<Run<'c>>),
    All(Vec<Option<Run<'c>>>),
    Done,
}

impl<'c> Run<'c> {
    fn new(node: &'c Node) -> Self {
        let state = State::New;
        Self { node, state }
    }

    fn boxed(node: &'c Node) -> Box<Self> {
        Box::new(Self::new(node))
    }

    /// Whether a shield in it is open, or a cleanup of a fence in it is running (D21, D25).
    fn is_held(&self, fences: &[Fence]) -> bool {
        match &self.state {
            State::Shield(body) => body.is_some(),
            State::Fence(fence, body) => {
                let body = body.as_ref().is_some_and(|body| body.is_held(fences));
                body || fences[*fence].cleaning.is_some()
            }
            State::Bound(_, body) | State::Undo(_, body) | State::Seq(_, body) => {
                body.is_held(fences)
            }
            State::All(all) => all.iter().flatten().any(|run| run.is_held(fences)),
            State::New | State::Ticks(_) | State::Waiting | State::Done => false,
        }
    }
}

/// Runs the case and returns what should happen.
pub fn expect(case: &Case) -> Record {
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
    model.record
}

impl<'c> Model<'c> {
    fn new(case: &'c Case) -> Self {
        let mut model = Self {
            case,
            round: 0,
            now: 0,
            events: [None; EVENTS],
            sequence: 1,
            record: Record::default(),
            fences: Vec::new(),
            jobs: Vec::new(),
            tasks: Vec::new(),
            handed: Vec::new(),
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
                self.sequence += 1;
                let firing = (self.now, self.sequence, "handle".to_owned());
                self.fences[fence].fire(Some(firing));
            }
        }
    }

    fn set(&mut self, event: usize) {
        self.sequence += 1;
        let (at, sequence) = (self.now, self.sequence);
        self.events[event].get_or_insert((at, sequence));
    }

    pub fn log(&mut self, text: String) {
        let round = self.round;
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
        if task == 0 {
            let ready = body.as_mut().is_some_and(|body| self.poll(body, &env));
            self.tasks[task].done = ready;
        } else if let Some(outcome) = self.poll_fence(root, &mut body, &env) {
            self.log(format!("task {id} {outcome}"));
            self.tasks[task].done = true;
        }
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

    /// One step; true once it is done.
    pub fn poll(&mut self, run: &mut Run<'c>, env: &Env) -> bool {
        if matches!(run.state, State::New) {
            run.state = self.begin_node(run.node, env);
        }
        let ready = self.step(run, env);
        if ready {
            run.state = State::Done;
            self.log(format!("-{}", run.node.id));
        }
        ready
    }

    fn begin_node(&mut self, node: &'c Node, env: &Env) -> State<'c> {
        match &node.plan {
            Plan::Ticks(ticks) => State::Ticks(self.round + ticks),
            Plan::Set(event) => {
                self.set(*event);
                State::Ticks(self.round)
            }
            Plan::Check => {
                let said = self.why(&env.frames).unwrap_or("ok".to_owned());
                self.log(format!("check {} {said}", node.id));
                State::Ticks(self.round)
            }
            Plan::Remaining => {
                let left = self.remaining(env);
                self.log(format!("left {} {left:?}", node.id));
                State::Ticks(self.round)
            }
            Plan::Checkpoint | Plan::Cancelled => State::Waiting,
            Plan::Cleanup(undo) => {
                self.register(node.id, undo, env);
                State::Ticks(self.round)
            }
            Plan::Undo(undo, body) => {
                let job = self.register(node.id, undo, env);
                State::Undo(job, Run::boxed(body))
            }
            Plan::Bind(spec, body) => {
                let set = env.bound.extended(node.id, spec).started(self.now);
                State::Bound(set, Run::boxed(body))
            }
            Plan::Fence(spec, body) => {
                let set = env.bound.extended(node.id, spec);
                let cancel = spec.cancel.filter(|_| !spec.is_written());
                let fence = self.open(Fence {
                    set,
                    cancel,
                    ..Fence::default()
                });
                State::Fence(fence, Some(Run::boxed(body)))
            }
            Plan::Shield(_) => State::Shield(None),
            Plan::Spawn(body) => {
                self.spawn(node.id, body, env);
                State::Ticks(self.round)
            }
            Plan::Seq(all) => State::Seq(0, Run::boxed(&all[0])),
            Plan::Join(all) | Plan::Unordered(all) | Plan::Race(all) => {
                State::All(all.iter().map(Run::new).map(Some).collect())
            }
        }
    }

    fn spawn(&mut self, id: usize, body: &'c Node, env: &Env) {
        let mut lineage = self.visible(&env.frames);
        lineage.reverse();
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

    fn step(&mut self, run: &mut Run<'c>, env: &Env) -> bool {
        let node = run.node;
        match &mut run.state {
            State::Ticks(due) => self.round >= *due,
            State::Waiting if matches!(node.plan, Plan::Checkpoint) => !self.cuts(&env.frames),
            State::Waiting => match self.why(&env.frames) {
                Some(why) => {
                    self.log(format!("told {} {why}", node.id));
                    true
                }
                None => false,
            },
            State::Bound(set, body) => {
                let mut env = env.clone();
                env.bound = set.clone();
                self.poll(body, &env)
            }
            State::Undo(job, body) => {
                let ready = self.poll(body, env);
                if ready {
                    self.jobs[*job] = None;
                }
                ready
            }
            State::Shield(body) => self.step_shield(body, node, env),
            State::Fence(fence, body) => {
                let outcome = self.poll_fence(*fence, body, env);
                if let Some(outcome) = &outcome {
                    self.log(format!("fence {} {outcome}", node.id));
                }
                outcome.is_some()
            }
            State::Seq(next, body) => {
                let Plan::Seq(all) = &node.plan else {
                    unreachable!()
                };
                while self.poll(body, env) {
                    *next += 1;
                    match all.get(*next) {
                        Some(node) => *body = Run::boxed(node),
                        None => return true,
                    }
                }
                false
            }
            State::All(all) if matches!(node.plan, Plan::Race(_)) => self.step_race(all, env),
            State::All(all) => {
                for run in &mut *all {
                    if run.as_mut().is_some_and(|run| self.poll(run, env)) {
                        *run = None;
                    }
                }
                all.iter().all(Option::is_none)
            }
            State::New | State::Done => unreachable!("polled before its start or after its end"),
        }
    }

    fn step_shield(&mut self, body: &mut Option<Box<Run<'c>>>, node: &'c Node, env: &Env) -> bool {
        if body.is_none() {
            if self.cuts(&env.frames) {
                return false;
            }
            let Plan::Shield(inside) = &node.plan else {
                unreachable!()
            };
            *body = Some(Run::boxed(inside));
        }
        let env = env.inside(Frame::Shield);
        let ready = body.as_mut().is_some_and(|body| self.poll(body, &env));
        if ready {
            *body = None;
        }
        ready
    }

    fn step_race(&mut self, all: &mut Vec<Option<Run<'c>>>, env: &Env) -> bool {
        for index in 0..all.len() {
            if all[index].as_mut().is_some_and(|run| self.poll(run, env)) {
                all.swap_remove(index);
                for run in all.iter_mut().flatten() {
                    self.discard(run, env);
                }
                all.clear();
                return true;
            }
        }
        false
    }

    /// Drops a part midway: what is inside first.
    pub fn discard(&mut self, run: &mut Run<'c>, env: &Env) {
        match std::mem::replace(&mut run.state, State::Done) {
            State::New | State::Done => return,
            State::Ticks(_) | State::Waiting => {}
            State::Bound(_, mut body) | State::Undo(_, mut body) | State::Seq(_, mut body) => {
                self.discard(&mut body, env);
            }
            State::Shield(body) => {
                let env = env.inside(Frame::Shield);
                body.into_iter()
                    .for_each(|mut body| self.discard(&mut body, &env));
            }
            State::Fence(fence, mut body) => self.abandon(fence, &mut body, env),
            State::All(mut all) => {
                for run in all.iter_mut().flatten() {
                    self.discard(run, env);
                }
            }
        }
        self.log(format!("-{}", run.node.id));
    }

    /// A fence: what it makes of its body; `None` while it is pending.
    fn poll_fence(
        &mut self,
        fence: usize,
        body: &mut Option<Box<Run<'c>>>,
        env: &Env,
    ) -> Option<String> {
        match self.fences[fence].status {
            Status::Waiting => {
                if self.cuts(&env.frames) {
                    return None;
                }
                if self.start(fence, env) {
                    if self.cuts(&env.frames) {
                        self.fences[fence].status = Status::Waiting;
                        return None;
                    }
                    self.fences[fence].status = Status::Cleaning;
                    *body = None;
                    return self.resolve(fence, env);
                }
            }
            Status::Cleaning => return self.resolve(fence, env),
            Status::Running => {}
            Status::Completed | Status::Ended => unreachable!("polled after its end"),
        }
        let inside = env.inside(Frame::Fence(fence));
        if body.as_mut().is_some_and(|body| self.poll(body, &inside)) {
            *body = None;
            self.fences[fence].status = Status::Completed;
            self.fences[fence].jobs.clear();
            return Some("completed".to_owned());
        }
        if !self.decide(fence, body.as_deref()) {
            return None;
        }
        self.link_up(fence, env);
        if self.cuts(&env.frames) {
            return None;
        }
        self.cut(fence, body, env);
        self.resolve(fence, env)
    }

    /// Whether it cuts its body now (D21, D23, D24, D30).
    fn decide(&mut self, fence: usize, body: Option<&Run<'c>>) -> bool {
        if self.all_fired(fence).is_empty() {
            return false;
        }
        if self.fences[fence].told.is_none() && !self.accept(fence) {
            return false;
        }
        let this = &self.fences[fence];
        if this.set.cooperative || this.cut_at.is_some_and(|at| at > self.now) {
            return false;
        }
        if body.is_some_and(|body| body.is_held(&self.fences)) {
            return false;
        }
        true
    }

    fn cut(&mut self, fence: usize, body: &mut Option<Box<Run<'c>>>, env: &Env) {
        self.fences[fence].cut = Some(self.fired(fence));
        self.end_body(fence, body, env);
        let why = self.reasons_text(fence, false);
        let batches = self.take_batches(fence);
        let this = &mut self.fences[fence];
        this.status = Status::Cleaning;
        if !batches.is_empty() {
            this.cleaning = Some(Cleaning::new(batches, why));
        }
    }

    fn end_body(&mut self, fence: usize, body: &mut Option<Box<Run<'c>>>, env: &Env) {
        self.fences[fence].is_ending = true;
        let inside = env.inside(Frame::Fence(fence));
        if let Some(mut body) = body.take() {
            self.discard(&mut body, &inside);
        }
    }

    /// Dropped from outside.
    fn abandon(&mut self, fence: usize, body: &mut Option<Box<Run<'c>>>, env: &Env) {
        let status = self.fences[fence].status;
        if matches!(status, Status::Running | Status::Cleaning) {
            let why = self.dropped_for(fence, env);
            self.fences[fence].cut.get_or_insert(why.1);
            self.end_body(fence, body, env);
            if let Some(cleaning) = self.fences[fence].cleaning.take() {
                self.hand_over(cleaning);
            } else {
                let batches = self.take_batches(fence);
                self.leave(batches, why.0, env);
            }
        }
        self.fences[fence].status = Status::Ended;
    }

    fn leave(&mut self, batches: Vec<Batch>, why: String, env: &Env) {
        match env
            .innermost()
            .filter(|fence| self.fences[*fence].is_ending)
        {
            Some(ending) => self.fences[ending].batches.extend(batches),
            None if batches.is_empty() => {}
            None => self.hand_over(Cleaning::new(batches, why)),
        }
    }

    /// What fired first.
    pub fn primary(&self, fence: usize) -> Option<Reason> {
        let reasons = self.fired(fence);
        reasons
            .into_iter()
            .min_by_key(|(at, sequence, _)| (*at, *sequence))
    }
}
