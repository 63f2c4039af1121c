//! The fencings of the model.

use crate::plan::{Guard, Spec, limit};

/// A fencing.
#[derive(Clone, Default)]
pub struct Set {
    pub events: Vec<usize>,
    pub times: Vec<(String, Span)>,
    pub guards: Vec<(usize, Guard)>,
    pub grace: Option<u64>,
    pub cooperative: bool,
    pub linked: bool,
    pub cleanup: Option<u64>,
}

#[derive(Clone, Copy)]
pub enum Span {
    Timeout(u64),
    Budget(u64),
    At(u64),
}

impl Set {
    /// What a bind binds.
    pub fn bound(&self, id: usize, spec: &Spec) -> Self {
        self.extended(id, spec, self.times.len())
    }

    /// What a fence has. Of limits that pass at one instant, its own come first if a macro wrote
    /// them.
    pub fn fenced(&self, id: usize, spec: &Spec) -> Self {
        let own = if spec.is_written() {
            0
        } else {
            self.times.len()
        };
        self.extended(id, spec, own)
    }

    fn extended(&self, id: usize, spec: &Spec, own: usize) -> Self {
        let mut set = if spec.extends {
            self.clone()
        } else {
            Self::default()
        };
        for event in &spec.events {
            if !set.events.contains(event) {
                set.events.push(*event);
            }
        }
        let timeout = spec
            .timeout
            .map(|rounds| (format!("t{id}"), Span::Timeout(limit(rounds))));
        let budget = spec
            .budget
            .map(|rounds| (format!("b{id}"), Span::Budget(limit(rounds))));
        let own = own.min(set.times.len());
        set.times
            .splice(own..own, timeout.into_iter().chain(budget));
        set.guards
            .extend(spec.guard.clone().map(|guard| (id, guard)));
        set.grace = spec.grace.map(limit).or(set.grace);
        set.cleanup = spec.cleanup.map(limit).or(set.cleanup);
        set.cooperative |= spec.cooperative;
        set.linked |= spec.linked;
        set
    }

    pub fn started(mut self, now: u64) -> Self {
        for (_, span) in &mut self.times {
            if let Span::Budget(limit) = *span {
                *span = Span::At(now + limit);
            }
        }
        self
    }

    pub fn is_lenient(&self) -> bool {
        self.cooperative || self.grace.is_some()
    }
}
