//! How the model walks the tree.

use crate::fences::{Fence, Frame};
use crate::model::{Env, Model};
use crate::plan::{Node, Plan};
use crate::sets::Set;

/// A part of the tree on its way.
pub struct Run<'c> {
    pub node: &'c Node,
    pub state: State<'c>,
}

pub enum State<'c> {
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
    pub fn new(node: &'c Node) -> Self {
        let state = State::New;
        Self { node, state }
    }

    pub fn boxed(node: &'c Node) -> Box<Self> {
        Box::new(Self::new(node))
    }

    /// Whether a shield in it is open, or a cleanup of a fence in it is running (D21, D25).
    pub fn is_held(&self, fences: &[Fence]) -> bool {
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

impl<'c> Model<'c> {
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
                let set = env.bound.bound(node.id, spec).started(self.now);
                State::Bound(set, Run::boxed(body))
            }
            Plan::Fence(spec, body) => {
                let set = env.bound.fenced(node.id, spec);
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

    fn step(&mut self, run: &mut Run<'c>, env: &Env) -> bool {
        let node = run.node;
        match &mut run.state {
            State::Ticks(due) => self.round >= *due,
            State::Waiting if matches!(node.plan, Plan::Checkpoint) => !self.cuts(&env.frames),
            State::Waiting => self.step_waiting(node.id, env),
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
            State::Seq(next, body) => self.step_sequence(next, body, node, env),
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

    fn step_waiting(&mut self, id: usize, env: &Env) -> bool {
        self.adopt(&env.frames);
        let why = self.why(&env.frames);
        if let Some(why) = &why {
            self.log(format!("told {id} {why}"));
        }
        why.is_some()
    }

    fn step_sequence(
        &mut self,
        next: &mut usize,
        body: &mut Box<Run<'c>>,
        node: &'c Node,
        env: &Env,
    ) -> bool {
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
                if let Some(mut body) = body {
                    self.discard(&mut body, &env);
                }
            }
            State::Fence(fence, mut body) => self.abandon(fence, &mut body, env),
            State::All(mut all) => {
                if matches!(run.node.plan, Plan::Unordered(_)) {
                    all.reverse(); // which drops the newest first
                }
                for run in all.iter_mut().flatten() {
                    self.discard(run, env);
                }
            }
        }
        self.log(format!("-{}", run.node.id));
    }
}
