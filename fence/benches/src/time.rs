//! How long does each program take, next to the others?
//!
//! All programs run again and again in short blocks, one after the other, so that whatever slows
//! the machine down slows neighbours down alike: the ratios of a round hold where times do not.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::figure::Figure;
use crate::program::Program;
use crate::table::{Measured, Table, Unit};
use crate::workload::Workload;
use crate::workloads::Suite;

const ROUNDS: usize = 201;
const WARM_UP: u32 = 10;
/// Short enough to be seldom interrupted.
const BLOCK: Duration = Duration::from_micros(60);
const LARGEST: f64 = 300.0;

/// The table of all workloads of which the time says anything.
///
/// # Panics
///
/// If a program does not measure anything.
#[must_use]
pub fn table() -> Table {
    let mut workloads = Suite::Tables.workloads();
    workloads.retain(|workload| workload.timed);
    let mut clocks: Vec<_> = workloads
        .iter()
        .flat_map(|w| &w.programs)
        .map(Clock::of)
        .collect();
    // Differences compare rounds of several workloads, so that these take turns as well.
    for _ in 0..ROUNDS {
        let programs = workloads.iter().flat_map(|w| &w.programs);
        for (program, clock) in programs.zip(&mut clocks) {
            clock.rounds.push(nanoseconds(program, clock.operations));
        }
    }
    let mut clocks = clocks.into_iter();
    let mut figure = |_: &Program| clocks.next().map(|clock| Figure::measured(clock.rounds));
    let results = workloads
        .into_iter()
        .filter_map(|workload: Workload| Measured::of(workload, &mut figure))
        .collect();
    Table::new(Unit::Time, results)
}

/// What is known of one program so far.
struct Clock {
    operations: u32,
    rounds: Vec<f64>,
}

impl Clock {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped"
    )]
    fn of(program: &Program) -> Self {
        let block = BLOCK.as_secs_f64() * 1e9;
        let operations = (block / nanoseconds(program, WARM_UP)).clamp(1.0, LARGEST);
        Self {
            operations: operations as u32,
            rounds: Vec::with_capacity(ROUNDS),
        }
    }
}

/// Nanoseconds that one operation takes in a block of so many.
fn nanoseconds(program: &Program, operations: u32) -> f64 {
    let (sender, receiver) = mpsc::channel();
    program.run(Box::new(move |block| {
        block(WARM_UP);
        let start = Instant::now();
        block(operations);
        let _ = sender.send(start.elapsed());
    }));
    let elapsed = receiver.recv().expect("a program measures its operations");
    elapsed.as_secs_f64() * 1e9 / f64::from(operations)
}
