//! How many instructions does each program execute, and how many of them are locked?
//!
//! The whole program runs once more under callgrind, which starts its counters anew whenever
//! `counted_block` is entered and writes them down whenever it is left.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::process::{Command, id};

use crate::figure::Figure;
use crate::table::{Measured, Table, Unit};
use crate::workloads::Suite;

const WARM_UP: u32 = 20;
const OPERATIONS: u32 = 200;

/// What is said if there is no valgrind.
pub const SKIPPED: &str =
    "skipped: valgrind is not installed (apt-get install valgrind); nothing was measured";

/// Whether there is a valgrind to count with.
#[must_use]
pub fn are_countable() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// The table of all workloads.
///
/// # Errors
///
/// If valgrind fails.
pub fn table() -> Result<Table, Box<dyn Error>> {
    Ok(Table::new(Unit::Instructions, count(Suite::Tables)?))
}

/// Counts all programs of a suite.
///
/// # Errors
///
/// If valgrind fails.
pub fn count(suite: Suite) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut figures = figures(&dump(suite)?)?.into_iter();
    let workloads = suite.workloads().into_iter();
    let results = workloads.map(|workload| Measured::of(workload, |_| figures.next()));
    let results: Option<Vec<_>> = results.collect();
    // The last part is about what was executed after the last block.
    match (results, figures.count()) {
        (Some(results), 1) => Ok(results),
        _ => Err("callgrind wrote down something else than each block once".into()),
    }
}

/// What callgrind writes down: a part for each block, in order.
fn dump(suite: Suite) -> Result<String, Box<dyn Error>> {
    let file = std::env::temp_dir().join(format!("fence-bench-{}.callgrind", id()));
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--collect-bus=yes",
            "--combine-dumps=yes",
        ])
        .arg(concat!("--zero-before=", module_path!(), "::counted_block"))
        .arg(concat!("--dump-after=", module_path!(), "::counted_block"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .args(["counted", suite.name()])
        .output()?;
    let dump = fs::read_to_string(&file);
    let _ = fs::remove_file(&file);
    if !output.status.success() {
        let log = String::from_utf8_lossy(&output.stderr);
        return Err(format!("valgrind failed:\n{log}").into());
    }
    Ok(dump?)
}

/// What runs under callgrind: every program once.
pub fn run_counted(suite: Suite) {
    for program in suite.workloads().iter().flat_map(|w| &w.programs) {
        program.run(Box::new(|block| {
            block(WARM_UP);
            counted_block(block);
        }));
    }
}

#[inline(never)]
fn counted_block(block: &mut dyn FnMut(u32)) {
    block(black_box(OPERATIONS));
}

/// The totals of all parts of a dump, for one operation.
fn figures(dump: &str) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut lines = dump.lines();
    let events = lines.find_map(|line| line.strip_prefix("events: "));
    let events: Vec<_> = events.unwrap_or_default().split(' ').collect();
    let column = |name| events.iter().position(|event| *event == name);
    let (Some(executed), Some(locked)) = (column("Ir"), column("Ge")) else {
        return Err(format!("callgrind counted {events:?}").into());
    };
    let totals = lines.filter_map(|line| line.strip_prefix("totals: "));
    totals
        .map(|totals| {
            let counts: Result<Vec<f64>, _> = totals.split(' ').map(str::parse).collect();
            let mut counts = counts?;
            // Zeros at the end are left out.
            counts.resize(events.len(), 0.0);
            let per = |column: usize| counts[column] / f64::from(OPERATIONS);
            Ok(Figure::exact(per(executed), per(locked)))
        })
        .collect()
}
