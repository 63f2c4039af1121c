//! What the model knows of fences: their sets, what has fired, who is asked, what is cleaned up.

use crate::asked::visible;
use crate::cleanups::{Batch, Cleaning, Report};
use crate::model::{Env, Model};
use crate::record::reasons;
use crate::sets::{Set, Span};

/// When it fired, its place among those of that instant, its code.
pub type Reason = (u64, u64, String);

#[derive(Clone, Copy)]
pub enum Frame {
    Fence(usize),
    Shield,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Waiting,
    Running,
    Cleaning,
    Completed,
    Ended,
}

pub struct Fence {
    pub set: Set,
    pub status: Status,
    pub times: Vec<(u64, String)>,
    /// What the guards said; `None` while there was no answer.
    pub asked: Vec<(Reason, bool)>,
    pub links: Vec<Reason>,
    /// The round in which its handle cancels it.
    pub cancel: Option<u64>,
    pub told: Option<Reason>,
    pub cut_at: Option<u64>,
    pub cut: Option<Vec<Reason>>,
    /// Whether anybody is told of its end.
    pub has_family: bool,
    pub is_ending: bool,
    pub jobs: Vec<usize>,
    pub batches: Vec<Batch>,
    pub cleaning: Option<Cleaning>,
    pub report: Report,
    /// The fences around the place where its task was spawned, outermost first.
    pub lineage: Vec<usize>,
    /// What those were seen to have fired with before they cut.
    pub seen_around: Vec<Reason>,
    pub is_root: bool,
}

impl Default for Fence {
    fn default() -> Self {
        Self {
            set: Set::default(),
            status: Status::Waiting,
            times: Vec::new(),
            asked: Vec::new(),
            links: Vec::new(),
            cancel: None,
            told: None,
            cut_at: None,
            cut: None,
            has_family: false,
            is_ending: false,
            jobs: Vec::new(),
            batches: Vec::new(),
            cleaning: None,
            report: Report::default(),
            lineage: Vec::new(),
            seen_around: Vec::new(),
            is_root: false,
        }
    }
}

impl Model<'_> {
    /// Starts it: true if it has fired already (D1, D2).
    pub fn start(&mut self, fence: usize, env: &Env) -> bool {
        let now = self.now;
        let this = &mut self.fences[fence];
        this.status = Status::Running;
        let at = |span: &Span| match span {
            Span::Timeout(limit) | Span::Budget(limit) => now + limit,
            Span::At(at) => *at,
        };
        this.times = this
            .set
            .times
            .iter()
            .map(|(code, span)| (at(span), code.clone()))
            .collect();
        if self.all_fired(fence).is_empty() {
            return false;
        }
        if !self.fences[fence].set.guards.is_empty() && !self.ask_guards(fence) {
            return false;
        }
        self.link_up(fence, env);
        true
    }

    /// Whether it means anything to the tasks that it encloses: one that has completed lets go of
    /// them, unless it has told them before.
    pub fn is_alive(&self, fence: usize) -> bool {
        let this = &self.fences[fence];
        this.status != Status::Completed || this.cut.is_some()
    }

    /// Everything that has fired, declined or not.
    pub fn all_fired(&self, fence: usize) -> Vec<Reason> {
        self.fired_by(fence, |parent| self.fences[parent].cut.clone())
    }

    fn fired_by(&self, fence: usize, parent: impl Fn(usize) -> Option<Vec<Reason>>) -> Vec<Reason> {
        let this = &self.fences[fence];
        let times = this.times.iter().filter(|(at, _)| *at <= self.now);
        let times = times.map(|(at, code)| (*at, 0, code.clone()));
        let events = this.set.events.iter().filter_map(|event| {
            let (at, sequence) = self.events[*event]?;
            Some((at, sequence, format!("e{event}")))
        });
        let alive = this.lineage.iter().filter(|parent| self.is_alive(**parent));
        let parents = alive.filter_map(|found| parent(*found)).flatten();
        times
            .chain(this.links.clone())
            .chain(events)
            .chain(parents)
            .chain(this.seen_around.clone())
            .collect()
    }

    /// Looks at the fences around the place where its task was spawned: what they are seen to have
    /// fired with cuts the task, if nothing is between (D27).
    pub fn look_around(&mut self, fence: usize) {
        let this = &self.fences[fence];
        let is_cut = |parent: &usize| self.fences[*parent].cut.is_some();
        if !this.seen_around.is_empty() || this.lineage.iter().any(is_cut) {
            return;
        }
        let cuts_at_once = |parent: &&usize| {
            let set = &self.fences[**parent].set;
            set.guards.is_empty() && !set.is_lenient() && self.is_alive(**parent)
        };
        let around = this.lineage.iter().filter(cuts_at_once);
        let seen = around.flat_map(|parent| self.seen(*parent)).collect();
        self.fences[fence].seen_around = seen;
    }

    /// Everything that has fired and was not declined.
    pub fn fired(&self, fence: usize) -> Vec<Reason> {
        self.without_declined(fence, self.all_fired(fence))
    }

    fn without_declined(&self, fence: usize, mut all: Vec<Reason>) -> Vec<Reason> {
        let asked = &self.fences[fence].asked;
        all.retain(|reason| !asked.contains(&(reason.clone(), false)));
        all
    }

    /// What has fired as far as anybody can see, also in the tasks of the fences around (D28).
    pub fn seen(&self, fence: usize) -> Vec<Reason> {
        let mut all = self.fired_by(fence, |_| None);
        for parent in &self.fences[fence].lineage {
            let that = &self.fences[*parent];
            match (that.status, &that.cut) {
                (_, Some(cut)) => all.extend(cut.clone()),
                (Status::Completed, _) => {}
                (_, None) => {
                    all.extend(that.told.clone());
                    if that.set.guards.is_empty() {
                        all.extend(self.seen(*parent));
                    }
                }
            }
        }
        self.without_declined(fence, all)
    }

    /// Why a fence is dropped from outside: because of the fence around, if that has fired.
    pub fn dropped_for(&self, fence: usize, env: &Env) -> (String, Vec<Reason>) {
        let is_cut = |outer: &usize| {
            let that = &self.fences[*outer];
            that.is_ending && (that.set.guards.is_empty() || self.has_accepted(*outer))
        };
        let ending = visible(&env.frames).into_iter().rev().filter(is_cut);
        for outer in ending {
            let seen = self.seen(outer);
            if !seen.is_empty() {
                return (self.reasons_text(outer, true), seen);
            }
        }
        let is_undecided = !self.fences[fence].set.guards.is_empty() && !self.has_accepted(fence);
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
        if let Some(target) = target {
            self.fired_here += 1;
            self.fences[target].fire(primary);
        }
    }

    /// The time left (D20).
    pub fn remaining(&mut self, env: &Env) -> Option<u64> {
        if self.ask(&env.frames, false) {
            return Some(0);
        }
        let fences = visible(&env.frames);
        let fences = fences.iter().filter_map(|fence| self.deadline(*fence));
        let bound = env.bound.times.iter().filter_map(|(_, span)| match span {
            Span::At(at) => Some(*at),
            Span::Timeout(_) | Span::Budget(_) => None,
        });
        let deadline = fences.chain(bound).min();
        deadline.map(|at| at.saturating_sub(self.now))
    }

    fn deadline(&self, fence: usize) -> Option<u64> {
        let this = &self.fences[fence];
        let parents = this.lineage.iter().filter(|parent| self.is_alive(**parent));
        let parents = parents.filter_map(|parent| self.deadline(*parent));
        let left = this
            .times
            .iter()
            .map(|(at, _)| *at)
            .filter(|at| *at > self.now);
        left.chain(parents).min()
    }
}

impl Fence {
    /// Through a link, or a handle, which cancels once: while it has not ended, once under a code
    /// (D24).
    pub fn fire(&mut self, firing: Option<Reason>) {
        let has_ended = matches!(self.status, Status::Completed | Status::Ended);
        let is_used = |firing: &Reason| self.links.iter().any(|link| link.2 == firing.2);
        let is_new = |firing: &Reason| !has_ended && !is_used(firing);
        self.links.extend(firing.filter(is_new));
    }
}
