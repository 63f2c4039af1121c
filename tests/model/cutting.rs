//! How a fence of the model ends.

use crate::cleanups::{Batch, Cleaning, DEFAULT};
use crate::fences::{Frame, Reason, Status};
use crate::model::{Env, Model};
use crate::sometimes::Fact;
use crate::walk::{Panicked, Run, Step};

impl<'c> Model<'c> {
    /// A fence: what it makes of its body; `None` while it is pending.
    pub fn poll_fence(
        &mut self,
        fence: usize,
        body: &mut Option<Box<Run<'c>>>,
        env: &Env,
    ) -> Result<Option<String>, Panicked> {
        if self.fences[fence].status == Status::Waiting {
            if !self.begin_fence(fence, env) {
                return Ok(None);
            }
            if self.fences[fence].status == Status::Cleaning {
                self.end_body(fence, body, env);
            }
        }
        match self.fences[fence].status {
            Status::Cleaning => return Ok(self.resolve(fence, env)),
            Status::Running => {}
            _ => unreachable!("polled after its end"),
        }
        let inside = env.inside(Frame::Fence(fence));
        let before = self.fired_here;
        match body.as_mut().map(|body| self.poll(body, &inside)) {
            Some(Step::Ready) => {
                *body = None;
                self.fences[fence].status = Status::Completed;
                self.fences[fence].jobs.clear();
                return Ok(Some("completed".to_owned()));
            }
            Some(Step::Panicked) => return Err(Panicked),
            Some(Step::Pending) | None => {}
        }
        if self.fired_here != before {
            self.look_around(fence);
        }
        if !self.decide(fence, body.as_deref()) {
            return Ok(None);
        }
        self.link_up(fence, env);
        if self.is_blocked(&env.frames) {
            self.facts.insert(Fact::OuterFirst);
            return Ok(None);
        }
        self.cut(fence, body, env);
        Ok(self.resolve(fence, env))
    }

    /// Its first poll, unless a fence around cuts: then `false` (D2, D5).
    fn begin_fence(&mut self, fence: usize, env: &Env) -> bool {
        if self.keeps_from_starting(&env.frames) {
            self.facts.insert(Fact::Blocked);
            return false;
        }
        if self.start(fence, env) {
            if self.is_blocked(&env.frames) {
                self.facts.insert(Fact::LinkBlocked);
                self.unstart(fence);
                return false;
            }
            self.fences[fence].status = Status::Cleaning;
        }
        true
    }

    /// Whether it cuts its body now (D21, D23, D24, D30).
    pub fn decide(&mut self, fence: usize, body: Option<&Run<'c>>) -> bool {
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
        if body.is_some_and(|body| self.is_held(body)) {
            self.facts.insert(Fact::Held);
            let limit = self.fences[fence].set.cleanup.unwrap_or(DEFAULT);
            let until = self.now + limit;
            self.fences[fence].shields_until.get_or_insert(until);
            // What keeps the body does not keep the tasks that it spawned.
            if self.fences[fence].has_family {
                let fired = self.fired(fence);
                self.fences[fence].cut.get_or_insert(fired);
            }
            return false;
        }
        true
    }

    pub fn cut(&mut self, fence: usize, body: &mut Option<Box<Run<'c>>>, env: &Env) {
        let fired = self.fired(fence);
        self.fences[fence].cut.get_or_insert(fired);
        self.end_body(fence, body, env);
        let why = self.reasons_text(fence, false);
        let batches = self.take_batches(fence);
        let this = &mut self.fences[fence];
        this.status = Status::Cleaning;
        if !batches.is_empty() {
            this.cleaning = Some(Cleaning::new(batches, why));
        }
    }

    pub fn end_body(&mut self, fence: usize, body: &mut Option<Box<Run<'c>>>, env: &Env) {
        self.fences[fence].is_ending = true;
        let inside = env.inside(Frame::Fence(fence));
        if let Some(mut body) = body.take() {
            self.discard(&mut body, &inside);
        }
    }

    /// Dropped from outside.
    pub fn abandon(&mut self, fence: usize, body: &mut Option<Box<Run<'c>>>, env: &Env) {
        let status = self.fences[fence].status;
        if matches!(status, Status::Running | Status::Cleaning) {
            let mut why = self.dropped_for(fence, env);
            self.fences[fence].cut.get_or_insert(why.1.clone());
            let is_told = self.fences[fence].is_shared || !self.fences[fence].jobs.is_empty();
            self.end_body(fence, body, env);
            // If nobody had to be told, that is worked out after the destructors.
            if !is_told {
                why = self.dropped_for(fence, env);
            }
            if let Some(cleaning) = self.fences[fence].cleaning.take() {
                self.hand_over(cleaning);
            } else {
                let mut batches = self.take_report(fence);
                batches.extend(self.take_batches(fence));
                self.leave(batches, why.0, env);
            }
        } else if let Some(mut body) = body.take() {
            self.discard(&mut body, env);
        }
        self.fences[fence].status = Status::Ended;
    }

    pub fn leave(&mut self, batches: Vec<Batch>, why: String, env: &Env) {
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
