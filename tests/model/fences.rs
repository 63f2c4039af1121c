//! What the model knows of fences: their sets, what has fired, who is asked, what is cleaned up.

use crate::cleanups::{Batch, Cleaning, Report};
use crate::model::{Env, Model};
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

#[expect(clippy::struct_excessive_bools, reason = "it is what is known of it")]
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
    /// From then on shields inside hold it up no longer (D21).
    pub shields_until: Option<u64>,
    pub cut: Option<Vec<Reason>>,
    /// Whether anybody is told of its end.
    pub has_family: bool,
    /// Whether it has a handle, or something like it.
    pub is_shared: bool,
    pub is_ending: bool,
    /// It has passed its cancellation up.
    pub has_linked: bool,
    pub jobs: Vec<usize>,
    pub batches: Vec<Batch>,
    pub cleaning: Option<Cleaning>,
    pub report: Report,
    /// The fences around the place where its task was spawned, outermost first.
    pub lineage: Vec<usize>,
    /// What those were seen to have fired with before they cut.
    pub seen_around: Vec<Reason>,
    pub is_root: bool,
    /// What had fired for fences in their grace when it started (D23).
    pub excused: Vec<Reason>,
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
            shields_until: None,
            cut: None,
            has_family: false,
            is_shared: false,
            is_ending: false,
            has_linked: false,
            jobs: Vec::new(),
            batches: Vec::new(),
            cleaning: None,
            report: Report::default(),
            lineage: Vec::new(),
            seen_around: Vec::new(),
            is_root: false,
            excused: Vec::new(),
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
        self.fences[fence].excused = self.excused(&env.frames);
        if self.all_fired(fence).is_empty() {
            return false;
        }
        if self.is_guarded(fence) && !self.ask_guards(fence) {
            return false;
        }
        self.link_up(fence, env);
        true
    }

    /// As if it had never been polled.
    pub fn unstart(&mut self, fence: usize) {
        let this = &mut self.fences[fence];
        this.status = Status::Waiting;
        this.asked.clear();
        this.excused.clear();
        this.times.clear();
    }

    /// Whether it takes more than a firing to cancel it.
    pub fn is_guarded(&self, fence: usize) -> bool {
        let this = &self.fences[fence];
        !this.set.guards.is_empty() || !this.excused.is_empty()
    }

    /// Whether it means anything to the tasks that it encloses: one that has completed lets go of
    /// them, unless it has told them before.
    pub fn is_alive(&self, fence: usize) -> bool {
        let this = &self.fences[fence];
        this.status != Status::Completed || this.cut.is_some()
    }

    /// Everything that has fired, declined or not.
    pub fn all_fired(&self, fence: usize) -> Vec<Reason> {
        self.fired_by(fence, true, |parent| self.fences[parent].cut.clone())
    }

    fn fired_by(
        &self,
        fence: usize,
        foreign: bool,
        parent: impl Fn(usize) -> Option<Vec<Reason>>,
    ) -> Vec<Reason> {
        let this = &self.fences[fence];
        let is_due = |(at, _): &&(u64, String)| *at <= self.now;
        let times = this.times.iter().filter(is_due);
        let times = times.map(|(at, code)| (*at, 0, code.clone()));
        let asked = |event: &&usize| foreign || !self.is_foreign(**event);
        let events = this.set.events.iter().filter(asked);
        let events = events.filter_map(|event| {
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
            .filter(|reason| !this.excused.contains(reason))
            .collect()
    }

    /// Looks at the fences around the place where its task was spawned: what they are seen to have
    /// fired with cuts the task, if nothing is between (D27).
    pub fn look_around(&mut self, fence: usize) {
        let this = &self.fences[fence];
        if !this.seen_around.is_empty() {
            return;
        }
        let cuts_at_once = |parent: &&usize| {
            let this = &self.fences[**parent];
            let is_strict = !self.is_guarded(**parent) && !this.set.is_lenient();
            is_strict && !this.is_root && this.cut.is_none() && self.is_alive(**parent)
        };
        let around = this.lineage.iter().filter(cuts_at_once);
        let around = around.filter(|parent| !self.seen_with(**parent, false, false).is_empty());
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
        self.seen_with(fence, true, true)
    }

    /// Whether anything has, before sources of another make are asked for more, which the tasks
    /// do that they belong to.
    pub fn is_seen(&self, fence: usize) -> bool {
        !self.seen_with(fence, true, false).is_empty()
    }

    fn seen_with(&self, fence: usize, own: bool, others: bool) -> Vec<Reason> {
        let mut all = self.fired_by(fence, own, |_| None);
        for parent in &self.fences[fence].lineage {
            all.extend(self.seen_outside(*parent, others));
        }
        self.without_declined(fence, all)
    }

    /// What has fired as far as other tasks can see.
    pub fn seen_outside(&self, fence: usize, foreign: bool) -> Vec<Reason> {
        let this = &self.fences[fence];
        match (this.status, &this.cut) {
            (_, Some(cut)) => return cut.clone(),
            (Status::Completed, _) => return Vec::new(),
            (_, None) => {}
        }
        let mut seen: Vec<_> = this.told.clone().into_iter().collect();
        if !self.is_guarded(fence) {
            seen.extend(self.seen_with(fence, foreign, foreign));
        }
        seen
    }
}

impl Fence {
    /// Whether those are told that wait to be.
    pub fn has_told(&self) -> bool {
        self.told.is_some() || self.cut.is_some() || self.is_over()
    }

    pub fn is_over(&self) -> bool {
        matches!(self.status, Status::Completed | Status::Ended)
    }

    /// Through a link, or a handle, which cancels once: while it has not ended, once under a code
    /// (D24).
    pub fn fire(&mut self, firing: Option<Reason>) -> bool {
        let is_used = |firing: &Reason| self.links.iter().any(|link| link.2 == firing.2);
        let is_excused = |firing: &Reason| self.excused.contains(firing);
        let counts = |firing: &Reason| !self.is_over() && !is_used(firing) && !is_excused(firing);
        let firing = firing.filter(counts);
        self.links.extend(firing.clone());
        firing.is_some()
    }
}
