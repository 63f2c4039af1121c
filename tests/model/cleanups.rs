//! How the model runs cleanups (D25).

use std::collections::VecDeque;

use crate::fences::{Frame, Status};
use crate::model::{Env, Model};
use crate::plan::Undo;
use crate::sometimes::Fact;

/// How long cleanups have, unless a fence says so, in milliseconds.
pub const DEFAULT: u64 = 5000;

/// The cleanups of one fence, and how long they may take.
pub struct Batch {
    jobs: Vec<usize>,
    limit: u64,
    /// What became of those that had ended.
    done: Report,
}

pub struct Cleaning {
    batches: VecDeque<Batch>,
    end: Option<u64>,
    /// The cleanup that runs, and the round in which it is done.
    current: Option<(usize, Undo, u64)>,
    why: String,
    report: Report,
}

#[derive(Clone, Default, PartialEq)]
pub struct Report {
    pub ran: usize,
    pub overran: usize,
    pub panics: Vec<String>,
}

impl Cleaning {
    pub fn new(batches: Vec<Batch>, why: String) -> Self {
        Self {
            batches: batches.into(),
            end: None,
            current: None,
            why,
            report: Report::default(),
        }
    }
}

impl Report {
    fn add(&mut self, other: &Self) {
        self.ran += other.ran;
        self.overran += other.overran;
        self.panics.extend(other.panics.iter().cloned());
    }
}

impl<'c> Model<'c> {
    /// Registers a cleanup with the innermost fence, if there is one.
    pub fn register(&mut self, id: usize, undo: &'c Undo, env: &Env) -> usize {
        let innermost = env.innermost();
        self.jobs.push(innermost.map(|_| (id, undo)));
        let job = self.jobs.len() - 1;
        if let Some(fence) = innermost {
            self.fences[fence].jobs.push(job);
        }
        job
    }

    pub fn take_batches(&mut self, fence: usize) -> Vec<Batch> {
        let this = &mut self.fences[fence];
        let mut batches = std::mem::take(&mut this.batches);
        let jobs = std::mem::take(&mut this.jobs);
        if !jobs.is_empty() {
            let limit = this.set.cleanup.unwrap_or(DEFAULT);
            let done = Report::default();
            batches.push(Batch { jobs, limit, done });
        }
        batches
    }

    /// What had been cleaned up when the fence around came first.
    pub fn take_report(&mut self, fence: usize) -> Vec<Batch> {
        let done = std::mem::take(&mut self.fences[fence].report);
        if done == Report::default() {
            return Vec::new();
        }
        let (jobs, limit) = (Vec::new(), 0);
        vec![Batch { jobs, limit, done }]
    }

    pub fn hand_over(&mut self, cleaning: Cleaning) {
        self.record.handed = true;
        self.handed.push(cleaning);
    }

    /// What the runtime does between the rounds.
    pub fn run_handed(&mut self) {
        let handed = std::mem::take(&mut self.handed);
        let open = handed
            .into_iter()
            .filter_map(|mut cleaning| (!self.clean(&mut cleaning)).then_some(cleaning));
        self.handed = open.collect();
    }

    /// A fence that has cut its body: the outcome, once everything is cleaned up (D13, D25).
    pub fn resolve(&mut self, fence: usize, env: &Env) -> Option<String> {
        if let Some(mut cleaning) = self.fences[fence].cleaning.take() {
            if !self.clean(&mut cleaning) {
                self.fences[fence].cleaning = Some(cleaning);
                return None;
            }
            self.fences[fence].report = cleaning.report;
        }
        if self.is_guarded(fence) {
            self.ask_guards(fence);
        }
        if self.is_blocked(&env.frames) {
            self.facts.insert(Fact::OuterDuringCut);
            return None;
        }
        self.fences[fence].status = Status::Ended;
        Some(self.reasons_text(fence, false))
    }

    /// Runs cleanups as far as they go; true once all are done.
    fn clean(&mut self, cleaning: &mut Cleaning) -> bool {
        while let Some(batch) = cleaning.batches.front_mut() {
            let end = *cleaning.end.get_or_insert(self.now + batch.limit);
            if cleaning.current.is_none() {
                let Some(job) = batch.jobs.pop() else {
                    cleaning.report.add(&batch.done);
                    cleaning.batches.pop_front();
                    cleaning.end = None;
                    continue;
                };
                let Some((id, undo)) = self.jobs[job].take() else {
                    continue;
                };
                self.log(format!("clean {id} {}", cleaning.why));
                cleaning.current = Some((id, undo.clone(), self.round + undo.ticks));
            }
            if !self.run_current(cleaning, end) {
                return false;
            }
        }
        true
    }

    fn run_current(&mut self, cleaning: &mut Cleaning, end: u64) -> bool {
        let Some((id, undo, due)) = cleaning.current.clone() else {
            return true;
        };
        if self.round < due && self.now < end {
            return false;
        }
        cleaning.current = None;
        if self.round < due {
            cleaning.report.overran += 1;
            self.facts.insert(Fact::Overran);
        } else if undo.panics {
            cleaning.report.panics.push(format!("p{id}"));
        } else {
            cleaning.report.ran += 1;
            self.log(format!("cleaned {id}"));
        }
        self.log(format!("-clean {id}"));
        true
    }
}

impl Env {
    /// The innermost fence, whether or not a shield stands between.
    pub fn innermost(&self) -> Option<usize> {
        self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Fence(fence) => Some(*fence),
            Frame::Shield => None,
        })
    }
}
