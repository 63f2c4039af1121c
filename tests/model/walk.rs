//! How the model walks the tree.

use crate::fences::Fence;
use crate::model::{Env, Model};
use crate::plan::{Fire, Node, Plan, Spec};
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
    /// By one of these fences.
    Told(Option<Vec<usize>>),
    Body(Box<Run<'c>>),
    Bound(Set, Box<Run<'c>>),
    Undo(usize, Box<Run<'c>>),
    /// And whether it has started.
    Shield(Box<Run<'c>>, bool),
    Fence(usize, Option<Box<Run<'c>>>),
    Seq(usize, Box<Run<'c>>),
    All(Vec<Option<Run<'c>>>),
    /// That pool, the fence that polls it now, and how many more there may be.
    Pool(usize, Option<usize>, u64),
    /// The body of that fence.
    Lent(usize),
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Pending,
    Ready,
    Panicked,
}

/// What was inside has been dropped by now.
pub struct Panicked;

impl<'c> Run<'c> {
    pub fn new(node: &'c Node) -> Self {
        let state = State::New;
        Self { node, state }
    }

    pub fn boxed(node: &'c Node) -> Box<Self> {
        Box::new(Self::new(node))
    }

    pub fn all(nodes: &'c [Node]) -> Vec<Option<Self>> {
        nodes.iter().map(Self::new).map(Some).collect()
    }
}

impl Step {
    pub fn ready(is_ready: bool) -> Self {
        if is_ready { Self::Ready } else { Self::Pending }
    }
}

impl<'c> Model<'c> {
    /// One step. What panics in it drops what it consists of on the way.
    pub fn poll(&mut self, run: &mut Run<'c>, env: &Env) -> Step {
        if matches!(run.state, State::New) {
            self.stirred += 1;
            run.state = self.begin_node(run.node, env);
        }
        let step = self.step(run, env);
        match step {
            Step::Pending => {}
            Step::Ready => {
                if let Plan::Drops(drops, _) = &run.node.plan {
                    self.fire(run.node.id, &drops.fire, env);
                }
                if !matches!(run.state, State::Lent(_)) {
                    self.log(format!("-{}", run.node.id));
                }
                run.state = State::Done;
            }
            Step::Panicked => self.discard(run, env),
        }
        step
    }

    fn begin_node(&mut self, node: &'c Node, env: &Env) -> State<'c> {
        match &node.plan {
            Plan::Ticks(ticks) => State::Ticks(self.round + ticks),
            Plan::Fire(fire) => {
                self.fire(node.id, fire, env);
                State::Ticks(self.round)
            }
            Plan::Remaining => {
                let left = self.remaining(env);
                self.log(format!("left {} {left:?}", node.id));
                State::Ticks(self.round)
            }
            Plan::Checkpoint | Plan::Panic => State::Waiting,
            Plan::Cancelled => State::Told(None),
            Plan::Cleanup(undo) => {
                self.register(node.id, undo, env);
                State::Ticks(self.round)
            }
            Plan::Undo(undo, body) => {
                let job = self.register(node.id, undo, env);
                State::Undo(job, Run::boxed(body))
            }
            Plan::Drops(_, body) | Plan::Catch(body) => State::Body(Run::boxed(body)),
            Plan::Bind(spec, body) => {
                let set = env.bound.bound(node.id, spec).started(self.now);
                State::Bound(set, Run::boxed(body))
            }
            Plan::Fence(spec, body) => {
                let fence = self.open_fence(node.id, spec, env);
                State::Fence(fence, Some(Run::boxed(body)))
            }
            Plan::Shield(body) => State::Shield(Run::boxed(body), false),
            Plan::Spawn(body) => {
                self.spawn(node.id, body, env);
                State::Ticks(self.round)
            }
            Plan::Seq(all) => State::Seq(0, Run::boxed(&all[0])),
            Plan::Pool(pool, all) => {
                self.pools.push(Run::all(all));
                State::Pool(self.pools.len() - 1, None, pool.tries)
            }
            Plan::Join(all) | Plan::Set(all) | Plan::Race(all) => State::All(Run::all(all)),
        }
    }

    pub fn open_fence(&mut self, id: usize, spec: &Spec, env: &Env) -> usize {
        let set = env.bound.fenced(id, spec);
        let cancel = spec.cancel.filter(|_| spec.has_handle());
        let fence = self.open(Fence {
            set,
            cancel,
            is_shared: spec.has_handle(),
            ..Fence::default()
        });
        if spec.has_handle() {
            self.handles.insert(id, fence);
        }
        fence
    }

    pub fn fire(&mut self, id: usize, fire: &Fire, env: &Env) {
        match fire {
            Fire::Set(event) => self.set(*event),
            Fire::Cancel(node) => self.cancel(self.handles[node]),
            Fire::Quiet => {}
            Fire::Check => {
                let said = self.why(&env.frames).unwrap_or("ok".to_owned());
                self.log(format!("check {id} {said}"));
            }
        }
    }

    fn step(&mut self, run: &mut Run<'c>, env: &Env) -> Step {
        let node = run.node;
        match &mut run.state {
            State::Ticks(due) => Step::ready(self.round >= *due),
            State::Waiting => self.step_waiting(node, env),
            State::Told(by) => self.step_told(by, node, env),
            State::Body(body) if matches!(node.plan, Plan::Catch(_)) => self.catch(body, env),
            State::Body(body) => self.poll(body, env),
            State::Bound(set, body) => {
                let mut env = env.clone();
                env.bound = set.clone();
                self.poll(body, &env)
            }
            State::Undo(job, body) => {
                let step = self.poll(body, env);
                if step == Step::Ready {
                    self.jobs[*job] = None;
                }
                step
            }
            State::Shield(body, started) => self.step_shield(body, started, env),
            State::Fence(fence, body) => match self.poll_fence(*fence, body, env) {
                Ok(None) => Step::Pending,
                Ok(Some(outcome)) => {
                    self.log(format!("fence {} {outcome}", node.id));
                    Step::Ready
                }
                Err(Panicked) => Step::Panicked,
            },
            State::Seq(next, body) => self.step_sequence(next, body, node, env),
            State::All(all) => match node.plan {
                Plan::Race(_) => self.step_race(all, env),
                Plan::Set(_) => match self.poll_woken(all, env) {
                    Ok(_) => Step::ready(all.iter().all(Option::is_none)),
                    Err(Panicked) => Step::Panicked,
                },
                _ => self.step_join(all, env),
            },
            State::Pool(pool, fence, tries) => self.step_pool(*pool, fence, tries, node, env),
            State::Lent(pool) => self.step_lent(*pool, env),
            State::New | State::Done => unreachable!("polled before its start or after its end"),
        }
    }

    fn catch(&mut self, body: &mut Run<'c>, env: &Env) -> Step {
        let step = self.poll(body, env);
        if step != Step::Panicked {
            return step;
        }
        self.log("caught".to_owned());
        Step::Ready
    }
}
