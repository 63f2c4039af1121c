//! What the model drops midway.

use crate::fences::Frame;
use crate::model::{Env, Model};
use crate::plan::Plan;
use crate::sometimes::Fact;
use crate::walk::{Run, State};

impl<'c> Model<'c> {
    /// Whether a shield in it is open, or a cleanup of a fence in it is running (D21, D25).
    pub fn is_held(&self, run: &Run<'c>) -> bool {
        let is_any_held =
            |all: &[Option<Run<'c>>]| all.iter().flatten().any(|run| self.is_held(run));
        let is_cleaning = |fence: usize| self.fences[fence].cleaning.is_some();
        match &run.state {
            State::Shield(_, started) => *started,
            State::Fence(fence, body) => {
                is_cleaning(*fence) || body.as_ref().is_some_and(|body| self.is_held(body))
            }
            State::Body(body)
            | State::Bound(_, body)
            | State::Undo(_, body)
            | State::Seq(_, body) => self.is_held(body),
            State::All(all) => is_any_held(all),
            State::Pool(pool, fence, _) => {
                fence.is_some_and(is_cleaning) || is_any_held(&self.pools[*pool])
            }
            State::Lent(pool) => is_any_held(&self.pools[*pool]),
            State::New | State::Ticks(_) | State::Waiting | State::Told(_) | State::Done => false,
        }
    }

    /// Drops a part midway: what is inside first.
    pub fn discard(&mut self, run: &mut Run<'c>, env: &Env) {
        let state = std::mem::replace(&mut run.state, State::Done);
        let is_new = matches!(state, State::New);
        match state {
            State::Done | State::Lent(_) => return,
            State::New | State::Ticks(_) | State::Waiting | State::Told(_) => {}
            State::Shield(mut body, false)
            | State::Body(mut body)
            | State::Bound(_, mut body)
            | State::Undo(_, mut body)
            | State::Seq(_, mut body) => {
                self.discard(&mut body, env);
            }
            State::Shield(mut body, true) => self.discard(&mut body, &env.inside(Frame::Shield)),
            State::Fence(fence, mut body) => self.abandon(fence, &mut body, env),
            State::All(mut all) => {
                for run in all.iter_mut().flatten() {
                    self.discard(run, env);
                }
            }
            State::Pool(pool, fence, _) => {
                if let Some(fence) = fence {
                    self.abandon(fence, &mut None, env);
                }
                self.discard_pool(pool, env);
            }
        }
        if let Plan::Drops(drops, _) = &run.node.plan {
            if !is_new || drops.is_captured {
                self.facts.insert(Fact::Destructor);
                self.fire(run.node.id, &drops.fire, env);
            }
        }
        if !is_new {
            self.log(format!("-{}", run.node.id));
        }
    }

    pub fn discard_pool(&mut self, pool: usize, env: &Env) {
        for mut run in std::mem::take(&mut self.pools[pool]).into_iter().flatten() {
            self.discard(&mut run, env);
        }
    }
}
