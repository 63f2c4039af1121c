//! What the programs allocate: nothing, as long as no fence cancels.

use std::sync::mpsc;

use fence_bench::program::{Program, Side};
use fence_bench::workloads::Suite;

/// A cancellation is recorded, a task is an allocation, and a bind that starts a budget makes a set
/// of its own.
const ALLOWED: [&str; 6] = [
    "cancelled by an event",
    "a task cancelled by a timeout",
    "`spawn` and await, ready at once",
    "request with ten calls",
    "GET under hyper",
    "GET under hyper, otherwise",
];

/// Allocations of one operation, once everything is there that is kept for good.
fn allocations(program: &Program) -> u64 {
    let (sender, receiver) = mpsc::channel();
    program.run(Box::new(move |block| {
        block(10);
        let counted = allocation_counter::measure(|| block(1));
        sender.send(counted.count_total).unwrap();
    }));
    receiver.recv().unwrap()
}

#[test]
fn fences_that_complete_allocate_nothing() {
    let mut workloads = Suite::Tables.workloads();
    workloads.retain(|workload| !ALLOWED.contains(&workload.name));
    assert!(workloads.len() > 10);

    let mut allocating = Vec::new();
    for workload in &workloads {
        for program in workload.programs.iter().filter(|p| p.side == Side::Ours) {
            let count = allocations(program);
            if count > 0 {
                allocating.push(format!("{}, {}: {count}", workload.name, program.name));
            }
        }
    }
    assert!(allocating.is_empty(), "{allocating:#?}");
}

#[test]
fn a_request_allocates_what_its_bind_starts() {
    let workloads = Suite::Tables.workloads();
    let request = workloads.iter().find(|w| w.name == ALLOWED[3]).unwrap();
    let ours = request.programs.iter().find(|p| p.side == Side::Ours);
    assert_eq!(allocations(ours.unwrap()), 2, "the set and its triggers");
}

#[test]
fn cancelling_does_allocate() {
    let workloads = Suite::Tables.workloads();
    let cancelled = workloads.iter().find(|w| w.name == ALLOWED[0]).unwrap();
    assert!(
        allocations(&cancelled.programs[1]) > 0,
        "the counter counts"
    );
}

/// More than the server does by itself: the box of the handler, and what its parts share.
#[test]
fn a_layer_allocates_twice_a_request() {
    let workloads = Suite::Tables.workloads();
    let served = workloads.iter().find(|w| w.name == ALLOWED[4]).unwrap();
    let none = allocations(&served.programs[0]);
    let ours = served.programs.iter().find(|p| p.side == Side::Ours);
    assert_eq!(allocations(ours.unwrap()), none + 2);
}
