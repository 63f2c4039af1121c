//! How much time the fences around leave the code of the model (D20), and what is excused (D23).

use crate::asked::{Answer, visible};
use crate::fences::{Frame, Reason};
use crate::model::{Env, Model};
use crate::sets::Span;

impl Model<'_> {
    /// The time left.
    pub fn remaining(&mut self, env: &Env) -> Option<u64> {
        let has_fired = self.ask(&env.frames, false);
        let (mut has_grace, mut limits) = (false, Vec::new());
        for fence in visible(&env.frames) {
            if has_fired {
                has_grace |= self.is_in_grace(fence);
                limits.extend(self.limit(fence));
            } else {
                limits.extend(self.deadline(fence));
            }
        }
        // What has passed is what the grace is for.
        let counts = |at: &u64| !has_grace || *at > self.now;
        let bound = env.bound.times.iter().filter_map(|(_, span)| match span {
            Span::At(at) => Some(*at).filter(counts),
            Span::Timeout(_) | Span::Budget(_) => None,
        });
        let limit = limits.into_iter().chain(bound).min();
        limit.map(|at| at.saturating_sub(self.now))
    }

    /// Until when its code may run on, once something has fired.
    fn limit(&mut self, fence: usize) -> Option<u64> {
        let parents = self.parents_deadline(fence);
        if self.is_in_grace(fence) {
            return earliest(self.grace_end(fence), parents);
        }
        if self.fences[fence].is_root {
            return parents;
        }
        match self.answer(fence, false) {
            Answer::Yes => Some(self.now),
            Answer::No | Answer::Ask => self.deadline(fence),
        }
    }

    fn grace_end(&self, fence: usize) -> Option<u64> {
        let this = &self.fences[fence];
        if this.set.cooperative {
            None
        } else if this.told.is_some() {
            this.cut_at
        } else {
            this.set.grace.map(|grace| self.now + grace)
        }
    }

    /// Its own deadline that counts, and those of the fences around its task.
    fn deadline(&self, fence: usize) -> Option<u64> {
        let this = &self.fences[fence];
        let is_settled = |(at, code): &&(u64, String)| {
            let reason = (*at, 0, code.clone());
            this.excused.contains(&reason) || this.asked.contains(&(reason, false))
        };
        let times = this.times.iter().filter(|time| !is_settled(time));
        let own = times.map(|(at, _)| *at).min();
        earliest(own, self.parents_deadline(fence))
    }

    fn parents_deadline(&self, fence: usize) -> Option<u64> {
        let parents = self.fences[fence].lineage.iter();
        let parents = parents.filter(|parent| self.is_alive(**parent));
        parents
            .filter_map(|parent| self.deadline_seen(*parent))
            .min()
    }

    /// That of a fence as other tasks see it.
    fn deadline_seen(&self, fence: usize) -> Option<u64> {
        let this = &self.fences[fence];
        if let Some(cut) = &this.cut {
            return cut.iter().map(|(at, _, _)| *at).min();
        }
        if this.is_root {
            return self.parents_deadline(fence);
        }
        let has_fired = !self.seen_outside(fence, false).is_empty();
        if !has_fired {
            self.deadline(fence)
        } else if this.set.is_lenient() {
            earliest(self.grace_end(fence), self.parents_deadline(fence))
        } else {
            Some(self.now)
        }
    }

    /// Whether it has fired, and lets its body run on for the time being.
    fn is_in_grace(&mut self, fence: usize) -> bool {
        let this = &self.fences[fence];
        if !this.set.is_lenient() {
            return false;
        }
        if this.told.is_some() {
            return this.set.cooperative || this.cut_at.is_some_and(|at| at > self.now);
        }
        if self.answer(fence, false) == Answer::Ask {
            self.ask_guards(fence);
        }
        self.answer(fence, false) == Answer::Yes
    }

    /// What has fired for fences in their grace: no reasons for what starts in them now.
    pub fn excused(&mut self, frames: &[Frame]) -> Vec<Reason> {
        let mut excused = Vec::new();
        for fence in visible(frames) {
            if self.is_in_grace(fence) {
                excused.extend(self.seen(fence));
            }
            for parent in &self.fences[fence].lineage {
                let this = &self.fences[*parent];
                if self.is_alive(*parent) && this.cut.is_none() && this.told.is_some() {
                    excused.extend(self.seen_outside(*parent, true));
                }
            }
        }
        excused
    }
}

fn earliest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}
