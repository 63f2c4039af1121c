//! What the model's fences say of themselves, and whom they tell.

use crate::asked::visible;
use crate::cleanups::Report;
use crate::fences::Reason;
use crate::model::{Env, Model};
use crate::record::reasons;
use crate::sometimes::Fact;

impl Model<'_> {
    /// Why a fence is dropped from outside: because of the fence around, if that has fired.
    pub fn dropped_for(&self, fence: usize, env: &Env) -> (String, Vec<Reason>) {
        let is_cut = |outer: &usize| {
            let that = &self.fences[*outer];
            that.is_ending && (!self.is_guarded(*outer) || self.has_accepted(*outer))
        };
        let ending = visible(&env.frames).into_iter().rev().filter(is_cut);
        for outer in ending {
            let seen = self.seen(outer);
            if !seen.is_empty() {
                return (self.reasons_text(outer, true), seen);
            }
        }
        let is_undecided = self.is_guarded(fence) && !self.has_accepted(fence);
        let mut fired = self.fired(fence);
        if fired.is_empty() || is_undecided {
            fired = vec![(self.now, u64::MAX, "dropped".to_owned())];
        }
        (self.text(fence, fired.clone(), &Report::default()), fired)
    }

    pub fn reasons_text(&self, fence: usize, seen: bool) -> String {
        if seen {
            self.text(fence, self.seen(fence), &Report::default())
        } else {
            self.text(fence, self.fired(fence), &self.fences[fence].report)
        }
    }

    fn text(&self, fence: usize, fired: Vec<Reason>, report: &Report) -> String {
        let this = &self.fences[fence];
        let declined = this.asked.iter().filter(|(_, accepted)| !accepted);
        let text = |all: Vec<Reason>| reasons(all.into_iter().map(|(at, _, code)| (at, code)));
        format!(
            "by {} declined {} cleaned {} overran {} panicked [{}]",
            text(fired),
            text(declined.map(|(reason, _)| reason.clone()).collect()),
            report.ran,
            report.overran,
            report.panics.join(",")
        )
    }

    /// Passes a cancellation on (D30).
    pub fn link_up(&mut self, fence: usize, env: &Env) {
        if !self.fences[fence].set.linked {
            return;
        }
        let target = env.innermost().and_then(|outer| match &self.fences[outer] {
            // Tasks are no fences.
            root if root.is_root => {
                let mut around = root.lineage.iter().rev();
                around
                    .find(|fence| !self.fences[**fence].is_root && self.is_alive(**fence))
                    .copied()
            }
            _ => Some(outer),
        });
        let primary = self.primary(fence);
        if let Some(target) = target.filter(|_| !self.fences[fence].has_linked) {
            self.fences[fence].has_linked = true;
            self.fired_here += 1;
            self.facts.insert(Fact::Linked);
            self.fences[target].is_shared = true;
            self.stirred += u64::from(self.fences[target].fire(primary));
        }
    }
}
