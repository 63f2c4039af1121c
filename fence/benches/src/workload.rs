//! What is compared with what, and how good must it be?

use crate::program::Program;

/// Programs that do the same, and how ours have to compare.
#[derive(Debug)]
pub struct Workload {
    /// What they do.
    pub name: &'static str,
    /// Who does it.
    pub programs: Vec<Program>,
    /// The program that all are compared with.
    pub baseline: &'static str,
    /// What each of ours has to reach.
    pub goals: Vec<Goal>,
    /// Whether ours may execute no locked instruction.
    pub unlocked: bool,
    /// Whether the time it takes says anything.
    pub timed: bool,
}

/// The most that ours may take, as a part of what a peer takes.
#[derive(Clone, Copy, Debug)]
pub struct Goal {
    /// The peer.
    pub of: &'static str,
    /// In instructions.
    pub instructions: f64,
    /// In time.
    pub time: f64,
    /// What the gate holds us to in instructions, as long as the goal is not reached.
    pub held: f64,
}

/// A workload that is worked out from two others with the same programs.
#[derive(Debug)]
pub struct Difference {
    /// What is left: a workload without programs.
    pub workload: Workload,
    /// The larger one.
    pub from: &'static str,
    /// The smaller one.
    pub minus: &'static str,
    /// By how many operations they differ.
    pub over: u32,
}

impl Workload {
    pub(crate) fn new(name: &'static str, baseline: &'static str, programs: Vec<Program>) -> Self {
        Self {
            name,
            programs,
            baseline,
            goals: Vec::new(),
            unlocked: false,
            timed: true,
        }
    }

    pub(crate) fn goal(mut self, of: &'static str, instructions: f64, time: f64) -> Self {
        self.goals.push(Goal {
            of,
            instructions,
            time,
            held: instructions,
        });
        self
    }

    /// The last goal is not reached: what the worst of ours takes today, which may not get worse.
    pub(crate) fn held_at(mut self, instructions: f64) -> Self {
        if let Some(goal) = self.goals.last_mut() {
            goal.held = instructions;
        }
        self
    }

    pub(crate) fn unlocked(self) -> Self {
        let unlocked = true;
        Self { unlocked, ..self }
    }

    pub(crate) fn untimed(self) -> Self {
        let timed = false;
        Self { timed, ..self }
    }
}
