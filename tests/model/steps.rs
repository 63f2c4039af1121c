//! The steps of what consists of others, in the model.

use crate::fences::Frame;
use crate::model::{Env, Model};
use crate::plan::{Node, Plan};
use crate::sometimes::Fact;
use crate::walk::{Panicked, Run, State, Step};

impl<'c> Model<'c> {
    pub fn step_waiting(&mut self, node: &'c Node, env: &Env) -> Step {
        match node.plan {
            Plan::Checkpoint => Step::ready(!self.is_blocked(&env.frames)),
            _ => Step::Panicked,
        }
    }

    /// Waits to be told; it does not look before (D23).
    pub fn step_told(&mut self, by: &mut Option<Vec<usize>>, node: &'c Node, env: &Env) -> Step {
        let has_told = |fence: &usize| self.fences[*fence].has_told();
        if by.as_ref().is_some_and(|by| !by.iter().any(has_told)) {
            return Step::Pending;
        }
        self.adopt(&env.frames);
        let why = self.why(&env.frames);
        if let Some(why) = &why {
            self.log(format!("told {} {why}", node.id));
        }
        let mut families = self.families(&env.frames);
        families.retain(|fence| !self.fences[*fence].has_told());
        *by = Some(families);
        Step::ready(why.is_some())
    }

    pub fn step_sequence(
        &mut self,
        next: &mut usize,
        body: &mut Box<Run<'c>>,
        node: &'c Node,
        env: &Env,
    ) -> Step {
        loop {
            match self.poll(body, env) {
                Step::Ready => *next += 1,
                other => return other,
            }
            match node.plan.inside().get(*next) {
                Some(node) => *body = Run::boxed(node),
                None => return Step::Ready,
            }
        }
    }

    /// A shield starts where it is reached, unless fences have been held up for too long (D21).
    pub fn step_shield(&mut self, body: &mut Run<'c>, started: &mut bool, env: &Env) -> Step {
        if !*started && self.is_late(&env.frames) {
            return Step::Pending;
        }
        *started = true;
        self.poll(body, &env.inside(Frame::Shield))
    }

    pub fn step_join(&mut self, all: &mut [Option<Run<'c>>], env: &Env) -> Step {
        for part in &mut *all {
            match part.as_mut().map(|run| self.poll(run, env)) {
                Some(Step::Ready) => *part = None,
                Some(Step::Panicked) => return Step::Panicked,
                Some(Step::Pending) | None => {}
            }
        }
        Step::ready(all.iter().all(Option::is_none))
    }

    pub fn step_race(&mut self, all: &mut Vec<Option<Run<'c>>>, env: &Env) -> Step {
        for index in 0..all.len() {
            match all[index].as_mut().map(|run| self.poll(run, env)) {
                Some(Step::Ready) => {}
                Some(Step::Panicked) => return Step::Panicked,
                Some(Step::Pending) | None => continue,
            }
            all.swap_remove(index);
            for run in all.iter_mut().flatten() {
                self.discard(run, env);
            }
            all.clear();
            return Step::Ready;
        }
        Step::Pending
    }

    /// Polls the parts of a set until nothing happens any more: how many have ended. One that was
    /// not woken is polled as well, which must make no difference (D5a).
    pub fn poll_woken(
        &mut self,
        all: &mut [Option<Run<'c>>],
        env: &Env,
    ) -> Result<usize, Panicked> {
        let mut ended = 0;
        loop {
            let before = self.stirred;
            for part in &mut *all {
                match part.as_mut().map(|run| self.poll(run, env)) {
                    Some(Step::Panicked) => return Err(Panicked),
                    Some(Step::Ready) => {
                        *part = None;
                        ended += 1;
                    }
                    Some(Step::Pending) | None => {}
                }
            }
            if self.stirred == before {
                return Ok(ended);
            }
        }
    }

    /// One fence after the other waits for a part of the pool.
    pub fn step_pool(
        &mut self,
        pool: usize,
        fence: &mut Option<usize>,
        tries: &mut u64,
        node: &'c Node,
        env: &Env,
    ) -> Step {
        let Plan::Pool(plan, _) = &node.plan else {
            unreachable!()
        };
        while self.pools[pool].iter().any(Option::is_some) {
            if *tries == 0 {
                return self.step_rest(pool, plan.drains, env);
            }
            let this = *fence.get_or_insert_with(|| self.open_fence(node.id, &plan.spec, env));
            let lent = State::Lent(pool);
            let mut body = Some(Box::new(Run { node, state: lent }));
            let Ok(outcome) = self.poll_fence(this, &mut body, env) else {
                return Step::Panicked;
            };
            let Some(outcome) = outcome else {
                return Step::Pending;
            };
            if outcome != "completed" {
                *tries -= 1;
                let is_left = self.pools[pool].iter().any(Option::is_some);
                self.facts.extend(is_left.then_some(Fact::Outlived));
            }
            self.log(format!("tick {} {outcome}", node.id));
            *fence = None;
        }
        Step::Ready
    }

    /// What is left of a pool after the last of its fences.
    fn step_rest(&mut self, pool: usize, drains: bool, env: &Env) -> Step {
        if !drains {
            self.discard_pool(pool, env);
            return Step::Ready;
        }
        match self.step_lent(pool, env) {
            Step::Ready if self.pools[pool].iter().any(Option::is_some) => {
                self.step_rest(pool, drains, env)
            }
            step => step,
        }
    }

    /// Ready once another part has ended.
    pub fn step_lent(&mut self, pool: usize, env: &Env) -> Step {
        let mut all = std::mem::take(&mut self.pools[pool]);
        let ended = self.poll_woken(&mut all, env);
        let is_over = all.iter().all(Option::is_none);
        self.pools[pool] = all;
        match ended {
            Ok(ended) => Step::ready(is_over || ended > 0),
            Err(Panicked) => Step::Panicked,
        }
    }
}
